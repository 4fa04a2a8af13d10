"""Doubles made singles without losing a faint signal on a high level.

A single has 24 bits: on a level of 10^6 it counts in steps of 0.06. Where that is
coarse beside the noise, the level is subtracted in doubles first. Nothing that is shown
or measured depends on it: the sky is subtracted in any case.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Singles = NDArray[np.float32]
Doubles = NDArray[np.float64]

#: Values of a sample that is looked at.
_ENOUGH = 100_000

#: Rounding may be this part of the noise.
_FINE = 0.05


def level_of(values: NDArray[np.generic]) -> float:
    """Return the level that has to be subtracted before values are made singles.

    Parameters
    ----------
    values : array
        Neighbours stand side by side on the last axis.

    Returns
    -------
    float
        Their median, or 0 where singles are fine enough.
    """
    step = max(1, values.size // max(values.shape[-1], 1) // (_ENOUGH // 100))
    rows = values.reshape(-1, values.shape[-1])[::step].astype(np.float64)
    known = rows[np.isfinite(rows)]
    if known.size < 2 or not _lossy(known):
        return 0.0
    steps = np.abs(np.diff(rows, axis=-1))
    steps = steps[np.isfinite(steps) & (steps > 0)]
    noise = float(1.4826 * np.median(steps) / np.sqrt(2)) if steps.size else 0.0
    level = float(np.median(known))
    lost, left = _lost(known), _lost(known - level)
    return level if lost > _FINE * noise and left < lost / 2 else 0.0


def _lossy(values: Doubles) -> bool:
    with np.errstate(over="ignore"):
        return bool((values.astype(np.float32) != values).any())


def _lost(values: Doubles) -> float:
    """Return how much most values change when they are made singles."""
    with np.errstate(over="ignore", invalid="ignore"):
        lost = np.abs(values.astype(np.float32) - values)
    return float(np.quantile(lost[np.isfinite(lost)], 0.9)) if lost.size else 0.0


def as_singles(planes: NDArray[np.generic]) -> tuple[Singles, tuple[float, ...]]:
    """Return planes as singles, NaN where not finite, and what was subtracted of each.

    Fluxes as small as 1e-12 keep their digits; ones that would overflow are no data.

    Parameters
    ----------
    planes : array
        Of shape (n, height, width).
    """
    coarse = planes.dtype.kind == "f" and planes.dtype.itemsize <= 4
    coarse |= planes.dtype.kind in "uib" and planes.dtype.itemsize <= 2
    levels = tuple(0.0 if coarse else level_of(plane) for plane in planes)
    with np.errstate(over="ignore", invalid="ignore"):
        singles = np.empty(planes.shape, dtype=np.float32)
        for single, plane, level in zip(singles, planes, levels, strict=True):
            single[:] = plane.astype(np.float64) - level if level else plane
    singles[~np.isfinite(singles)] = np.nan
    return singles, levels


def precision_in_words(levels: tuple[float, ...]) -> str:
    """Return what was subtracted, as a clause, or ''."""
    taken = dict.fromkeys(f"{level:,.7g}" for level in levels if level)
    return f"a level of {', '.join(taken)} subtracted" if taken else ""


def eight_bits(colours: NDArray[np.generic]) -> tuple[NDArray[np.uint8], int]:
    """Return colours as eight bits, and how many bits they use.

    Cameras and converters put 8, 10, 12 or 14 bits into 16: the brightest value tells.
    Taken for 16, such a picture would be nearly black.

    Parameters
    ----------
    colours : array
        uint8 or uint16.
    """
    if colours.dtype == np.uint8:
        return colours.astype(np.uint8, copy=False), 8
    most = int(colours.max(initial=0))
    bits = next((n for n in (8, 10, 12, 14) if most < 2**n), 16)
    return (colours.astype(np.uint16) >> (bits - 8)).astype(np.uint8), bits
