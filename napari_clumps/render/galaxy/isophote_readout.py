"""Isophotes in words, rows and curves, for the panel. No Qt, no napari."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clump_detector.core.arrays import Floats

from .fits import FittedIsophotes

#: Heads of the table's columns, and what they say.
HEADS = (
    ("radius", "Semi-major axis"),
    ("brightness", "Along the ellipse, in the band that was fitted"),
    ("ellipticity", "1 - minor over major axis"),
    ("angle", "Position angle of the major axis"),
)


@dataclass(frozen=True)
class Curve:
    """One quantity against the semi-major axis.

    Attributes
    ----------
    title : str
        With its unit.
    values, errors : array of shape (n,)
        NaN where there is none.
    falls : bool
        Whether larger values are drawn lower, as magnitudes are.
    """

    title: str
    values: Floats
    errors: Floats
    falls: bool = False


@dataclass(frozen=True)
class IsophoteReadout:
    """What the panel shows of a galaxy's isophotes.

    Attributes
    ----------
    title : str
    radii : array of shape (n,)
        Semi-major axes in `unit`.
    unit : str
    curves : tuple of Curve
    rows : tuple of tuple of str
        One a isophote, a text for each of `HEADS`.
    notes : tuple of str
    """

    title: str
    radii: Floats
    unit: str
    curves: tuple[Curve, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def isophote_readout(answer: FittedIsophotes) -> IsophoteReadout:
    """Return what the panel shows.

    Parameters
    ----------
    answer : FittedIsophotes
    """
    found, shapes = answer.found, answer.found.shapes
    unit, scale = ("arcsec", found.scale) if found.scale else ("px", 1.0)
    radii = shapes.radii * scale
    brightness = _brightness(answer)
    on_sky = bool(np.isfinite(answer.angles).all())
    angles = answer.angles if on_sky else np.degrees(shapes.angle)
    turn = "position angle, ° (N over E)" if on_sky else "angle to the columns, °"
    curves = (
        brightness,
        Curve("ellipticity", shapes.ellipticity, found.ellipticity_error),
        # 179 and 1 degree are neighbours.
        Curve(turn, np.unwrap(angles, period=180), np.degrees(found.angle_error)),
    )
    digits = 2 if brightness.falls else 3
    rows = tuple(
        (
            f"{radius:.1f} {unit}" if unit == "px" else f"{radius:.2f}″",
            "" if np.isnan(light) else f"{light:.{digits}g}" if digits == 3 else
            f"{light:.2f}",
            _with_error(flat, error, 2),
            _with_error(angle, wrong, 0) + "°",
        )
        for radius, light, flat, error, angle, wrong in zip(
            radii, brightness.values, shapes.ellipticity, found.ellipticity_error,
            angles, np.degrees(found.angle_error), strict=True,
        )
    )  # fmt: skip
    n = len(radii)
    fitted = int(np.isfinite(found.ellipticity_error).sum())
    title = f"{n} ellipses in {found.fitted_in}"
    title += f", {fitted} of them fitted" if found.kind == "isophotes" else ""
    return IsophoteReadout(title, radii, unit, curves, rows, found.notes)


def _brightness(answer: FittedIsophotes) -> Curve:
    found = answer.found
    band = found.bands.index(found.fitted_in)
    light, error = found.light[band], found.error[band]
    magnitudes = found.surface_brightness[band]
    if np.isfinite(magnitudes).any():
        positive = np.where(light > 0, light, np.nan)
        wrong = 2.5 / np.log(10) * error / positive
        title = f"{found.fitted_in}, mag / arcsec²"
        return Curve(title, magnitudes, wrong, falls=True)
    return Curve(f"light in {found.fitted_in}, relative", light, error)


def _with_error(value: float, error: float, digits: int) -> str:
    said = f"{value:.{digits}f}"
    return said if np.isnan(error) else f"{said}±{error:.{digits}f}"
