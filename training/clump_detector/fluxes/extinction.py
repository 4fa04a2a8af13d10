"""Galactic extinction in magnitudes by band, for a reddening E(B-V)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clump_detector.core.arrays import Floats

#: A_band / E(B-V) for the E(B-V) of Schlegel, Finkbeiner & Davis (1998) and R_V = 3.1:
#: Schlafly & Finkbeiner (2011, ApJ 737, 103), table 6. SDSS u to z, LSST y, DES Y,
#: UKIRT J, H and K; the g to z of other surveys differ by up to 4 %.
COEFFICIENTS = {
    "u": 4.239,
    "g": 3.303,
    "r": 2.285,
    "i": 1.698,
    "z": 1.263,
    "y": 1.088,
    "Y": 1.058,
    "J": 0.709,
    "H": 0.449,
    "K": 0.302,
}

SOURCE = "Schlafly & Finkbeiner (2011, ApJ 737, 103), table 6, R_V = 3.1"


def extinction(bands: Sequence[str], ebv: float | None) -> Floats:
    """Return the extinction in each band.

    Parameters
    ----------
    bands : sequence of str
    ebv : float or None
        E(B-V) of Schlegel, Finkbeiner & Davis (1998) in magnitudes.

    Returns
    -------
    array of shape (bands,)
        Magnitudes; NaN for bands without coefficient and for an unknown reddening.
    """
    if ebv is None or not np.isfinite(ebv) or ebv < 0:
        return np.full(len(bands), np.nan)
    return np.array([COEFFICIENTS.get(band, np.nan) * ebv for band in bands])
