"""Headers with a sky, written as it is written in the field, to be drawn at random.

`sky_headers` draws one and the same sky twice: plainly, as astropy reads it without
help, and in some notation of the field.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.io.fits import Header
from astropy.wcs import WCS
from hypothesis import strategies as st

from clump_detector.astrometry.wcs import NOTE, read_sky, sky_positions
from tests.fields.properties import checked

SIZE = 64

#: The outer corners of an image of `SIZE` pixels, counted from 0.
CORNERS = np.array([(x, y) for x in (-0.5, SIZE - 0.5) for y in (-0.5, SIZE - 0.5)])

Cards = list[tuple[str, Any]]

#: Names of axes, cards that name the frame, those in odd types, and astropy's frame.
_FRAMES: list[tuple[tuple[str, str], Cards, Cards, str]] = [
    (("RA", "DEC"), [], [("EQUINOX", "NOW")], "icrs"),
    (("RA", "DEC"), [], [("EQUINOX", 0.0), ("EPOCH", "2010-05-01")], "icrs"),
    (("RA", "DEC"), [("RADESYS", "ICRS")], [("RADECSYS", "icrs ")], "icrs"),
    (("RA", "DEC"), [("EQUINOX", 2000.0)], [("EQUINOX", "J2000")], "fk5"),
    (("RA", "DEC"), [("RADESYS", "FK5")], [("RADESYS", "J2000.0")], "fk5"),
    (("RA", "DEC"), [("EQUINOX", 1950.0)], [("EQUINOX", "B1950")], "fk4"),
    (("RA", "DEC"), [("EQUINOX", 1950.0)], [("EPOCH", 1950.0)], "fk4"),
    (("GLON", "GLAT"), [], [("EQUINOX", "2000.0")], "galactic"),
    (("ELON", "ELAT"), [], [("EQUINOX", "J2000")], "barycentricmeanecliptic"),
    (("SLON", "SLAT"), [], [], "supergalactic"),
]

_UNITS = ("", "deg", "Degrees", "degree", "DEG", "deg.")
_THIRD = ("", "FREQ", "STOKES", "WAVE-TAB")
_NOTATIONS = ("CD", "PC", "CROTA", "PC001001", "CD001001", "PC01_01")


@dataclass(frozen=True)
class DrawnSky:
    """A sky in two notations.

    Attributes
    ----------
    plain, odd : list of (str, value)
        Cards that astropy reads without help, and those of the field.
    frame : str
        astropy's name of the plain one's frame.
    """

    plain: Cards
    odd: Cards
    frame: str


@st.composite
def sky_headers(draw: st.DrawFn) -> DrawnSky:
    """Draw a sky of a small image."""
    names, frame_cards, odd_frame, frame = draw(st.sampled_from(_FRAMES))
    swapped = draw(st.booleans())
    notation = draw(st.sampled_from(_NOTATIONS))
    swapped = swapped and notation != "CROTA"  # which turns from the first to the other
    projection = draw(st.sampled_from(("TAN", "SIN", "ZEA", "ARC", "STG", "CAR")))
    distortion = draw(st.sampled_from(("", "SIP", "TPV")))
    if distortion and (projection != "TAN" or frame != "icrs" or swapped):
        distortion = ""
    if distortion == "TPV" and notation[:2] != "CD":
        # Its polynomial is one of the coordinates before CDELT: another one with PC.
        distortion = ""
    scale = draw(st.floats(0.05, 5)) / 3600
    turn = np.radians(draw(st.floats(0, 360)))
    flip = draw(st.sampled_from((-1, 1)))
    rotation = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    steps = np.array([flip * scale, scale])
    values = [draw(st.floats(0, 359.9)), draw(st.floats(-88, 88))]
    order = (1, 0) if swapped else (0, 1)
    matrix = (np.array(rotation) * steps[:, None])[list(order)]
    ends = {"TPV": "TPV", "SIP": "TAN-SIP"}
    end = ends.get(distortion, projection)
    pixel = draw(st.floats(-100, 200))
    both: Cards = []
    for axis, which in enumerate(order, start=1):
        ctype = names[which].ljust(4, "-") + "-" + end
        both += [(f"CTYPE{axis}", ctype), (f"CRVAL{axis}", values[which])]
        both += [(f"CRPIX{axis}", pixel)]
    linear = _linear("CD", matrix, steps[list(order)], turn)
    odd_linear = _linear(notation, matrix, steps[list(order)], turn)
    lonpole = draw(st.sampled_from((None, 170.0)))
    zenithal = projection != "CAR" and distortion != "TPV"
    pole = [("LONPOLE", lonpole)] if lonpole and zenithal else []
    plain = [*both, *linear, *frame_cards, *pole, *_distortion(distortion, int)]
    number = draw(st.sampled_from((float, str)))
    odd = [*both, *odd_linear, *pole, *_distortion(distortion, number)]
    if draw(st.booleans()):  # numbers in quotes
        odd = [(k, str(v) if k[:5] in ("CRVAL", "CRPIX") else v) for k, v in odd]
    unit = draw(st.sampled_from(_UNITS))
    odd += [(f"CUNIT{axis}", unit) for axis in (1, 2) if unit]
    odd += draw(st.sampled_from((frame_cards, odd_frame)))
    third = draw(st.sampled_from(_THIRD))
    if third:
        odd += [("CTYPE3", third), ("CRVAL3", 1.0), ("CRPIX3", 1.0), ("CDELT3", 2.0)]
    return DrawnSky(plain, odd, frame)


def _linear(notation: str, matrix: Any, steps: Any, turn: float) -> Cards:
    """Return a linear transformation in one of the notations of FITS."""
    if notation == "CROTA":
        angle = float(np.degrees(np.arctan2(np.sin(turn), np.cos(turn))))
        # CROTA turns before the steps are made: the same where both are alike.
        sign = 1 if steps[0] * steps[1] > 0 else -1
        return [("CDELT1", steps[0]), ("CDELT2", steps[1]), ("CROTA2", sign * angle)]
    stem = notation[:2]
    keys = {
        "CD": "{}{}_{}", "PC": "{}{}_{}", "PC001001": "{}{:03d}{:03d}",
        "CD001001": "{}{:03d}{:03d}", "PC01_01": "{}{:02d}_{:02d}",
    }[notation]  # fmt: skip
    scale = np.array([1.0, 1.0]) if stem == "CD" else np.abs(steps)
    cards = [
        (keys.format(stem, i + 1, j + 1), float(matrix[i, j] / scale[i]))
        for i in (0, 1)
        for j in (0, 1)
    ]
    if stem == "PC":
        cards += [("CDELT1", float(scale[0])), ("CDELT2", float(scale[1]))]
    return cards


def _distortion(kind: str, number: Any) -> Cards:
    if kind == "SIP":
        terms = [("A_2_0", 1e-4), ("A_0_2", 2e-5), ("B_1_1", -3e-5), ("B_0_2", 1e-4)]
        return [("A_ORDER", number(2)), ("B_ORDER", number(2)), *terms]
    if kind == "TPV":
        return [(f"PV{a}_{n}", v) for a in (1, 2) for n, v in ((1, 1.0), (4, 0.5))]
    return []


def place(cards: Cards, frame: str) -> SkyCoord:
    """Return the places of `CORNERS` as astropy has them, in ICRS."""
    wcs = WCS(Header(cards))
    world = wcs.all_pix2world(CORNERS, 0)
    lon, lat = world[:, wcs.wcs.lng], world[:, wcs.wcs.lat]
    return SkyCoord(lon, lat, unit="deg", frame=frame).icrs


@checked(sky_headers)
def check_sky_is_astropys(drawn: DrawnSky) -> None:
    """Hold that both notations are read, and are the place that astropy says."""
    there = place(drawn.plain, drawn.frame)
    for cards in (drawn.plain, drawn.odd):
        wcs = read_sky(Header(cards)).wcs
        assert wcs is not None, read_sky(Header(cards)).notes
        here = SkyCoord(sky_positions(wcs, *CORNERS.T), unit="deg")
        # FK5 of 2000 is taken for ICRS, from which it is 0.032 arcsec away at most.
        most = 0.04 if drawn.frame == "fk5" else 1e-4
        assert there.separation(here).arcsec.max() < most


# -- headers with something broken in them -------------------------------------

_GOOD: dict[str, Any] = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.1, "CRVAL2": 2.2,
    "CRPIX1": 32.5, "CRPIX2": 32.5, "CD1_1": -7e-5, "CD1_2": 1e-6, "CD2_1": 1e-6,
    "CD2_2": 7e-5,
}  # fmt: skip
_KEYS = (
    *_GOOD, "CUNIT1", "CUNIT2", "RADESYS", "EQUINOX", "EPOCH", "LONPOLE", "LATPOLE",
    "CDELT1", "CDELT2", "CROTA1", "CROTA2", "PC1_1", "PC001002", "CD001001", "PV1_1",
    "PV2_1", "PV1_0", "A_ORDER", "B_ORDER", "A_2_0", "B_0_2", "CTYPE3",
    "CD1_3", "CRVAL3", "CPDIS1", "WCSAXES", "CTYPE1A", "AMDX1",
)  # fmt: skip
_VALUES = (
    "word", "", "deg", "hour", "pixel", True, 0, 1, 2, 2.0, -1.0, 1e300, 1e-300, 400.0,
    1950.0, 2000.0, "FK4", "FK5", "GAPPT", "GLON-TAN", "GLAT-TAN", "RA---TAN", "FREQ",
    "DEC--SIN", "RA---TNX", "RA--TAN", "Lookup", 12, -7e-5,
)  # fmt: skip


@st.composite
def broken_headers(draw: st.DrawFn) -> Cards:
    """Draw a header some cards of which are missing, of another kind or there twice."""
    cards: Cards = list(_GOOD.items())
    for key in draw(st.lists(st.sampled_from(list(_GOOD)), max_size=2)):
        cards = [card for card in cards if card[0] != key]
    odd = st.tuples(st.sampled_from(_KEYS), st.sampled_from(_VALUES))
    return cards + draw(st.lists(odd, max_size=4))


@checked(broken_headers)
def check_broken_sky(drawn: Cards) -> None:
    """Hold that a broken sky is astropy's, or is spoken of."""
    sky = read_sky(Header(drawn))
    assert all(text.startswith(NOTE) and text.endswith(".") for text in sky.notes)
    if sky.wcs is None:
        promised = any("CTYPE" in k and str(v)[:2] in ("RA", "DE") for k, v in drawn)
        assert sky.notes or not promised
    elif not sky.notes:
        here = SkyCoord(sky_positions(sky.wcs, *CORNERS.T), unit="deg")
        assert place_of_any(drawn).separation(here).arcsec.max() < 0.04


def place_of_any(cards: Cards) -> SkyCoord:
    """Return the places that astropy itself finds by all of its high-level rules."""
    cards = [card for card in cards if card[0] != "WCSAXES"]
    try:
        wcs = WCS(Header(cards)).celestial
    except ValueError:  # a third axis that is none: the place is that of the other two
        wcs = WCS(Header([c for c in cards if not c[0].endswith("3")])).celestial
    found = wcs.pixel_to_world(*CORNERS.T)
    return found.icrs
