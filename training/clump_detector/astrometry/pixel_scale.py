"""The range of plausible pixel scales, wherever one is stated."""

from __future__ import annotations

#: Arcsec per pixel. No image of galaxies is finer (the finest, of the ELT, have 0.004),
#: and in coarser ones no galaxy shows clumps.
FINEST, COARSEST = 0.005, 30.0

#: Units that are mistaken for arcsec, and how many arcsec each is.
_MISTAKEN = (
    ("degrees", 3600.0),
    ("arcmin", 60.0),
    ("radians", 206264.806),
    ("milliarcsec", 1e-3),
)


def is_plausible(scale: float) -> bool:
    """Return whether a scale, in arcsec per pixel, is that of an image of a galaxy."""
    return FINEST <= scale <= COARSEST


def doubt(scale: float) -> str:
    """Return why a scale is not plausible, with the unit that it may be in.

    Parameters
    ----------
    scale : float
        Arcsec per pixel, outside of the range.

    Returns
    -------
    str
        A clause without subject, to follow the name of the key or column.
    """
    reason = (
        f"would be {scale:.4g}″ per pixel, outside {FINEST:g}″ to {COARSEST:g}″"
    )  # fmt: skip
    for unit, factor in _MISTAKEN:
        # Most pixels are between 0.02 and 5 arcsec wide.
        if 0.02 <= scale * factor <= 5:
            return f"{reason} (in {unit} it would be {scale * factor:.3g}″)"
    return reason
