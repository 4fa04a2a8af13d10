"""`napari-clumps import LIST --out FOLDER`, with a server on loopback."""

from __future__ import annotations

import astroquery.hips2fits  # noqa: F401 - takes seconds, which no test is to pay
import pytest
from astropy.io import fits
from astropy.table import Table

from clump_detector.galaxies.surveys import Services
from napari_clumps.jobs import download
from tests.helpers.survey_server import serving

LIST = "MYNAME,MYRA,MYDEC,r_eff\nNGC 1,10:00:24.0,2.2,3\nNGC 2,10:00:24.0,2.3,4\n"
COLUMNS = ("--column", "ra=MYRA", "--column", "dec=MYDEC", "--column", "name=MYNAME")


@pytest.fixture
def server(monkeypatch, tmp_path):
    def quick():
        return Services(pace=0, patience=0.01, attempts=3)

    monkeypatch.setattr(download, "Services", quick)
    with serving(monkeypatch, tmp_path / "cache") as server:
        server.stars = [(150.1, 2.2, 100.0), (150.1, 2.3, 50.0)]
        yield server


@pytest.fixture
def galaxy_list(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(LIST)
    return path


def test_a_list_becomes_a_folder_of_cutouts(run, server, galaxy_list, tmp_path):
    out = tmp_path / "out"
    code, said, err = run(
        "import", galaxy_list, "--out", out, *COLUMNS, "--radii", 10, "--bands", "ugriz"
    )
    assert (code, err.count("napari-clumps:")) == (0, 0)
    assert "2 galaxies." in said
    assert "Right ascension: MYRA." in said
    assert f"{out}: 2 cutouts downloaded." in said
    with fits.open(out / "NGC_1.fits") as hdus:
        assert [h.name for h in hdus[1:]] == ["U", "G", "R", "I", "Z"]
        assert hdus[1].shape == (76, 76)  # 10 times 3 arcsec of 0.396
    assert list(Table.read(out / "galaxies.ecsv")["name"]) == ["NGC 1", "NGC 2"]
    code, said, _ = run(
        "import", galaxy_list, "--out", out, *COLUMNS, "--radii", 10, "--bands", "ugriz"
    )
    assert "0 cutouts downloaded, 2 existed already." in said


@pytest.mark.parametrize(("flags", "ending"), [
    (("--picture",), "jpg"), (("--png", "--pixels", "80"), "png"),
])  # fmt: skip
def test_pictures(run, server, galaxy_list, tmp_path, flags, ending):
    out = tmp_path / "out"
    size = ("--size", "40", "--survey", "legacy")
    code, _, _ = run("import", galaxy_list, "--out", out, *COLUMNS, *size, *flags)
    assert code == 0
    assert sorted(p.name for p in out.glob("NGC*")) == [
        f"NGC_1.{ending}", f"NGC_2.{ending}",
    ]  # fmt: skip
    _, asked = server.asked[0]
    assert asked["hips"] == "CDS/P/DESI-Legacy-Surveys/DR10/color"
    assert asked["format"] == ending


def test_what_goes_wrong_is_a_line_each_and_exit_code_2(
    run, server, galaxy_list, tmp_path
):
    galaxy_list.write_text(LIST + "NGC 3,,2.4,3\nNGC 4,10:00:24.0,2.5,\n")
    server.script.append("404")
    code, said, err = run("import", galaxy_list, "--out", tmp_path / "out", *COLUMNS)
    assert code == 2
    lines = [line for line in err.splitlines() if line.startswith("napari-clumps:")]
    assert len(lines) == 3
    assert "NGC 3" in lines[0]
    assert "no readable position" in lines[0]
    assert "NGC 4: its radius is not known" in lines[1]
    assert "NGC 1: hips2fits refuses" in lines[2]
    assert "1 cutout downloaded, 1 failed." in said


@pytest.mark.parametrize(("words", "what"), [
    ((), "either --into REVIEW or --out FOLDER"),
    (("--out", "OUT"), "no column of right ascension"),
    (("--out", "OUT", "--column", "ra=NOPE"), "no column 'NOPE'"),
    (("--out", "OUT", "--column", "nope=MYRA"), "a list of galaxies has no 'nope'"),
    (("--out", "OUT", *COLUMNS, "--survey", "nowhere"), "no survey 'nowhere'"),
    (("--out", "OUT", *COLUMNS, "--bands", "gy"), "no band y"),
    (("--out", "OUT", *COLUMNS, "--survey", "dss2"), "colour pictures only"),
    (("--out", "OUT", *COLUMNS, "--size", "-3"), "-3 arcsec"),
    (("--out", "OUT", "--into", "a.clumps"), "either --into REVIEW or --out FOLDER"),
])  # fmt: skip
def test_bad_input_is_one_line(run, galaxy_list, tmp_path, words, what):
    out = str(tmp_path / "out")
    words = [out if word == "OUT" else word for word in words]
    code, _, err = run("import", galaxy_list, *words)
    assert code == 2
    assert len(err.splitlines()) == 1
    assert what in err
    assert not (tmp_path / "out").exists()


def test_offline_is_one_line_that_says_what_to_do(run, server, galaxy_list, tmp_path):
    server.close()
    code, _, err = run("import", galaxy_list, "--out", tmp_path / "out", *COLUMNS)
    lines = [line for line in err.splitlines() if line.startswith("napari-clumps:")]
    assert code == 2
    assert len(lines) == 1
    assert "cannot be reached" in lines[0]
    assert "Check the network" in lines[0]


def test_help_tells_of_every_option(run):
    code, said, _ = run("import", "--help")
    assert code == 0
    for option in ("--out", "--survey", "--bands", "--size", "--radii", "--pixels",
                   "--scale", "--picture", "--png", "--column"):  # fmt: skip
        assert option in said
