"""A review's clumps as a measured catalogue, by the function and the command line."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image

from clump_detector.catalogue import read_catalogue
from clump_detector.core.errors import Cancelled, FileError, LabelError
from clump_detector.evaluation.catalogues.tiers import figures_by_tier
from clump_detector.image_files.sources import find_sources
from clump_detector.images.artefacts.kinds import Artefact
from clump_detector.photometry import Quality, moffat
from clump_detector.photometry.objects.chances import OBJECTS
from napari_clumps.io.catalogue import export_catalogue, tier_of_boxes
from napari_clumps.review import Box, Opinion, Proposal, Review, Status

FWHM, SIDE = 4.0, 121
CLUMPS = ((70.0, 52.0), (45.0, 64.0), (105.0, 15.0))


def box(x, y, half=1.25 * FWHM):
    return (x - half, y - half, x + half, y + half)


def write_galaxy(path, unit="nanomaggy"):
    from astropy.io import fits

    rows, columns = np.indices((SIDE, SIDE))
    plane = 2 * np.exp(-np.hypot(columns - 60, rows - 60) / 8)
    for x, y in CLUMPS:
        plane = plane + 60 * moffat(FWHM).at(np.hypot(columns - x, rows - y))
    planes = plane + np.random.default_rng(0).normal(0, 0.02, (3, SIDE, SIDE))
    header = fits.Header(
        {
            "BANDS": "ugr", "PSFFWHM": FWHM * 0.4, "CTYPE1": "RA---TAN",
            "CTYPE2": "DEC--TAN", "CRVAL1": 30.0, "CRVAL2": 5.0, "CRPIX1": 61.0,
            "CRPIX2": 61.0, "CDELT1": -0.4 / 3600, "CDELT2": 0.4 / 3600,
        }
    )  # fmt: skip
    if unit:
        header["BUNIT"] = unit
    fits.writeto(path, planes.astype(np.float32), header)


@pytest.fixture
def review(tmp_path):
    """A review of a calibrated, a relative and a broken FITS file, and a picture."""
    folder = tmp_path / "sky"
    folder.mkdir()
    write_galaxy(folder / "a.fits")
    write_galaxy(folder / "b.fits", unit="")
    grey = np.random.default_rng(0).integers(0, 99, (SIDE, SIDE, 3), dtype=np.uint8)
    Image.fromarray(grey).save(folder / "c.png")
    (folder / "d.fits").write_bytes(b"SIMPLE  = nothing")
    with Review.create(
        folder / "sky.clumps", find_sources([folder]), annotator="Ada"
    ) as made:
        size = (SIDE, SIDE)
        proposals = [
            Proposal(*box(*place), "clump", 0.9 - 0.2 * k)
            for k, place in enumerate(CLUMPS)
        ]
        made.propose(1, proposals, "m", size=size)
        made.accept(made.boxes(1)[0].id)
        made.add(2, box(*CLUMPS[1]), "odd clump")
        made.add(3, box(40, 40), "clump")
        yield made


def test_kept_boxes_of_all_cutouts_are_measured(review, tmp_path):
    said = export_catalogue(review, tmp_path / "c.ecsv")
    table = read_catalogue(tmp_path / "c.ecsv")
    assert len(table) == 3
    assert "3 boxes on 3 cutouts" in said
    assert "1 cutout is a picture" in said
    assert "The fluxes of 1 cutout are relative" in said
    assert table["status"].tolist() == ["accepted", "drawn", "drawn"]
    assert table["tier"].tolist() == ["visually_confirmed"] * 3
    assert "By tier" not in said
    assert table["clump_label_id"].tolist() == [1, 2, 1]
    assert table["clump_score"].tolist() == [0.9, None, None]
    assert table["annotator"].tolist() == ["Ada"] * 3
    assert table["file"].tolist() == ["a.fits", "b.fits", "c.png"]
    assert table["galaxy_name"].tolist() == ["a", "b", "c"]
    assert len(set(table["clump_id"])) == 3
    assert table["clump_flux_u"][0] == pytest.approx(60 * 3.631e-6, rel=0.06)
    assert table["clump_flux_u"].mask.tolist() == [False, True, True]
    assert table["clump_counts_u"].mask.tolist() == [True, False, True]
    flags = table["clump_flags"]
    assert (flags & int(Quality.RELATIVE) > 0).tolist() == [False, True, False]
    assert (flags & int(Quality.PICTURE) > 0).tolist() == [False, False, True]
    assert table["clump_centre_ra"][0] == pytest.approx(30 - 10 * 0.4 / 3600, abs=1e-4)
    assert table.meta["review"] == "sky.clumps"
    assert table.meta["review_id"] == review.id


@pytest.mark.parametrize("ending", [".vot", ".ecsv", ".fits", ".parquet", ".csv"])
def test_flags_and_remarks_stand_in_every_row_of_their_galaxy(review, tmp_path, ending):
    import io

    from astropy.io.votable import validate

    remark = 'tail to the "North", <5 kpc>;\n at z = 0.03'
    review.flag(1, ["merger", "unsure"], remark)
    review.flag(2, [], "faint")
    path = tmp_path / f"c{ending}"
    export_catalogue(review, path)
    table = read_catalogue(path)
    assert table["galaxy_flags"].tolist() == ["merger; unsure", None, None]
    one_line = 'tail to the "North", <5 kpc>; at z = 0.03'
    assert table["galaxy_remark"].tolist() == [one_line, "faint", None]
    if ending == ".vot":
        report = io.StringIO()
        assert validate(path, output=report), report.getvalue()


@pytest.mark.parametrize("ending", [".ecsv", ".fits", ".vot"])
def test_artefacts_stand_in_columns_until_they_are_refused(review, tmp_path, ending):
    x, y = CLUMPS[0]
    trail = Artefact("trail", "a bright line", (x - 9, y - 1, x + 9, y + 1))
    star = Artefact("saturated_star", "a star with spikes", (0.0, 0.0, 9.0, 9.0))
    review.note_artefacts(1, [trail, star])
    review.note_artefacts(2, [trail])
    review.judge_artefact(2, "trail", False)
    path = tmp_path / f"c{ending}"
    assert "Artefacts on 1 cutout" in export_catalogue(review, path)
    table = read_catalogue(path)
    assert table["flag_auto_trail"].tolist() == [True, False, False]
    assert table["flag_auto_saturated_star"].tolist() == [True, False, False]
    assert table["flag_auto_on_box"].tolist() == ["trail", None, None]


def test_what_the_boxes_look_like_stands_in_columns(tmp_path):
    """A blank part of the sky is no clump; where there is no box, nothing is said."""
    noise = np.random.default_rng(0).normal(12, 3, (160, 160, 3))
    y, x = np.mgrid[:160, :160]
    noise += 120 * np.exp(-((x - 80) ** 2 + (y - 80) ** 2) / 500)[..., None]
    star = 900 * np.exp(-((x - 130) ** 2 + (y - 40) ** 2) / 9)[..., None]
    Image.fromarray(np.clip(noise + star, 0, 255).astype(np.uint8)).save(
        tmp_path / "g.png"
    )
    with Review.create(
        tmp_path / "s.clumps", find_sources([tmp_path / "g.png"])
    ) as one:
        one.add(1, box(130, 40), "clump")
        one.add(1, box(20, 140), "clump")
        said = export_catalogue(one, tmp_path / "c.ecsv")
    table = read_catalogue(tmp_path / "c.ecsv")
    assert table["clump_looks_like"].tolist() == ["star", "artefact"]
    assert table.meta["tiers"] == {
        "visually_confirmed": {
            "clumps": 2, "look_like_clumps": 0, "look_like_nothing_known": 0,
            "without_doubt": 0,
        }
    }  # fmt: skip
    star, noise = table["clump_doubts"]
    assert "looks like star" in star
    assert "looks like artefact" in noise
    assert "does not stand out" in noise
    assert "1 clump more like a star, 1 clump more like an artefact or noise" in said
    total = sum(table[f"clump_chance_{name}"] for name in OBJECTS)
    np.testing.assert_allclose(total, 1, atol=1e-5)


def test_how_far_a_star_and_another_galaxy_are_stands_in_columns(tmp_path):
    rows, columns = np.mgrid[:160, :160]

    def blob(x, y, peak, width, ratio=1.0):
        far = (columns - x) ** 2 + ((rows - y) / ratio) ** 2
        return peak * np.exp(-far / (2 * width**2))

    light = np.random.default_rng(0).normal(12, 2.5, (160, 160)) + blob(80, 80, 150, 12)
    for name, more in (("alone", 0), ("star", blob(30, 40, 140, 2))):
        picture = np.clip(light + more, 0, 255).astype(np.uint8)
        Image.fromarray(np.repeat(picture[..., None], 3, 2)).save(
            tmp_path / f"{name}.png"
        )
    paths = [tmp_path / f"{name}.png" for name in ("alone", "star")]
    with Review.create(tmp_path / "s.clumps", find_sources(paths)) as one:
        for number in (1, 2):
            one.add(number, box(70, 75), "clump")
        export_catalogue(one, tmp_path / "c.ecsv")
    table = read_catalogue(tmp_path / "c.ecsv")
    assert table["galaxy_stars"].tolist() == [0, 1]
    assert table["galaxy_neighbours"].tolist() == [0, 0]
    far = table["clump_star_distance_fwhm"].tolist()
    assert far[0] is None
    pixels = np.hypot(table["clump_centre_px_x"][1] - 30,
                      table["clump_centre_px_y"][1] - 40)  # fmt: skip
    assert 3 < pixels / far[1] < 7  # the FWHM of the PSF in pixels, which is 4.7


def test_cutouts_that_were_not_searched_are_searched_for_the_catalogue(
    review, tmp_path
):
    galaxy = np.random.default_rng(0).integers(10, 30, (160, 160, 3), dtype=np.uint8)
    galaxy[:30] = 0
    Image.fromarray(galaxy).save(tmp_path / "strip.png")
    with Review.create(
        tmp_path / "s.clumps", find_sources([tmp_path / "strip.png"])
    ) as one:
        one.add(1, box(80, 20), "clump")
        one.add(1, box(80, 90), "clump")
        export_catalogue(one, tmp_path / "c.ecsv")
    table = read_catalogue(tmp_path / "c.ecsv")
    assert table["flag_auto_missing"].tolist() == [True, True]
    assert table["flag_auto_on_box"].tolist() == ["missing", None]


def test_proposals_are_processed_as_in_the_paper_and_what_is_kept_is_not(
    review, tmp_path
):
    x, y = CLUMPS[1]
    review.propose(2, [Proposal(*box(105, 15), "clump", 0.8)], "m", size=(SIDE, SIDE))
    review.propose(
        1,
        [
            Proposal(*box(x, y), "clump", 0.7),
            Proposal(*box(x + 3, y), "clump", 0.5),
            Proposal(*box(*CLUMPS[2]), "clump", 0.6),
            Proposal(*box(60, 60), "clump", 0.1),
        ],
        "m",
        size=(SIDE, SIDE),
    )
    said = export_catalogue(review, tmp_path / "c.vot", proposals=True, score=0.3)
    table = read_catalogue(tmp_path / "c.vot")
    mine = table[table["galaxy_name"] == "a"]
    assert mine["status"].tolist() == ["accepted", "proposal"]
    assert mine["tier"].tolist() == ["visually_confirmed", "model_only"]
    clump = table["clump_looks_like"] == "clump"
    trusted = np.array([not one for one in table["clump_doubts"].filled("")])
    sure = [
        int((trusted & (table["tier"] == tier)).sum())
        for tier in ("visually_confirmed", "model_only")
    ]
    seen, proposed = (
        int((clump & (table["tier"] == tier)).sum())
        for tier in ("visually_confirmed", "model_only")
    )
    assert (
        f"By tier: 3 visually confirmed ({seen} of which look like clumps, {sure[0]} "
        f"without any doubt), 1 proposed by a model only ({proposed} of which look "
        f"like clumps, {sure[1]} without any doubt)."
    ) in said
    merged = mine[1]
    assert merged["clump_flags"] & int(Quality.MERGED)
    assert merged["clump_score"] == 0.7
    middle = (merged["clump_px_x1"] + merged["clump_px_x2"]) / 2
    assert middle == pytest.approx((0.7 * x + 0.5 * (x + 3)) / 1.2)
    assert "2 beside the galaxy were left out and 2 that touch" in said
    assert len(table[table["galaxy_name"] == "b"]) == 1


def opinion(status, cls="clump"):
    return Opinion("Ben", None, status, 0, 0, 9, 9, cls)


@pytest.mark.parametrize(
    ("status", "opinions", "tier"),
    [
        (Status.ACCEPTED, (), "visually_confirmed"),
        (Status.DRAWN, (), "visually_confirmed"),
        (Status.PROPOSAL, (), "model_only"),
        (Status.ACCEPTED, (Status.ACCEPTED, Status.EDITED), "visually_confirmed"),
        (Status.ACCEPTED, (Status.ACCEPTED, Status.REJECTED), "disputed"),
        (Status.PROPOSAL, (Status.DRAWN, Status.REJECTED), "disputed"),
    ],
)
def test_a_clump_on_which_reviewers_differed_is_disputed(status, opinions, tier):
    said = tuple(opinion(one) for one in opinions)
    one = Box(1, 1, 0, 0, 9, 9, "clump", status, "model", opinions=said)
    plain = Box(2, 1, 0, 0, 9, 9, "clump", status, "model")
    assert tier_of_boxes([one]) == tier
    assert tier_of_boxes([plain, one]) == tier


def test_two_classes_are_a_dispute():
    said = (opinion(Status.ACCEPTED), opinion(Status.ACCEPTED, "odd clump"))
    one = Box(1, 1, 0, 0, 9, 9, "clump", Status.ACCEPTED, "model", opinions=said)
    assert tier_of_boxes([one]) == "disputed"


def test_a_broken_image_is_said_and_the_others_are_measured(review, tmp_path):
    review.add(4, box(40, 40), "clump")
    said = export_catalogue(review, tmp_path / "c.csv")
    assert "d.fits" in said
    assert len(read_catalogue(tmp_path / "c.csv")) == 3


def test_with_nothing_to_measure_there_is_no_file(review, tmp_path):
    for cutout in (1, 2, 3):
        review.reject_all([b.id for b in review.boxes(cutout)])
    with pytest.raises(LabelError, match="nothing to export"):
        export_catalogue(review, tmp_path / "c.csv")
    review.add(4, box(40, 40), "clump")
    with pytest.raises(LabelError, match="could be measured"):
        export_catalogue(review, tmp_path / "c.csv")
    with pytest.raises(FileError, match="ending"):
        export_catalogue(review, tmp_path / "c.json")
    assert not list(tmp_path.glob("c.*"))


def test_it_tells_how_far_it_is_and_can_be_stopped(review, tmp_path):
    steps = []
    export_catalogue(
        review, tmp_path / "c.csv", report=lambda *step: steps.append(step)
    )
    assert steps == [(1, 3), (2, 3), (3, 3)]
    with pytest.raises(Cancelled):
        export_catalogue(review, tmp_path / "d.csv", cancelled=lambda: True)
    assert not (tmp_path / "d.csv").exists()


@pytest.mark.parametrize("ending", [".vot", ".ecsv", ".fits", ".parquet", ".csv"])
def test_the_command_line_exports_it(review, tmp_path, ending, monkeypatch, capsys):
    from napari_clumps.cli import main

    review.close()
    out = tmp_path / f"clumps{ending}"
    words = ["napari-clumps", "export", str(review.path), "--out", str(out)]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as end:
        main.main()
    assert end.value.code == 0
    assert "3 boxes on 3 cutouts" in capsys.readouterr().out
    assert len(read_catalogue(out)) == 3


def test_a_box_that_two_reviewers_dispute_is_measured_as_it_is(tmp_path):
    """Whatever its score, and without one where a person drew it."""
    noise = np.random.default_rng(0).integers(10, 40, (SIDE, SIDE, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    places = {"Ada": (40, 40), "Ben": (60, 60)}
    reviews = []
    for name, at in places.items():
        one = Review.create(
            tmp_path / f"{name}.clumps", find_sources([tmp_path / "a.png"]),
            annotator=name, held_out=0.0,
        )  # fmt: skip
        proposals = [Proposal(*box(90, 30), "clump", 0.1)]
        one.propose(1, proposals, "m", size=(SIDE, SIDE))
        proposed = one.boxes(1)[0].id
        one.add(1, box(*at), "clump")
        one.accept(proposed) if name == "Ada" else one.reject(proposed)
        one.set_done(1, True)
        reviews.append(one)
    first, second = reviews
    second.close()
    assert first.merge(second.path).disagreements == 3
    said = export_catalogue(first, tmp_path / "c.ecsv", proposals=True)
    first.accept(first.boxes(1)[0].id)
    left = export_catalogue(first, tmp_path / "d.ecsv")
    assert "2 boxes on which reviewers differ, still to be decided, left out" in left
    assert read_catalogue(tmp_path / "d.ecsv")["tier"].tolist() == ["disputed"]
    first.close()
    table = read_catalogue(tmp_path / "c.ecsv")
    assert table["tier"].tolist() == ["disputed"] * 3
    assert sorted(table["clump_score"].tolist(), key=str) == [0.1, None, None]
    assert "were merged" not in said
    found = figures_by_tier(tmp_path / "c.ecsv").figures
    assert found["disputed"]["clumps"] == 3
    assert found["disputed"]["medians"]["clump_score"]["n"] == 1
