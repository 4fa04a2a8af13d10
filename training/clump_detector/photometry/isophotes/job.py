"""The isophotes of one of many galaxies, in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.core import boxes as geometry
from clump_detector.core.errors import ClumpError
from clump_detector.image_files.sources import Source
from clump_detector.images.cutout import read_cutout
from clump_detector.photometry.field import prepare

from .fit import fit_isophotes
from .table import as_table, write_residual

if TYPE_CHECKING:
    from astropy.table import Table


@dataclass(frozen=True)
class IsophoteJob:
    """A cutout whose isophotes are fitted.

    Attributes
    ----------
    source : Source
    corners : tuple of (x1, y1, x2, y2)
        Its clumps: left out.
    residual : path or None
        Where the light that is left is written.
    """

    source: Source
    corners: tuple[tuple[float, float, float, float], ...] = ()
    residual: Path | None = None


@dataclass(frozen=True)
class FittedGalaxy:
    """What came of a cutout.

    Attributes
    ----------
    name : str
    table : astropy.table.Table or None
        None where there are no isophotes.
    notes : tuple of str
        Sentences: why there are none, or what is special.
    """

    name: str
    table: Table | None
    notes: tuple[str, ...] = ()


def fit_galaxy(job: IsophoteJob) -> FittedGalaxy:
    """Return the isophotes of one galaxy, or why it has none.

    Parameters
    ----------
    job : IsophoteJob
    """
    name = job.source.name
    try:
        cutout = read_cutout(job.source)
        corners = geometry.as_boxes(job.corners)
        guess = float(np.median(geometry.fwhm(corners))) if len(corners) else None
        field = prepare(cutout, guess=guess)
        found = fit_isophotes(field, corners)
        if job.residual is not None:
            write_residual(field, found, job.residual)
    except ClumpError as error:
        return FittedGalaxy(name, None, (error.message,))
    notes = tuple(f"{name}: {note}" for note in found.notes)
    return FittedGalaxy(name, as_table(cutout, found), notes)
