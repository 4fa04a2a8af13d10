"""Data quality: the flags of a mask that mean that a pixel holds no data.

Flags are bits, and every telescope has its own. Many only record how a pixel was
treated (a cosmic ray corrected, a source detected), so that most of a galaxy may carry
one. A bit counts if it means that the value is missing, interpolated or wrong; if the
origin of the flags is not known, all bits count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.fits_header import HeaderKeys

Flags = NDArray[np.int64]

_ALL = -1


@dataclass(frozen=True)
class Bits:
    """The bits that mean that there is no data.

    Attributes
    ----------
    bad : int
        Their sum; -1 for all bits.
    whose : str
        The origin of the flags, for messages; '' where it is not known.
    """

    bad: int = _ALL
    whose: str = ""


def _but(*benign: int) -> int:
    """Return all bits but some."""
    return _ALL & ~sum(benign)


#: HST's bits that leave a usable value: hot and warm pixels whose dark current was
#: subtracted, full wells (ACS and WFC3 Data Handbooks; AstroDrizzle's default), charge
#: traps; in the infrared also blobs, signal in the zeroth read, and cosmic rays that
#: the fit to the ramp has left out.
_HUBBLE = _but(16, 32, 64, 256, 1024)
_HUBBLE_INFRARED = _but(16, 64, 256, 512, 1024, 2048, 8192)

#: By telescope, instrument or survey; the first match counts.
_FAMILIES = (
    # DO_NOT_USE, NON_SCIENCE, REFERENCE_PIXEL (jwst and romancal, "Pixel DQ flags").
    (r"\bJWST\b|\bROMAN\b", Bits(1 | 1 << 9 | 1 << 31, "JWST's DO_NOT_USE")),
    # Not non-linear, saturated is; not the overlap of two amplifiers (DRAGONS, "DQ").
    (r"\bGemini|GMOS|\bNIRI\b|GSAOI", Bits(_but(2, 32), "Gemini's")),
    # INVALID (Euclid SGS data product description).
    (r"\bEuclid\b", Bits(1, "Euclid's INVALID")),
    # Not the halo of a star, suspect, repaired or near an edge (DESDM's maskbits).
    (r"DECam|\bDES\b|CTIO", Bits(_but(32, 2048, 4096, 8192), "DECam's")),
)  # fmt: skip

#: ALLMASK of g, r, z and i: bad in every exposure. The others mark stars, clusters and
#: large galaxies, whose pixels are good (legacysurvey.org, "bitmasks").
_LEGACY = Bits(1 << 5 | 1 << 6 | 1 << 7 | 1 << 15, "the Legacy Surveys' ALLMASK")

#: Names of bits that count if the header names them: Rubin's and HSC's (MP_...),
#: Pan-STARRS' (MSKNAM00 ...), JWST's and others.
_NAMES = {
    "NO_DATA", "BAD", "UNMASKEDNAN", "DETECTOR", "FLAT", "DARK", "BLANK", "CTE", "LOW",
    "DEAD", "DO_NOT_USE", "NON_SCIENCE", "INVALID", "BADFLAT", "NODATA", "BADPIX",
}  # fmt: skip


def bits_of(keys: HeaderKeys, name: str = "") -> Bits:
    """Return which bits of a mask mean that there is no data.

    Parameters
    ----------
    keys : HeaderKeys
        The mask's keys.
    name : str
        The name of its extension.
    """
    if named := _named(keys):
        return named
    kind = f"{name} {keys.own.word('IMTYPE')}".lower()
    if "maskbits" in kind:
        return _LEGACY
    whose = " ".join(keys.word(k) for k in ("TELESCOP", "INSTRUME", "SURVEY", "FILTER"))
    if re.search(r"\bHST\b|Hubble", whose, re.IGNORECASE):
        infrared = keys.word("DETECTOR").upper() == "IR"
        return Bits(_HUBBLE_INFRARED if infrared else _HUBBLE, "HST's")
    for pattern, bits in _FAMILIES:
        if re.search(pattern, whose, re.IGNORECASE):
            return bits
    return Bits()


def _named(keys: HeaderKeys) -> Bits | None:
    """Return the bits that a header names, or None where it names none."""
    bad, known = 0, []
    for name in sorted(_NAMES):
        bit = keys.number(f"MP_{name}")
        if bit is not None and 0 <= bit < 63:
            bad |= 1 << int(bit)
            known.append(name)
    for i in range(32):
        name, value = keys.word(f"MSKNAM{i:02d}"), keys.number(f"MSKVAL{i:02d}")
        if name.upper() in _NAMES and value is not None and 0 < value < 2**62:
            bad |= int(value)
            known.append(name.upper())
    return Bits(bad, " and ".join(known)) if known else None


def marked(flags: Flags, bits: Bits) -> NDArray[np.bool_]:
    """Return where flags mean that there is no data.

    Parameters
    ----------
    flags : int64 array of any shape
    bits : Bits

    Returns
    -------
    bool array of the same shape
    """
    return np.asarray(flags & bits.bad, dtype=bool)
