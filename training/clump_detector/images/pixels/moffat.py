"""The Moffat profile of a point source (Moffat 1969, A&A 3, 455).

With alpha = FWHM / (2 sqrt(2^(1/beta) - 1)), the share of the light within r is
1 - (1 + r^2 / alpha^2)^(1 - beta). Radii are in units of the FWHM.
"""

from __future__ import annotations

import numpy as np

from clump_detector.core.arrays import Floats

#: SDSS' PSF is near a Moffat of this beta.
BETA = 3.0


def share(r: Floats, beta: float = BETA) -> Floats:
    """Return the share of the light within radii.

    Parameters
    ----------
    r : array
        In FWHM.
    beta : float
    """
    return np.asarray(1 - (1 + r**2 / _alpha2(beta)) ** (1 - beta))


def density(r: Floats, beta: float = BETA) -> Floats:
    """Return the light per square FWHM at radii, of a source of total light 1.

    Parameters
    ----------
    r : array
        In FWHM.
    beta : float
    """
    alpha2 = _alpha2(beta)
    return np.asarray((beta - 1) / (np.pi * alpha2) * (1 + r**2 / alpha2) ** -beta)


def _alpha2(beta: float) -> float:
    return float(0.25 / (2 ** (1 / beta) - 1))
