"""AB magnitudes of fluxes in Jy, and physical lengths of angles."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clump_detector.core.arrays import Floats
from clump_detector.image_files.bands import wavelength

#: Flux of AB magnitude 0 in Jy (Oke & Gunn 1983, ApJ 266, 713), as SDSS and most
#: surveys round it: a nanomaggy, of magnitude 22.5, is 3.631 uJy.
ZERO_AB = 3631.0

#: Colours that a catalogue lists if both bands are present.
COLOURS = (("u", "g"), ("g", "r"), ("r", "i"), ("i", "z"), ("g", "i"))


def ab_magnitudes(jansky: ArrayLike) -> Floats:
    """Return AB magnitudes; NaN where a flux is not positive."""
    flux = np.asarray(jansky, dtype=float)
    positive = np.where(flux > 0, flux, np.nan)
    return np.asarray(-2.5 * np.log10(positive / ZERO_AB))


def magnitude_errors(flux: ArrayLike, error: ArrayLike) -> Floats:
    """Return errors in magnitudes, ``2.5 / ln 10 * error / flux``.

    Parameters
    ----------
    flux, error : array_like
        In the same unit.

    Returns
    -------
    array
        NaN where a flux is not positive.
    """
    light = np.asarray(flux, dtype=float)
    positive = np.where(light > 0, light, np.nan)
    return np.asarray(2.5 / np.log(10) * np.asarray(error, dtype=float) / positive)


def bluest(bands: Sequence[str]) -> int:
    """Return the index of the bluest band; the first where wavelengths are unknown."""
    known = [(wavelength(band), k) for k, band in enumerate(bands)]
    sortable = [(value, k) for value, k in known if value is not None]
    return min(sortable)[1] if sortable else 0


@functools.lru_cache(maxsize=4096)
def kpc_per_arcsec(redshift: float) -> float:
    """Return the proper length of an arcsec in kpc at a redshift, for Planck 2018.

    NaN for redshifts outside 0 to 20.
    """
    from astropy.cosmology import Planck18

    if not 0 < redshift < 20:
        return float("nan")
    return 1 / float(Planck18.arcsec_per_kpc_proper(redshift).value)


def in_jansky(
    values: NDArray[np.floating], jansky: Sequence[float | None], n: int
) -> Floats:
    """Return fluxes in Jy.

    Parameters
    ----------
    values : array of shape (..., n)
        Fluxes, with bands on the last axis.
    jansky : sequence of float or None
        Jy of one unit in each band, None where unknown; empty if none is known.
    n : int
        Number of bands.

    Returns
    -------
    array of shape (..., n)
        NaN in bands of unknown unit.
    """
    units = np.array([np.nan if v is None else v for v in jansky] or [np.nan] * n)
    return np.asarray(values * units)
