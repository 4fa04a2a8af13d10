"""Samples of tar archives: what is one, what is left out, what is cut off."""

from __future__ import annotations

import json
import pickle
import tarfile

import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from clump_detector.core.errors import ClumpError, FileError, ImageError
from clump_detector.images.cutout import read_cutout
from clump_detector.survey_search.sources.scratch import FailedItem
from clump_detector.survey_search.sources.shards import ShardItem, Shards
from tests.helpers.survey_cutouts import (
    assert_same,
    fluxes,
    header,
    read,
    write_cube,
    write_png,
    write_tar,
)


@pytest.fixture
def cube(tmp_path):
    return write_cube(tmp_path / "a.fits")


@pytest.fixture
def png(tmp_path):
    return write_png(tmp_path / "b.png")


def test_a_sample_gives_what_its_file_gives(tmp_path, cube, png):
    shard = write_tar(
        tmp_path / "s.tar",
        [("in/a.fits", cube.read_bytes()), ("b.png", png.read_bytes())],
    )
    found = Shards([shard])
    first, second = pickle.loads(pickle.dumps(list(found)))
    assert [i.address for i in (first, second)] == [f"{shard}::in/a", f"{shard}::b"]
    assert (first.name, second.name) == ("a", "b")
    assert_same(read(first, tmp_path / "1"), read_cutout(cube))
    assert_same(read(second, tmp_path / "2"), read_cutout(png))
    assert found.total == 2
    assert list(found.notes) == []
    before = first.stamp()
    write_tar(shard, [("a.fits", b"other")])
    assert first.stamp() != before


def test_bands_of_a_key_are_one_cutout_in_any_order(tmp_path):
    members = []
    for band in (2, 0, 1):
        path = tmp_path / f"{band}.fits"
        fits.PrimaryHDU(fluxes()[band], header(bands="grz"[band])).writeto(path)
        members.append((f"gal.{'grz'[band]}.fits", path.read_bytes()))
    members.insert(1, ("gal.mask.fits", b"none of the image's"))
    (item,) = Shards([write_tar(tmp_path / "s.tar", members)])
    cutout = read(item, tmp_path / "1")
    assert cutout.bands == ("g", "r", "z")
    assert (cutout.pixels == fluxes()).all()


def test_names_of_bands_in_a_key_count_as_in_a_file(tmp_path):
    path = tmp_path / "x_grz.fits"
    fits.PrimaryHDU(fluxes()).writeto(path)
    shard = write_tar(tmp_path / "s.tar", [("x_grz.fits", path.read_bytes())])
    (item,) = Shards([shard])
    assert read(item, tmp_path / "1").bands == read_cutout(path).bands == tuple("grz")


def test_the_json_tells_of_the_galaxy(tmp_path, png):
    about = {
        "name": "NGC 1", "ra": 150.1, "dec": 2.2, "pixel_scale": 0.3,
        "psf_fwhm": {"r": 1.5, "g": 1.8}, "redshift": 0.03, "else": [1, {}],
    }  # fmt: skip
    members = [("b.json", json.dumps(about).encode()), ("b.png", png.read_bytes())]
    (item,) = Shards([write_tar(tmp_path / "s.tar", members)])
    cutout = read(item, tmp_path / "1")
    galaxy = cutout.galaxy
    assert (galaxy.ra, galaxy.dec, galaxy.redshift) == (150.1, 2.2, 0.03)
    assert galaxy.psf == {"r": 1.5, "g": 1.8}
    assert galaxy.name == "NGC 1"
    assert cutout.scale == pytest.approx(0.3)
    assert cutout.fwhm == pytest.approx(5)


@pytest.mark.parametrize("about", [b"{", b"[1]", b'{"ra": "east"}', b'{"ra": true}'])
def test_json_that_is_none_is_a_problem_of_its_cutout(tmp_path, png, about):
    members = [("b.json", about), ("b.png", png.read_bytes())]
    (item,) = Shards([write_tar(tmp_path / "s.tar", members)])
    with pytest.raises(ImageError, match="JSON"):
        read(item, tmp_path / "1")


