"""What is fitted to the shown galaxy in another process: isophotes, and structure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clump_detector.core import boxes as geometry
from clump_detector.core.errors import ClumpError
from clump_detector.core.json_types import JsonObject
from clump_detector.image_files.sources import Source
from clump_detector.images.cutout import read_cutout
from clump_detector.photometry import prepare
from clump_detector.photometry.isophotes.ellipses import Isophotes
from napari_clumps.review import Corners


@dataclass(frozen=True)
class GalaxyQuestion:
    """Which galaxy something is fitted to.

    Attributes
    ----------
    source : Source
    corners : tuple of (x1, y1, x2, y2)
        The boxes on it.
    """

    source: Source
    corners: tuple[Corners, ...]


@dataclass(frozen=True)
class FittedIsophotes:
    """The isophotes of a galaxy, and what is left without them.

    Attributes
    ----------
    found : Isophotes
    angles : array of shape (n,)
        Position angles on the sky in degrees; NaN without a WCS.
    picture : uint8 array of shape (height, width, 3)
        The residual.
    """

    found: Isophotes
    angles: NDArray[np.float64]
    picture: NDArray[np.uint8]


@dataclass(frozen=True)
class FittedStructure:
    """The structure of a galaxy.

    Attributes
    ----------
    row : dict
        The catalogue's columns.
    notes : tuple of str
        Sentences for the user.
    """

    row: JsonObject
    notes: tuple[str, ...]


def fit_isophotes(question: GalaxyQuestion) -> FittedIsophotes | str:
    """Return the isophotes of a galaxy without its boxes, or why there are none.

    Parameters
    ----------
    question : GalaxyQuestion
    """
    from clump_detector.photometry.isophotes import angles, fit, picture

    corners = geometry.as_boxes(question.corners)
    try:
        field = prepare(read_cutout(question.source), boxes=corners)
        found = fit.fit_isophotes(field, corners)
    except ClumpError as error:
        return error.message
    on_sky = angles.position_angles(field.cutout, found)
    return FittedIsophotes(found, on_sky, picture.residual_picture(field, found))


def fit_structure(question: GalaxyQuestion) -> FittedStructure | str:
    """Return the structure of a galaxy, or why it was not measured.

    Parameters
    ----------
    question : GalaxyQuestion
    """
    from clump_detector.catalogue.galaxy_rows import structure_rows
    from clump_detector.photometry.structure.measure import measure_structure

    corners = geometry.as_boxes(question.corners)
    try:
        field = prepare(read_cutout(question.source), boxes=corners)
        found = measure_structure(field)
    except ClumpError as error:
        return error.message
    return FittedStructure(structure_rows(field, found), found.notes)
