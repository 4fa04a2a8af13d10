"""Fitting isophotes to a galaxy, without its clumps and whatever else is on it."""

from __future__ import annotations

import math

import numpy as np

from clump_detector.core import boxes as geometry
from clump_detector.core.boxes import Boxes
from clump_detector.photometry.aperture.profile import shape_of
from clump_detector.photometry.field import Field
from clump_detector.photometry.host import POINT, Host

from .ellipses import Isophotes, Shapes
from .image import fit_image, hidden_in, planes_of
from .rings import ring_light
from .shape_fits import LEAST, fitted_ellipses, sersic_ellipses

#: A galaxy whose light ends within so many FWHM has no isophotes that could be told
#: from the PSF's.
SMALLEST = 2.0

#: Less of it than this share that is not hidden, or missing, is too little.
LEAST_SEEN = 0.3

_WHAT = "isophotes"


def fit_isophotes(field: Field, boxes: Boxes) -> Isophotes:
    """Fit the isophotes of a cutout's galaxy.

    Parameters
    ----------
    field : Field
        Of fluxes or of a picture; of a picture the light is in units of its own, since
        its curve is not known.
    boxes : array of shape (n, 4)
        Its clumps', in pixels: left out.

    Raises
    ------
    ImageError
        If there is no galaxy in the middle, or too little of it.
    """
    host = field.host
    if host is None:
        raise field.refused(_WHAT, "no galaxy was found in its middle")
    planes, bands, level, noise = planes_of(field)
    hidden = hidden_in(field, host, planes, geometry.as_boxes(boxes))
    reach = _reach(host)
    if reach < SMALLEST * field.fwhm or host.radius < POINT * field.fwhm:
        raise field.refused(_WHAT, "its galaxy is too small")
    if (host.mask & ~hidden).sum() < LEAST_SEEN * host.mask.sum():
        raise field.refused(_WHAT, "most of its galaxy is hidden by clumps")
    plane = planes[host.band] - level[host.band]
    image = fit_image(field, host, plane, hidden, reach)
    notes: list[str] = []
    found = fitted_ellipses(image, host, reach, field.fwhm)
    kind = "isophotes"
    if found is None:
        kind = "Sersic"
        notes.append(
            "No isophotes converged: all ellipses have the shape of one Sersic profile."
        )
        found = sersic_ellipses(image, host, reach, field.fwhm)
    if field.cutout.is_picture:
        notes.append("A picture: the light is relative, and its curve was guessed.")
    elif host.cut:
        notes.append("The galaxy reaches over the edge of the image.")
    shapes, ellipticity_error, angle_error = found
    light, error, area = ring_light(planes, level, noise, hidden, shapes)
    known = np.isfinite(light[host.band])
    if known.sum() < LEAST:
        raise field.refused(_WHAT, "its galaxy has too few pixels")
    shapes = Shapes(
        shapes.x,
        shapes.y,
        shapes.radii[known],
        shapes.ellipticity[known],
        shapes.angle[known],
    )
    return Isophotes(
        kind=kind,
        fitted_in=bands[host.band],
        shapes=shapes,
        ellipticity_error=ellipticity_error[known],
        angle_error=angle_error[known],
        bands=bands,
        light=light[:, known],
        error=error[:, known],
        area=area[known],
        scale=field.cutout.scale,
        jansky=() if field.cutout.is_picture else field.cutout.jansky,
        notes=tuple(notes),
    )


def _reach(host: Host) -> float:
    """Return the semi-major axis of the galaxy's segment, in pixels."""
    ratio, _ = shape_of(host.mask)
    return math.sqrt(float(host.mask.sum()) / (math.pi * ratio))
