"""The role of each image of a FITS file: fluxes, their errors, a mask, or other.

It follows from names (``SCI``, ``g_invvar``, ``IMTYPE = 'invvar'``) and units
(``BUNIT = 'nanomaggy^-2'``); without these, a plane that follows an image and agrees
with its noise is its error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.fits_header import HeaderKeys

Values = NDArray[np.float32]

FLUX, VARIANCE, INVERSE, ERROR, WEIGHT, MASK, OTHER = (
    "flux", "variance", "inverse variance", "error", "weight", "mask", "other"
)  # fmt: skip

#: Roles that give errors, the best first.
ERRORS = (VARIANCE, INVERSE, ERROR, WEIGHT)

_WORDS = {
    VARIANCE: "var variance vari varmap stat",
    INVERSE: "ivar invvar invar inverse iv ivm",
    ERROR: "err error errors sigma rms std stddev unc uncert uncertainty noise stdev "
    "rmsmap sig",
    WEIGHT: "wht weight weights wt wgt weightmap wmap whtmap",
    MASK: "mask dq badpix bpm flag flags maskbits maskimage msk flg bpix dqm dqa "
    "quality qual badpixels mskn",
    OTHER: "psf psfs model resid residual sky background bkg bg ctx con exp nexp "
    "exptime exposure expmap depth psfdepth galdepth chi chi2 segm seg segmentation "
    "segmap thumbnail thumb preview quicklook icon samp time blobmodel num nimage "
    "psfsize kernel catalog catalogue cov coverage nobs nexposures",
    FLUX: "sci science image img data flux fluxes images cutout cutouts pixels",
}

_ROLES = {word: role for role, words in _WORDS.items() for word in words.split()}

#: Default names, written by programs.
_NO_NAMES = {"", "PRIMARY", "COMPRESSED_IMAGE"}

#: Keys that name what a plane holds. IMTYPE and IMAGETYP are the Legacy Surveys'.
_KEYS = ("IMTYPE", "IMAGETYP", "PRODTYPE", "EXTTYPE", "HDUCLAS2")

#: Values of OGIP's and ESO's HDUCLAS3, and of the UTYPE of astropy's CCDData.
_SURE = {
    "MSE": VARIANCE, "RMSE": ERROR, "INVMSE": INVERSE,
    "STDDEVUNCERTAINTY": ERROR, "VARIANCEUNCERTAINTY": VARIANCE,
    "INVERSEVARIANCE": INVERSE,
}  # fmt: skip

#: Words that name only one part of an error, such as JWST's VAR_POISSON.
_PARTS = {
    "poisson", "shot", "photon", "rnoise", "rdnoise", "readnoise", "read", "ron",
    "flat", "dark",
}  # fmt: skip

#: An error's plane agrees with the noise of its image within this factor, which allows
#: for sources and correlated pixels.
_AGREES = 3.0


def name_of(keys: HeaderKeys) -> str:
    """Return an extension's name, or '' where it has none of its own."""
    name = keys.own.word("EXTNAME", "HDUNAME")
    return "" if name.upper() in _NO_NAMES else name


def role_in(text: str) -> str | None:
    """Return the role of a plane by its name, or None."""
    words = [word for word in re.split(r"[^a-z0-9]+", text.lower()) if word]
    found = [_ROLES[word] for word in words if word in _ROLES]
    special = [role for role in found if role != FLUX]  # as in "image_invvar"
    return next(iter(special or found), None)


def is_part(name: str) -> bool:
    """Return whether the name of errors is that of one part of the whole error."""
    return bool(set(re.split(r"[^a-z0-9]+", name.lower())) & _PARTS)


def role_of(keys: HeaderKeys) -> str | None:
    """Return the role of a plane by its header, or None where that does not give it."""
    for key in ("HDUCLAS3", "UTYPE"):
        certain = _SURE.get(keys.own.word(key).upper())
        if certain:
            return certain
    by_name = role_in(name_of(keys))
    if by_name:
        return by_name
    for key in _KEYS:
        role = role_in(keys.own.word(key))
        if role:
            return role
    unit = keys.own.word("BUNIT")
    if re.search(r"(\*\*|\^)\s*\(?\s*-\s*2|^1\s*/.*2\)?$", unit):
        return INVERSE
    return None


def role_by_noise(pairs: Sequence[tuple[Values, Values]]) -> str | None:
    """Return the kind of errors that planes without names give, or None.

    The median of each is compared with the scatter of neighbouring pixels of its image;
    the kind that fits all of them best is returned.

    Parameters
    ----------
    pairs : sequence of (array, array)
        An image and the plane after it.
    """
    apart = [_apart(flux, other) for flux, other in pairs]
    fits = [
        role
        for role in (VARIANCE, INVERSE, ERROR)
        if all(a and a[role] < np.log(_AGREES) for a in apart)
    ]
    return min(fits, key=lambda role: sum(a[role] for a in apart), default=None)


def _apart(flux: Values, other: Values) -> dict[str, float]:
    """Return by what factor errors differ from the noise, as a logarithm by role.

    Empty where they cannot be errors.
    """
    known = other[np.isfinite(other)]
    if flux.shape != other.shape or not known.size or known.min() < 0:
        return {}
    noise, middle = _noise(flux), float(np.median(known))
    if not (noise > 0 and middle > 0):
        return {}
    ratios = {
        VARIANCE: middle / noise**2,
        INVERSE: middle * noise**2,
        ERROR: middle / noise,
    }
    return {role: abs(float(np.log(ratio))) for role, ratio in ratios.items()}


def as_variance(role: str, values: Values, flux: Values) -> Values:
    """Return the variances that a plane of errors gives.

    Weights are known up to a factor only: they are scaled to the noise of the image.

    Parameters
    ----------
    role : str
        Of `ERRORS`.
    values : array of shape (height, width)
        The plane of errors.
    flux : array of shape (height, width)
        The image.

    Returns
    -------
    array of shape (height, width)
        Infinite where the weight is 0, NaN where a variance is negative.
    """
    with np.errstate(all="ignore"):
        if role == ERROR:
            return values * values
        if role == VARIANCE:
            return np.where(values >= 0, values, np.float32(np.nan))
        inverse = values
        if role == WEIGHT:
            usual = float(np.nanmedian(values[values > 0])) if (values > 0).any() else 1
            noise = _noise(flux) or 1.0
            inverse = values / np.float32(usual * noise**2)
        return np.where(inverse > 0, 1 / inverse, np.float32(np.inf))


def _noise(flux: Values) -> float:
    """Return the noise of a pixel from the differences of neighbours.

    A galaxy's contribution to these is small, and the median is robust against stars
    and clumps.
    """
    step = max(1, flux.shape[-2] // 500)
    rows = flux[..., ::step, :]
    differences = np.abs(np.diff(rows, axis=-1))
    differences = differences[np.isfinite(differences)]
    if not differences.size:
        return 0.0
    return float(1.4826 * np.median(differences) / np.sqrt(2))
