"""The structure of one of many galaxies, in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clump_detector.core import boxes as geometry
from clump_detector.core.errors import ClumpError
from clump_detector.core.json_types import JsonObject
from clump_detector.image_files.sources import Source
from clump_detector.images.cutout import read_cutout
from clump_detector.photometry.field import Field, prepare

from .measure import SAMPLES, measure_structure
from .values import VALUES, Structure


@dataclass(frozen=True)
class StructureJob:
    """A cutout whose galaxy is measured.

    Attributes
    ----------
    source : Source
    corners : tuple of (x1, y1, x2, y2)
        Its clumps: their sizes tell the PSF where nothing else does.
    samples : int
        Resampled images.
    """

    source: Source
    corners: tuple[tuple[float, float, float, float], ...] = ()
    samples: int = SAMPLES


@dataclass(frozen=True)
class MeasuredGalaxy:
    """What came of a cutout.

    Attributes
    ----------
    name : str
    row : dict or None
        Values by column; None where it was not measured.
    covariance : list of list of float or None
        Of the values in pixels and the units of the pixels.
    notes : tuple of str
        Sentences: why there are none, or what is special.
    """

    name: str
    row: JsonObject | None
    covariance: list[list[float | None]] | None = None
    notes: tuple[str, ...] = ()


def measure_galaxy(job: StructureJob) -> MeasuredGalaxy:
    """Return the structure of one galaxy, or why it has none.

    Parameters
    ----------
    job : StructureJob
    """
    name = job.source.name
    try:
        cutout = read_cutout(job.source)
        corners = geometry.as_boxes(job.corners)
        guess = float(np.median(geometry.fwhm(corners))) if len(corners) else None
        field = prepare(cutout, guess=guess)
        found = measure_structure(field, job.samples)
    except ClumpError as error:
        return MeasuredGalaxy(name, None, notes=(error.message,))
    covariance = [
        [float(v) if np.isfinite(v) else None for v in line]
        for line in found.covariance
    ]
    notes = tuple(f"{name}: {note}" for note in found.notes)
    row = {"galaxy_name": name, **columns_of(field, found)}
    return MeasuredGalaxy(name, row, covariance, notes)


def columns_of(field: Field, found: Structure) -> JsonObject:
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
    row: JsonObject = {}
    for k, value in enumerate(VALUES):
        row[value.column], row[f"{value.column}_err"] = (
            float(values[k]),
            float(error[k]),
        )
    return row | {
        "galaxy_structure_band": found.band,
        "galaxy_structure_quality": found.quality,
    }