def link(name, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "/etc/hostname"
    return info


def test_links_devices_and_strays_are_left_out_and_said(tmp_path, png):
    content = png.read_bytes()
    members = [
        (".DS_Store", b"x"), ("README", b"x"), ("__MACOSX/b.png", content),
        ("k.cls", b"3"), ("b.png", b"old"), ("b.png", content), ("b.jpg", b"other"),
        ("empty.png", b""),
    ]  # fmt: skip
    others = [link("l.png"), link("d.png", tarfile.CHRTYPE), link("h", tarfile.LNKTYPE)]
    found = Shards([write_tar(tmp_path / "s.tar", members, others=others)])
    (item,) = found
    assert_same(read(item, tmp_path / "1"), read_cutout(png))
    (note,) = found.notes
    for words in (
        "links, devices or sparse files (3)", "without a key and a suffix (3)",
        "samples without an image (2)", "come again, but for the last one (1)",
        "further images of a sample (1)",
    ):  # fmt: skip
        assert words in note


def test_no_member_is_written_outside_of_the_scratch_folder(tmp_path, png):
    content = png.read_bytes()
    names = ["../../up.png", "/tmp/abs.png", "a/../b.png", "c\\..\\d.png", "-.png"]
    shard = write_tar(tmp_path / "s.tar", [(name, content) for name in names])
    items = list(Shards([shard]))
    assert len(items) == len(names)
    for number, item in enumerate(items):
        scratch = tmp_path / f"deep-{number}" / "scratch"
        scratch.mkdir(parents=True)
        (path,) = item.source(scratch).files
        assert path.resolve().parent == scratch.resolve() / "cutout"
        assert {p.name for p in scratch.parent.iterdir()} == {"scratch"}


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_compressed_archives_are_refused(tmp_path, cube, mode):
    path = tmp_path / "s.tar.gz"
    with tarfile.open(path, mode) as archive:
        archive.add(cube, "a.fits")
    with pytest.raises(FileError, match=r"compressed.*plain \.tar"):
        Shards([path])


def test_empty_archives_and_what_is_none_are_refused(tmp_path):
    empty = write_tar(tmp_path / "e.tar", [])
    with pytest.raises(ImageError, match=r"e\.tar: there is no image"):
        Shards([empty])
    none = tmp_path / "n.tar"
    none.write_bytes(b"")
    with pytest.raises(FileError, match="empty file"):
        Shards([none])
    none.write_bytes(b"no archive" * 200)
    with pytest.raises(FileError, match="damaged after 0 samples"):
        Shards([none])
    with pytest.raises(FileError, match="no such file"):
        Shards([tmp_path / "gone.tar"])


def test_an_archive_that_is_cut_off_keeps_its_samples_and_becomes_a_problem(
    tmp_path, png
):
    content = png.read_bytes()
    whole = write_tar(
        tmp_path / "s.tar", [(f"{k}.png", content) for k in "abc"]
    ).read_bytes()
    size = 512 + -(-len(content) // 512) * 512
    cut = tmp_path / "cut.tar"
    other = write_tar(tmp_path / "t.tar", [("z.png", content)])
    for length, known in ((2 * size + 700, 3), (2 * size + 100, 2), (2 * size, 2)):
        cut.write_bytes(whole[:length])
        *items, problem, last = Shards([cut, other])
        assert [i.name for i in items] == list("abc")[:known]
        assert last.name == "z"
        assert isinstance(problem, FailedItem)
        assert problem.address == str(cut)
        assert problem.stamp()
        with pytest.raises(FileError, match=f"after {known} samples"):
            problem.source(tmp_path)
        assert_same(read(items[0], tmp_path / f"1-{length}"), read_cutout(png))
        if known == 3:  # the last one has its header, and not all of its bytes
            with pytest.raises(FileError, match="cut off"):
                read(items[2], tmp_path / f"2-{length}")


KEYS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=("Cs",)),
    min_size=1, max_size=30,
)  # fmt: skip


@given(st.lists(st.tuples(KEYS, st.sampled_from(["png", "g.fits", "json", "", "x"]))))
def test_any_names_of_members_give_unique_addresses(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("keys")
    members = [(f"{key}.{ending}", b"x") for key, ending in names]
    try:
        items = list(Shards([write_tar(folder / "s.tar", members)]))
    except ClumpError:
        return
    addresses = [item.address for item in items]
    assert len(set(addresses)) == len(addresses)
    for number, item in enumerate(items):
        assert isinstance(item, ShardItem)
        scratch = folder / str(number)
        scratch.mkdir()
        try:
            source = item.source(scratch)
        except ImageError:  # its JSON is x
            continue
        assert all(path.parent == scratch / "cutout" for path in source.files)
