"""What the verb ``survey`` makes of the names and options of its sources."""

from __future__ import annotations

import pytest

from clump_detector.survey_search.run import Ended
from clump_detector.survey_search.sources.choice import Several
from clump_detector.survey_search.sources.mosaics import Mosaics
from clump_detector.survey_search.sources.positions import Positions
from napari_clumps.cli import survey
from tests.helpers.survey_cutouts import DEC, RA, write_cube, write_png, write_tar

COLUMNS = ("--column", "ra=alpha0", "--column", "dec=delta0")


@pytest.fixture
def asked(monkeypatch):
    """The sources that would have been searched."""
    found = []

    def searched(cutouts, *_):
        found.append(cutouts)
        return Ended({}, 0, 0, 0, 0.0, False)

    monkeypatch.setattr(survey, "_searched", searched)
    return found


@pytest.fixture
def galaxies(tmp_path):
    path = tmp_path / "g.csv"
    path.write_text(f"name,alpha0,delta0,radius\nx,{RA},{DEC},3\nno,,2,3\n")
    return path


def test_sources_of_several_kinds_in_one_line(run, asked, tmp_path):
    png = write_png(tmp_path / "a.png")
    write_tar(tmp_path / "s-007.tar", [("k.png", png.read_bytes()), ("x.cls", b"1")])
    names = [png, f"{tmp_path}/s-{{007..007}}.tar", png.as_uri()]
    code, _, said = run("survey", *names, "--out", tmp_path / "set")
    assert code == 0
    (found,) = asked
    assert isinstance(found, Several)
    assert [item.name for item in found] == ["a", "k", "a"]
    assert "samples without an image (1)" in said


def test_a_list_is_downloaded_with_its_choices(run, asked, galaxies, tmp_path):
    code, _, said = run(
        "survey", galaxies, "--out", tmp_path / "set", "--fetch", "legacy",
        "--fetch-bands", "gr", "--fetch-size", 20, "--fetch-pixels", 64,
        *COLUMNS,
    )  # fmt: skip
    assert code == 0
    (found,) = asked
    assert isinstance(found, Positions)
    choices, (wanted,) = found._plan.choices, found._plan.wanted
    assert (choices.survey.key, choices.bands, choices.picture) == (
        "legacy", ("g", "r"), "",
    )  # fmt: skip
    assert (wanted.size, wanted.pixels) == (20, 64)
    assert "Row 2 (no) has no readable position" in said
    run("survey", galaxies, "--out", tmp_path / "set", "--fetch", "dss2",
        "--fetch-picture", *COLUMNS)  # fmt: skip
    assert asked[1]._plan.choices.picture == "jpg"


def test_mosaics_are_cut_at_positions(run, asked, galaxies, tmp_path):
    mosaic = write_cube(tmp_path / "m.fits")
    code, _, _ = run(
        "survey", mosaic, "--out", tmp_path / "set", "--positions", galaxies,
        "--mosaic-size", 12.5, *COLUMNS,
    )  # fmt: skip
    assert code == 0
    (found,) = asked
    assert isinstance(found, Mosaics)
    assert [(item.name, item.size) for item in found] == [("x", 12.5)]


@pytest.mark.parametrize(("options", "words"), [
    (["--fetch-size", "20"], "--fetch SURVEY"),
    (["--mosaic-size", "20"], "go together"),
    (["--fetch", "nowhere"], "no survey"),
    (["--column", "ra"], "names no column"),
    ([], "no column of this table names files"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(run, asked, galaxies, tmp_path, options, words):
    code, _, said = run("survey", galaxies, "--out", tmp_path / "set", *options)
    assert code == 2
    assert words in " ".join(said.split())
    assert not asked
    assert not (tmp_path / "set").exists()
