"""From a galaxy's isophotes and structure to the rows of tables."""

from __future__ import annotations

import numpy as np

from clump_detector.core.arrays import Floats
from clump_detector.fluxes.magnitudes import magnitude_errors
from clump_detector.photometry.field import Field
from clump_detector.photometry.isophotes.ellipses import Isophotes
from clump_detector.photometry.structure.values import VALUES, Structure

from .builder import Rows


def isophote_rows(found: Isophotes, angles: Floats) -> Rows:
    """Return the columns of a galaxy's isophotes; whose they are is to be added.

    Parameters
    ----------
    found : Isophotes
    angles : array of shape (n,)
        Of the major axes on the sky, in degrees.
    """
    shapes, scale = found.shapes, found.scale or np.nan
    n = len(shapes.radii)
    rows: Rows = {
        "kind": found.kind,
        "fitted_in": found.fitted_in,
        "centre_px_x": np.full(n, shapes.x),
        "centre_px_y": np.full(n, shapes.y),
        "semi_major_px": shapes.radii,
        "semi_major_arcsec": shapes.radii * scale,
        "ellipticity": shapes.ellipticity,
        "ellipticity_err": found.ellipticity_error,
        "angle_px": np.degrees(shapes.angle),
        "angle_err": np.degrees(found.angle_error),
        "position_angle": angles,
        "pixels": found.area.astype(int),
    }
    brightness = found.surface_brightness
    errors = magnitude_errors(found.light, found.error)
    both = {"light": found.light, "light_err": found.error}
    known = {
        "mu": brightness,
        "mu_err": np.where(np.isfinite(brightness), errors, np.nan),
    }
    for k, band in enumerate(found.bands):
        measured = both | (known if np.isfinite(brightness[k]).any() else {})
        for name, values in measured.items():
            rows.setdefault(f"{name}_{{band}}", {})[band] = values[k]
    return rows


def structure_rows(field: Field, found: Structure) -> Rows:
    """Return the catalogue's columns of a galaxy's structure.

    Parameters
    ----------
    field : Field
    found : Structure
        Of its galaxy.

    Returns
    -------
    dict
        NaN where something was not measured, or has no unit.
    """
    cutout = field.cutout
    units = cutout.jansky
    jansky = units[field.bands.index(found.band)] if units else None
    values, error = found.in_units(cutout.scale, jansky)
    row: Rows = {}
    for k, value in enumerate(VALUES):
        row[value.column], row[f"{value.column}_err"] = (
            float(values[k]),
            float(error[k]),
        )
    return row | {
        "galaxy_structure_band": found.band,
        "galaxy_structure_quality": found.quality,
    }
