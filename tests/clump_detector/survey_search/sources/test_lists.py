"""Lists of files: texts and tables, and what is missing of them."""

from __future__ import annotations

import pickle

import pytest
from astropy.table import Table

from clump_detector.core.errors import ConfigError, FileError
from clump_detector.images.cutout import read_cutout
from clump_detector.survey_search.sources.lists import TableList, TextList
from tests.helpers.survey_cutouts import (
    assert_same,
    fluxes,
    header,
    read,
    write_cube,
    write_png,
)


def text(tmp_path, *lines):
    path = tmp_path / "list.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_paths_are_relative_to_the_list_and_comments_are_none(tmp_path):
    (tmp_path / "in").mkdir()
    cube = write_cube(tmp_path / "in" / "a b.fits")
    other = write_png(tmp_path / "ü.png")
    found = TextList(text(tmp_path, "# mine", "", "in/a b.fits", f" {other} "))
    items = list(found)
    assert [i.address for i in items] == [str(cube), str(other)]
    assert [i.name for i in items] == ["a b", "ü"]
    assert found.total == 2
    assert_same(read(items[0], tmp_path / "s"), read_cutout(cube))


def test_a_file_named_twice_is_one_cutout_also_by_another_path(tmp_path):
    write_png(tmp_path / "a.png")
    found = TextList(text(tmp_path, "a.png", "./a.png", "in/../a.png"))
    assert len(list(found)) == found.total == 1
    assert "2 lines" in found.notes[0]


def test_bands_of_one_galaxy_are_one_cutout(tmp_path):
    from astropy.io import fits

    for k, band in enumerate("gr"):
        plane = fits.PrimaryHDU(fluxes()[k], header(bands=band))
        plane.writeto(tmp_path / f"a-{band}.fits")
    (item,) = TextList(text(tmp_path, "a-r.fits", "a-g.fits"))
    assert item.files.bands == ("g", "r")
    assert read(item, tmp_path / "s").bands == ("g", "r")


def test_a_missing_file_is_an_item_that_says_so(tmp_path):
    write_png(tmp_path / "a.png")
    here, gone = TextList(text(tmp_path, "a.png", "gone.png"))
    assert here.stamp()
    for ask in (gone.stamp, lambda: read(gone, tmp_path / "s")):
        with pytest.raises(FileError, match=r"gone\.png.*no such file"):
            ask()


@pytest.mark.parametrize("content", [b"", b"# nothing\n\n", b"\xff\xfe\0x\0", b"a\0b"])
def test_what_is_no_list_is_refused(tmp_path, content):
    path = tmp_path / "list.txt"
    path.write_bytes(content)
    with pytest.raises(FileError, match="list"):
        TextList(path)


def test_addresses_in_a_list_need_their_package_before_anything_runs(tmp_path):
    with pytest.raises(ConfigError, match="pip install s3fs"):
        TextList(text(tmp_path, "s3://bucket/a.png"))


@pytest.mark.parametrize("ending", ["csv", "ecsv", "parquet", "fits", "vot"])
def test_a_table_gives_files_and_what_it_knows_of_the_galaxies(tmp_path, ending):
    write_png(tmp_path / "a.png")
    table = Table(
        {
            "filename": ["a.png", "gone.png"],
            "name": ["NGC 1", "NGC 2"],
            "ra": [150.1, 1.0],
            "dec": [2.2, 1.0],
            "pixscale": [0.3, 0.3],
            "psf_fwhm": [1.5, 1.5],
            "redshift": [0.03, 0.1],
        }
    )
    path = tmp_path / f"t.{ending}"
    table.write(path, **({"format": "votable"} if ending == "vot" else {}))
    first, gone = pickle.loads(pickle.dumps(list(TableList(path))))
    assert (first.name, first.address) == ("NGC 1", str(tmp_path / "a.png"))
    cutout = read(first, tmp_path / "s")
    assert cutout.scale == pytest.approx(0.3)
    assert cutout.fwhm == pytest.approx(5)
    assert cutout.galaxy.redshift == 0.03
    assert cutout.galaxy.ra == 150.1
    assert cutout.wcs is not None
    with pytest.raises(FileError, match=r"gone\.png"):
        gone.source(tmp_path / "s2")


def test_a_table_of_nothing_but_files_leaves_them_as_they_are(tmp_path):
    cube = write_cube(tmp_path / "a.fits")
    path = tmp_path / "t.csv"
    path.write_text("path\na.fits\na.fits\n")
    (item,) = TableList(path)
    assert item.source(tmp_path / "s").files == (cube,)


def test_a_table_without_files_says_what_to_do(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("ra,dec\n1,2\n")
    with pytest.raises(FileError, match=r"--column file=NAME.*--fetch"):
        TableList(path)
    path.write_text("picture,ra\na.png,2\n")
    assert TableList(path, None, {"file": "picture"}).total == 1
