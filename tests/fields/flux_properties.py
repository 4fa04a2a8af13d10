"""Headers of zero points and units at random, and the flux that each stands for.

Each ``check_...`` takes what the strategy above it draws; a benchmark may run as many.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import strategies as st

from clump_detector.images.cutout import read_cutout
from tests.fields.flux_files import noise, sky_cards
from tests.fields.properties import checked

#: AB minus Vega of what the headers below tell.
VEGA = (
    ({"TELESCOP": "WISE", "BAND": 1}, 2.699), ({"SURVEY": "unWISE", "BAND": 2}, 3.339),
    ({"TELESCOP": "WISE", "FILTER": "W3"}, 5.174),
    ({"ORIGIN": "2MASS", "FILTER": "h"}, 1.39),
    ({"INSTRUME": "WFCAM", "FILTER": "K"}, 1.9),
)  # fmt: skip

AB = (
    {"SURVEY": "DES"}, {"INSTRUME": "DECam"}, {"MAGSYS": "AB"}, {"INSTRUME": "HSC"},
    {"SURVEY": "KiDS"}, {"ZPSYS": "AB mag"}, {"FILTER": "r.MP9602"},
)  # fmt: skip

#: Neither the one nor the other.
UNSAID = ({}, {"TELESCOP": "0.4m"}, {"MAGSYS": "Vega"}, {"INSTRUME": "VIRCAM"})

KEYS = ("MAGZERO", "MAGZPT", "MAGZP", "PHOTZP", "ZP", "ZPT")

UNITS = (
    ("nanomaggy", 3.631e-6), ("Jy", 1.0), ("mJy", 1e-3), ("uJy", 1e-6), ("nJy", 1e-9),
    ("JY", 1.0), ("nmgy", 3.631e-6), ("microJy", 1e-6), ("MJy/sr", None),
    ("MJY/SR", None),
)  # fmt: skip


@st.composite
def headers(draw):
    """Draw (header, scale in arcsec, Jy of one unit or None)."""
    scale = draw(st.floats(0.03, 3.0))
    kind = draw(st.sampled_from(("ab", "vega", "unsaid", "unit")))
    if kind == "unit":
        unit, jansky = draw(st.sampled_from(UNITS))
        area = np.radians(scale / 3600) ** 2
        noise_key = {"MAGZERO": 25.0} if draw(st.booleans()) else {}
        return {"BUNIT": unit, **noise_key}, scale, jansky or 1e6 * area
    magnitude = draw(st.floats(15, 32))
    key = draw(st.sampled_from(KEYS))
    counts = draw(st.sampled_from(("", "ADU", "DN", "counts/s", "electrons/s", "cps")))
    header = {"BUNIT": counts, key: magnitude}
    if kind == "unsaid":
        return {**header, **draw(st.sampled_from(UNSAID))}, scale, None
    extra, offset = draw(st.sampled_from(VEGA)) if kind == "vega" else (
        draw(st.sampled_from(AB)), 0.0,
    )  # fmt: skip
    jansky = 3631 * 10 ** (-0.4 * (magnitude + offset))
    if draw(st.booleans()):
        time = draw(st.floats(1, 1000))
        header |= {"EXPTIME": time, key: (magnitude, "of 1 count per second")}
        if counts in ("ADU", "DN"):
            jansky /= time
    return {**header, **extra}, scale, jansky


@checked(headers)
def check_unit(drawn):
    """Hold that one unit is what its header makes it, or relative and said to be."""
    header, scale, jansky = drawn
    with tempfile.TemporaryDirectory() as folder:
        made = fits.PrimaryHDU(noise())
        made.header.update({**sky_cards(scale), **header})
        made.writeto(Path(folder) / "a.fits")
        cutout = read_cutout(Path(folder) / "a.fits")
    if jansky is None:
        assert cutout.jansky == ()
        assert any("Fluxes are relative" in note for note in cutout.notes)
        return
    assert cutout.jansky == pytest.approx((jansky,), rel=1e-5)


@st.composite
def levels(draw):
    """Draw (BITPIX or other form, level, noise) of an image with a faint source."""
    kind = draw(st.sampled_from(("doubles", "scaled", "singles")))
    sigma = 10 ** draw(st.floats(-12, 3))
    most = 1e4 if kind == "singles" else 1e9
    return kind, draw(st.floats(-1, 1)) * most * sigma, sigma


@checked(levels)
def check_level(drawn):
    """Hold that a source keeps its flux over its surroundings on any level."""
    kind, level, sigma = drawn
    true = np.random.default_rng(0).normal(0, sigma, (48, 48))
    true[20:24, 20:24] += 20 * sigma
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.fits"
        if kind == "scaled":
            made = fits.PrimaryHDU((true / sigma * 1000).round().astype(np.int32))
            made.header.update({"BSCALE": sigma / 1000, "BZERO": level})
        else:
            values = true + level
            made = fits.PrimaryHDU(
                values.astype(np.float32 if kind == "singles" else np.float64)
            )
        made.writeto(path)
        got = read_cutout(path).pixels[0].astype(float)
    apart = got - true
    assert np.abs(apart - np.median(apart)).max() < 0.1 * sigma
