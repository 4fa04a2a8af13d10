"""Why a clump of a catalogue may be none: all reasons in one place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import Floats
from clump_detector.photometry.flags import Quality
from clump_detector.photometry.results import Measured

#: A clump below this signal-to-noise ratio in each band is faint.
FAINT = 5.0

#: Flags that concern whether it is a clump; the others concern its fluxes.
_FLAGS = {
    Quality.OUTSIDE_HOST: "outside the galaxy",
    Quality.ON_NUCLEUS: "on the nucleus",
    Quality.NO_CENTROID: "no peak in the box",
}


def doubts(
    measured: Measured,
    looks: Sequence[str | None],
    artefacts: Sequence[str | None],
    area: NDArray[np.int64],
) -> list[str | None]:
    """Return the reasons to doubt that clumps are clumps, None where there is none.

    Parameters
    ----------
    measured : Measured
    looks : sequence of str or None
        What each looks like, of `clump_detector.photometry.objects.chances.OBJECTS`.
    artefacts : sequence of str or None
        Which artefacts lie on each one's box.
    area : int array of shape (n,)
        Pixels of each one's segment; 0 where it does not stand out.
    """
    signal = _signal(measured)
    found: list[str | None] = []
    for k in range(len(measured)):
        flags = int(measured.flags[k])
        reasons = [words for flag, words in _FLAGS.items() if flags & flag]
        if signal[k] < FAINT:
            reasons.append(f"S/N below {FAINT:g}")
        if not area[k]:
            reasons.append("does not stand out")
        if looks[k] not in (None, "clump"):
            reasons.append(f"looks like {looks[k]}")
        if artefacts[k]:
            reasons.append(f"artefact: {artefacts[k]}".replace("; ", ", "))
        found.append("; ".join(reasons) or None)
    return found


def _signal(measured: Measured) -> Floats:
    """Return the best signal-to-noise ratio of all bands, NaN where none is known."""
    best = np.full(len(measured), -np.inf)
    if measured.bands:
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = measured.flux / measured.error
        best = np.where(np.isfinite(ratio), ratio, -np.inf).max(axis=1)
    return np.where(np.isfinite(best), best, np.nan)
