"""Conversion of the numbers in a file to a box's corners or its sky position."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from .external import Corners, SkyPosition


def corners_of(values: Iterable[float | None], *, edges: bool = True) -> Corners | None:
    """Return x1, y1, x2, y2 in order, or None if one is missing or there is no area.

    Parameters
    ----------
    values : iterable of four (float or None)
        Pixels.
    edges : bool
        Whether they are counted from the corner of the first pixel, as in COCO, rather
        than from its centre.
    """
    given = list(values)
    if len(given) != 4 or any(v is None or not math.isfinite(v) for v in given):
        return None
    x1, y1, x2, y2 = (float(v) for v in given if v is not None)
    (x1, x2), (y1, y2) = sorted((x1, x2)), sorted((y1, y2))
    if x2 <= x1 or y2 <= y1:
        return None
    half = 0.5 if edges else 0.0
    return x1 - half, y1 - half, x2 - half, y2 - half


def around(points: Sequence[tuple[float, float]]) -> Corners | None:
    """Return the corners of the box around points (x, y), or None if it has no area."""
    if len(points) < 2:
        return None
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return corners_of((min(xs), min(ys), max(xs), max(ys)), edges=False)


def sky_position(
    ra: float | None,
    dec: float | None,
    *,
    host: tuple[float | None, float | None] = (None, None),
    fwhm: float | None = None,
) -> SkyPosition | None:
    """Return a position on the sky, or None where the numbers are not valid.

    Parameters
    ----------
    ra, dec : float or None
        Degrees.
    host : (float or None, float or None)
        Right ascension and declination of the galaxy in degrees.
    fwhm : float or None
        FWHM of the PSF in arcsec.
    """
    if ra is None or dec is None or not (-360 <= ra <= 360 and -90 <= dec <= 90):
        return None
    at = None if host[0] is None or host[1] is None else (host[0], host[1])
    if at is not None and not (-360 <= at[0] <= 360 and -90 <= at[1] <= 90):
        at = None
    good = fwhm if fwhm is not None and 0 < fwhm < 100 else None
    return SkyPosition(ra % 360, dec, host=at, fwhm=good)


def share(score: float | None) -> float | None:
    """Return a score from 0 to 1, or None where the number is out of range."""
    return score if score is not None and 0 <= score <= 1 else None
