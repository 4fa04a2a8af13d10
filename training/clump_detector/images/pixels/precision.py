"""Conversion of doubles to singles without losing a faint signal on a high level.

A single has 24 bits: at a level of 10^6 its steps are 0.06. Where that is coarse
compared with the noise, the level is subtracted in doubles first. Display and
measurements do not depend on it, since they subtract the sky in any case.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Singles = NDArray[np.float32]
Doubles = NDArray[np.float64]

#: Values of the sample that is examined.
_ENOUGH = 100_000

#: Rounding may be this fraction of the noise.
_FINE = 0.05


def level_of(values: NDArray[np.generic]) -> float:
    """Return the level to subtract before values are converted to singles.

    Parameters
    ----------
    values : array
        Neighbouring pixels are neighbours on the last axis.

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
    """Return how much most values change when they are converted to singles."""
    with np.errstate(over="ignore", invalid="ignore"):
        lost = np.abs(values.astype(np.float32) - values)
    return float(np.quantile(lost[np.isfinite(lost)], 0.9)) if lost.size else 0.0


def as_singles(planes: NDArray[np.generic]) -> tuple[Singles, tuple[float, ...]]:
    """Return planes as singles, NaN where not finite, and the level subtracted of each.

    Fluxes as small as 1e-12 keep their digits; values that would overflow become NaN.

    Parameters
    ----------
    planes : array of shape (n, height, width)
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
    """Return a clause on the levels that were subtracted, or ''."""
    taken = dict.fromkeys(f"{level:,.7g}" for level in levels if level)
    return f"a level of {', '.join(taken)} subtracted" if taken else ""


def eight_bits(colours: NDArray[np.generic]) -> tuple[NDArray[np.uint8], int]:
    """Return colours as eight bits, and the number of bits they use.

    Cameras and converters store 8, 10, 12 or 14 bits in 16. Their number follows from
    the brightest value; read as 16 bits, such a picture would be nearly black.

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
