"""Which kind of source a name stands for."""

from __future__ import annotations

import tarfile

import h5py
import numpy as np
import pytest
import zarr

from clump_detector.core.errors import ClumpError, ConfigError
from clump_detector.galaxies.surveys.request import DownloadRequest
from clump_detector.survey_search.sources.choice import (
    Several,
    SourceChoice,
    source_of,
)
from clump_detector.survey_search.sources.folders import Folders
from clump_detector.survey_search.sources.lists import TableList, TextList
from clump_detector.survey_search.sources.mosaics import Mosaics
from clump_detector.survey_search.sources.positions import Positions
from clump_detector.survey_search.sources.remote import Remote
from clump_detector.survey_search.sources.shards import Shards
from clump_detector.survey_search.sources.stacks import Stacks
from tests.helpers.survey_cutouts import (
    fluxes,
    picture,
    write_cube,
    write_png,
    write_tar,
)


@pytest.fixture
def there(tmp_path):
    """A folder with one of each kind."""
    folder = tmp_path / "there"
    (folder / "images").mkdir(parents=True)
    png = write_png(folder / "images" / "a.png")
    write_cube(folder / "images" / "b.fits")
    for k in (8, 9, 10):
        members = [(f"k{k}.png", png.read_bytes())]
        write_tar(folder / f"s-{k:03}.tar", members)
    with h5py.File(folder / "s.h5", "w") as file:
        file["images"] = picture()[None]
        file["more"] = picture()[None]
    zarr.create_array(folder / "z", data=fluxes()[None], chunks=(1, 3, 64, 72))
    (folder / "l.txt").write_text("images/a.png\nimages/b.fits\n")
    (folder / "t.csv").write_text("file\nimages/b.fits\n")
    (folder / "g.csv").write_text("name,ra,dec\nx,150.1,2.2\n")
    return folder


@pytest.mark.parametrize(("name", "kind", "n"), [
    ("images", Folders, 2), ("images/a.png", Folders, 1), ("images/*.png", Folders, 1),
    ("images/{a.png,b.fits}", Folders, 2), ("s-008.tar", Shards, 1),
    ("s-{008..010}.tar", Shards, 3), ("s-*.tar", Shards, 3), ("z", Stacks, 1),
    ("s.h5::images", Stacks, 1), ("l.txt", TextList, 2), ("t.csv", TableList, 1),
])  # fmt: skip
def test_a_name_is_read_as_what_it_is(there, name, kind, n):
    found = source_of([f"{there}/{name}"], there / "set")
    assert isinstance(found, kind)
    assert found.total == n == len(list(found))
    addresses = [i.address for i in found]
    assert all(address.startswith(str(there)) for address in addresses)
    again = source_of([f"{there}/{name}"], there / "set")
    assert [i.address for i in again] == addresses
    (first, *_) = source_of([f"{there}/{name}"], there)
    assert first.address == addresses[0].removeprefix(f"{there}/")


def test_kinds_follow_another_and_an_address_comes_once(there):
    names = ["s-008.tar", "l.txt", "images", "s-009.tar", "t.csv", "z"]
    found = source_of([f"{there}/{name}" for name in names], there / "set")
    assert isinstance(found, Several)
    items = list(found)
    names = [i.address.removeprefix(f"{there}/") for i in items]
    assert names == [
        "images/a.png", "images/b.fits", "s-008.tar::k8", "s-009.tar::k9", "z::[0]",
    ]  # fmt: skip
    assert found.total == 8  # at most
    assert [i.address for i in found] == [i.address for i in items]


def test_addresses_are_remote(there):
    found = source_of([(there / "images").as_uri()], there / "set")
    assert isinstance(found, Remote)
    assert found.total == 2
    (item,) = source_of([f"tar://*.png::{there}/s-008.tar"], there / "set")
    assert item.address == f"tar://k8.png::{there}/s-008.tar"
    assert item.stamp()
    (there / "in").mkdir()
    assert item.source(there / "in").path.name == "k8.png"


def test_positions_and_downloads(there):
    choice = SourceChoice(there / "g.csv", 10.0)
    found = source_of([f"{there}/images/b.fits"], there / "set", choice)
    assert isinstance(found, Mosaics)
    assert found.total == 1
    choice = SourceChoice(fetch=DownloadRequest("sdss", size=30.0))
    found = source_of([f"{there}/g.csv"], there / "set", choice)
    assert isinstance(found, Positions)
    assert found.total == 1


def test_paths_are_absolute_whatever_the_folder_that_a_worker_is_in(there, monkeypatch):
    monkeypatch.chdir(there)
    names = ["images", "s-008.tar", "z", "l.txt", "t.csv"]
    for item in source_of(names, there / "set"):
        assert item.address.startswith(str(there))
        paths = getattr(item, "files", None)
        for path in paths.files if paths else ():
            assert path.is_absolute()


@pytest.mark.parametrize(("name", "words"), [
    ("gone", "no such file"), ("gone.tar", "no such file"), ("gone.csv", "no such"),
    ("gone.h5", "no such file"), ("gone.h5::images", "no such file"),
    ("gone-*.tar", "no file has such a name"), ("paper.pdf", "Give images, folders"),
    ("x.zip", "zip::"), ("g.csv", "--fetch"), ("s.h5", "ambiguous"),
    ("x.tar.gz", "compressed"), ("empty.tar", "no image"),
])  # fmt: skip
def test_what_is_not_understood_is_refused_with_a_remedy(there, name, words):
    (there / "paper.pdf").write_bytes(b"%PDF")
    (there / "x.zip").write_bytes(b"PK")
    with tarfile.open(there / "x.tar.gz", "w:gz"):
        pass
    write_tar(there / "empty.tar", [])
    with pytest.raises(ClumpError) as error:
        source_of([f"{there}/{name}"], there / "set")
    assert words in error.value.message
    assert error.value.remedy


def test_choices_that_do_not_fit_are_refused(there):
    request = DownloadRequest("sdss", size=30.0)
    image, galaxies = f"{there}/images/b.fits", there / "g.csv"
    for choice, words in (
        (SourceChoice(galaxies), "--mosaic-size go together"),
        (SourceChoice(None, 10.0), "--mosaic-size go together"),
        (SourceChoice(galaxies, 10.0, request), "--fetch for a service"),
    ):
        with pytest.raises(ConfigError, match=words):
            source_of([image], there / "set", choice)
    with pytest.raises(ConfigError, match="is an address"):
        source_of(["file:///a.fits"], there, SourceChoice(galaxies, 10.0))
    with pytest.raises(ConfigError, match="archives at addresses"):
        source_of(["https://host/s-000.tar"], there)


def test_a_stack_is_one_of_numbers(there):
    (item,) = source_of([f"{there}/s.h5::more"], there / "set")
    assert item.address.endswith("s.h5::more[0]")
    (there / "in").mkdir()
    path = item.source(there / "in").path
    assert np.isfinite(path.stat().st_size)
