"""Bands and units that the user says on the command line, and what becomes of them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from astropy.io import fits

from clump_detector.core.errors import ConfigError
from clump_detector.image_files.sources import Source, find_sources
from clump_detector.images.cutout import read_cutout
from clump_detector.labels.label_set import read_label_set
from napari_clumps.review import Review


@pytest.fixture
def cube(tmp_path):
    """Return the path of a cube that names neither bands nor unit."""
    path = tmp_path / "galaxies" / "big.fits"
    path.parent.mkdir()
    pixels = np.random.default_rng(0).normal(0, 1, (5, 60, 80)).astype("f4")
    fits.PrimaryHDU(pixels).writeto(path)
    return path


@pytest.mark.parametrize("verb", ["detect", "review"])
@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--bands", "abc"), "the bands 'abc' are unknown"),
        (("--unit", "furlong"), "the unit 'furlong' is unknown"),
    ],
)
def test_what_is_no_band_or_unit_is_refused_at_once(run, cube, verb, option, message):
    code, out, err = run(verb, cube, *option)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_detect_takes_the_bands_it_is_told(run, cube, tmp_path, monkeypatch):
    out = tmp_path / "boxes.csv"
    _, _, err = run("detect", cube, "--out", out)
    assert "5 bands without names" in err
    code, _, err = run("detect", cube, "--out", out, "--bands", "ugriz")
    assert code == 0
    assert "without names" not in err


@pytest.fixture
def review(cube):
    (source,) = find_sources([cube])
    told = Source(source.name, source.files, tuple("ugriz"))
    with Review.create(cube.with_name("a.clumps"), [told], seed=1) as made:
        yield made


def test_a_review_keeps_bands_and_unit(review):
    review.unit = "zp=27"
    with Review.open(review.path, read_only=True) as again:
        assert again.unit == "zp=27"
        cutout = read_cutout(again.cutout(1).source)
        assert cutout.bands == tuple("ugriz")
        assert cutout.jansky == pytest.approx((3631 * 10**-10.8,) * 5)
        again.unit = "uJy"  # for this reader alone
        assert read_cutout(again.cutout(1).source).jansky == (1e-6,) * 5
    assert review.unit == "zp=27"


def test_a_review_refuses_what_is_no_unit(review):
    with pytest.raises(ConfigError, match="is unknown"):
        review.unit = "furlong"
    assert review.unit == ""
    review.unit = "uJy"
    review.unit = ""
    assert read_cutout(review.cutout(1).source).jansky == ()


def test_a_label_set_keeps_the_bands_that_were_told(review, run, tmp_path):
    review.set_done(1, True)
    out = tmp_path / "labels.json"
    code, _, err = run("export", review.path, "--out", out, "--unit", "uJy")
    assert (code, err) == (0, "")
    assert json.loads(out.read_text())["images"][0]["bands"] == list("ugriz")
    (labelled,) = read_label_set(out).cutouts
    assert read_cutout(labelled.source).bands == tuple("ugriz")


def test_export_refuses_what_is_no_unit(review, run, tmp_path):
    code, _, err = run("export", review.path, "--unit", "furlong")
    assert code == 2
    assert "is unknown" in err
