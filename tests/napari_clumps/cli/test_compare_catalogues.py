"""``compare-catalogues``: reviews, tables, and tables on the sky."""

from __future__ import annotations

import json

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from clump_detector.image_files.sources import find_sources
from napari_clumps.review import Review

SIDE, SCALE = 80, 0.4


def write_galaxy(path, ra):
    rng = np.random.default_rng(1)
    header = fits.Header(
        {
            "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": ra, "CRVAL2": 5.0,
            "CRPIX1": 40.0, "CRPIX2": 40.0, "CDELT1": -SCALE / 3600,
            "CDELT2": SCALE / 3600,
        }
    )  # fmt: skip
    fits.writeto(path, rng.normal(10, 1, (3, SIDE, SIDE)).astype("f4"), header)


@pytest.fixture
def review(tmp_path):
    """Three galaxies on the sky with two clumps each, the third without any."""
    folder = tmp_path / "sky"
    folder.mkdir()
    for k, name in enumerate("abc"):
        write_galaxy(folder / f"{name}.fits", 30 + k)
    path = folder / "sky.clumps"
    with Review.create(path, find_sources([folder])) as made:
        for cutout in (1, 2):
            made.add(cutout, (20, 20, 28, 28), "clump")
            made.add(cutout, (50, 40, 58, 48), "clump")
            made.finish(cutout, [])
        made.finish(3, [])
    return path


def sky_table(path, places):
    """A published table: right ascension and declination only."""
    ra, dec = [], []
    for galaxy, x, y in places:
        ra.append(30 + galaxy - (x - 39) * SCALE / 3600 / np.cos(np.radians(5.0)))
        dec.append(5 + (y - 39) * SCALE / 3600)
    Table({"ra": ra, "dec": dec}).write(path)


def test_a_review_and_a_published_table_on_the_sky(run, review, tmp_path):
    table = tmp_path / "published.csv"
    sky_table(table, [(0, 24, 24), (0, 54.5, 44), (1, 24, 24), (1, 60, 10)])
    out, picture, differ = (tmp_path / n for n in ("a.json", "a.png", "differ.csv"))
    code, said, err = run(
        "compare-catalogues", review, table, "--out", out, "--picture", picture,
        "--table", differ, "--queue", review,
    )  # fmt: skip
    assert code == 0, err
    assert "sky.clumps and published.csv, 2 galaxies: 3 clumps in both" in said
    assert "2 clumps on which they differ" in said
    figures = json.loads(out.read_text())
    assert figures["first"]["shared"] == figures["second"]["shared"] == 3
    assert figures["first"]["clumps"] == figures["second"]["clumps"] == 4
    assert picture.stat().st_size > 5_000
    assert "1 galaxy first in the queue" in said
    with Review.open(review, read_only=True) as made:
        assert made.custom_order == (2,)
        assert made.queue_plan.order == "custom list"
    code, said, err = run("import", differ, "--into", review)
    assert code == 0, err


def test_two_reviews_of_the_same_galaxies(run, review, tmp_path):
    other = review.with_name("other.clumps")
    with Review.create(other, find_sources([review.parent])) as made:
        made.add(1, (21, 20, 29, 28), "clump")
        made.finish(1, [])
    code, said, err = run("compare-catalogues", review, other)
    assert code == 0, err
    assert "1 galaxy: 1 clump in both" in said
    assert "2 clumps of sky.clumps are on galaxies that other.clumps does not" in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--unit", "arcsec"), "cannot be compared on the sky"),
        (("--radius", "0"), "more than 0"),
        (("--table", "differ.json"), "no table of this ending"),
    ],
)
def test_what_cannot_be_done_is_refused(run, review, tmp_path, options, message):
    table = tmp_path / "published.csv"
    sky_table(table, [(0, 24, 24), (1, 60, 10)])
    code, _, err = run("compare-catalogues", review, table, *options)
    assert code == 2
    assert message in err


def test_bad_input_is_one_line(run, review, tmp_path):
    far = tmp_path / "far.csv"
    Table({"ra": [200.0], "dec": [60.0]}).write(far)
    code, _, err = run("compare-catalogues", review, far)
    assert code == 2
    assert "none of its clumps lies on a galaxy of the review" in err
    code, _, err = run("compare-catalogues", review, tmp_path / "no.csv")
    assert code == 2
    assert "no such file" in err
    empty = review.with_name("empty.clumps")
    Review.create(empty, find_sources([review.parent])).close()
    code, _, err = run("compare-catalogues", empty, far)
    assert code == 2
    assert "no clump is accepted or drawn" in err
