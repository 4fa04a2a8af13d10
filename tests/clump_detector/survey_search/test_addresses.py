"""From an address back to the files of a cutout."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest

from clump_detector.core.errors import ClumpError
from clump_detector.image_files.sources import Source, find_sources
from clump_detector.survey_search.addresses import files_of, item_for
from clump_detector.survey_search.sources.folders import Folders

NAMES = (
    "a-g.fits", "a-r.fits", "a-r-weight.fits", "b.fits", "c_i.fits", "d.png",
    "d-g.fits",
)  # fmt: skip


@pytest.mark.parametrize("inside", [True, False])
def test_every_address_of_a_folder_leads_back_to_the_same_files(tmp_path, inside):
    dataset = tmp_path / "ds"
    folder = dataset / "cutouts" if inside else tmp_path / "elsewhere"
    folder.mkdir(parents=True)
    for name in NAMES:
        (folder / name).write_bytes(b"x")
    items = list(Folders([folder], dataset))
    assert any(len(item.files.files) == 2 for item in items)
    for item in items:
        again = item_for(item.address, dataset)
        assert again.address == item.address
        assert again.files == item.files
        assert again.stamp() == item.stamp()
        assert files_of(again, dataset) == item.files


def test_a_band_that_came_later_is_found(tmp_path):
    (tmp_path / "a-g.fits").write_bytes(b"x")
    assert len(item_for("a-g.fits", tmp_path).files.files) == 1
    (tmp_path / "a-r.fits").write_bytes(b"x")
    os.utime(tmp_path, (1, 1))
    assert item_for("a-g.fits", tmp_path).files == find_sources([tmp_path])[0]


@pytest.mark.parametrize("address", ["notes.xyz::0001", "stack.npy[3]", ""])
def test_an_address_of_another_kind_is_an_error(tmp_path, address):
    with pytest.raises(ClumpError, match="not that of an image file"):
        item_for(address, tmp_path)


def test_files_that_are_gone_are_an_error(tmp_path):
    with pytest.raises(ClumpError, match="no such file"):
        files_of(item_for("gone.png", tmp_path), tmp_path)


@dataclass(frozen=True)
class Made:
    """A cutout whose file has to be made."""

    address: str
    content: bytes = b"x"
    name: str = "m"

    def stamp(self):
        return str(len(self.content))

    def source(self, scratch):
        if not self.content:
            raise ClumpError("it is not there")
        (scratch / "m.png").write_bytes(self.content)
        return Source("m", (scratch / "m.png",), ("g",), "uJy")


def test_files_that_have_to_be_made_are_kept_in_the_dataset(tmp_path):
    first = files_of(Made("shard::1"), tmp_path)
    assert first.path.is_relative_to(tmp_path / "images")
    assert (first.name, first.bands, first.unit) == ("m", ("g",), "uJy")
    first.path.write_bytes(b"kept")
    assert files_of(Made("shard::1"), tmp_path) == first
    assert first.path.read_bytes() == b"kept"
    other = files_of(Made("shard::1", b"longer"), tmp_path)  # it has changed there
    assert other.path.read_bytes() == b"longer"
    with pytest.raises(ClumpError, match="not there"):
        files_of(Made("shard::2", b""), tmp_path)
    assert len(list((tmp_path / "images").iterdir())) == 2
