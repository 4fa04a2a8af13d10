"""From what a cutout shows as a whole to the rows of tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clump_detector.astrometry.wcs import sky_positions
from clump_detector.core.arrays import Floats
from clump_detector.core.boxes import Boxes
from clump_detector.fluxes.magnitudes import (
    ab_magnitudes,
    in_jansky,
    magnitude_errors,
)
from clump_detector.images.artefacts.kinds import KINDS, Artefact, kinds_on
from clump_detector.photometry.field import Field
from clump_detector.photometry.isophotes.ellipses import Isophotes
from clump_detector.photometry.other_sources.kinds import GALAXY, STAR
from clump_detector.photometry.other_sources.sources import OtherSources
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


def artefact_rows(found: Sequence[Artefact]) -> Rows:
    """Return the columns of artefacts, a row each; whose they are is to be added.

    Parameters
    ----------
    found : sequence of Artefact
    """
    x1, y1, x2, y2 = np.array([one.place for one in found]).reshape(-1, 4).T
    return {
        "kind": [one.kind for one in found],
        "reason": [one.reason for one in found],
        "px_x1": x1,
        "px_x2": x2,
        "px_y1": y1,
        "px_y2": y2,
    }


def artefact_flags(found: Sequence[Artefact], boxes: Boxes) -> Rows:
    """Return the catalogue's columns of the artefacts on a cutout.

    Parameters
    ----------
    found : sequence of Artefact
    boxes : array of shape (n, 4)
        Corners of the clumps.
    """
    kinds = {one.kind for one in found}
    flags: Rows = {f"flag_auto_{kind}": kind in kinds for kind in KINDS}
    return flags | {"flag_auto_on_box": [kinds_on(found, box) for box in boxes]}


def source_rows(field: Field, found: OtherSources) -> Rows:
    """Return the columns of other sources, a row each; whose they are is to be added.

    Parameters
    ----------
    field : Field
    found : OtherSources
        On its cutout.
    """
    cutout, host = field.cutout, field.host
    rows: Rows = {
        "kind": list(found.kinds),
        "chance_star": found.chance_star,
        "on_galaxy": found.on_host,
        "px_x": found.x,
        "px_y": found.y,
        "area_px": found.area,
    }
    if host is not None:
        far = np.hypot(found.x - host.x, found.y - host.y)
        rows["distance_fwhm"] = far / found.fwhm
    if cutout.wcs is not None and len(found):
        ra, dec = sky_positions(cutout.wcs, found.x, found.y).T
        rows |= {"ra": ra % 360, "dec": dec}
    units = in_jansky(np.ones(len(field.bands)), cutout.jansky, len(field.bands))
    for k, band in enumerate(field.bands):
        flux, error = found.flux[:, k], found.error[:, k]
        light = {"counts": flux, "counts_err": error}
        if np.isfinite(units[k]):
            flux, error = flux * units[k], error * units[k]
            light = {"flux": flux, "flux_err": error, "mag": ab_magnitudes(flux)}
        for name, values in light.items():
            rows.setdefault(f"{name}_{{band}}", {})[band] = values
    return rows


def distances_to_sources(found: OtherSources, x: Floats, y: Floats) -> Rows:
    """Return the catalogue's columns of what is beside a cutout's clumps.

    Parameters
    ----------
    found : OtherSources
        On the cutout.
    x, y : array of shape (n,)
        Of the clumps, in pixels.
    """
    return {
        "clump_star_distance_fwhm": found.nearest(STAR, x, y),
        "clump_galaxy_distance_fwhm": found.nearest(GALAXY, x, y),
        "galaxy_stars": found.kinds.count(STAR),
        "galaxy_neighbours": found.kinds.count(GALAXY),
    }


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
