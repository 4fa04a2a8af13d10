"""The cutout's frame: a galaxy that goes over its edge, and pixels of unlike sizes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from clump_detector.core.arrays import Floats

from .image import SearchedImage
from .kinds import Artefact

#: The galaxy goes over the edge where it covers this share of one side of the cutout.
ON_EDGE = 0.2

#: Pixels differ in area, or are drawn out, by this share across the cutout.
DISTORTED = 0.01


def find_edge(image: SearchedImage) -> Iterator[Artefact]:
    """Yield one find where the central galaxy goes over the cutout's edge.

    Parameters
    ----------
    image : SearchedImage
    """
    host = image.galaxy
    height, width = image.shape
    sides = {
        "upper": (host[0], (0.0, 0.0, width - 1.0, 0.0)),
        "lower": (host[-1], (0.0, height - 1.0, width - 1.0, height - 1.0)),
        "left": (host[:, 0], (0.0, 0.0, 0.0, height - 1.0)),
        "right": (host[:, -1], (width - 1.0, 0.0, width - 1.0, height - 1.0)),
    }
    name = max(sides, key=lambda one: float(sides[one][0].mean()))
    side, place = sides[name]
    share = float(side.mean())
    if share >= ON_EDGE:
        yield Artefact(
            "edge", f"the galaxy covers {share:.0%} of the {name} edge", place
        )


def find_distortion(image: SearchedImage) -> Iterator[Artefact]:
    """Yield one find where the WCS says that pixels differ across the cutout.

    Parameters
    ----------
    image : SearchedImage
    """
    if image.cutout.wcs is None:
        return
    height, width = image.shape
    corners = np.array(
        [[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]], dtype=float
    )
    shapes = [_pixel_shape(image, x, y) for x, y in corners]
    areas = np.array([area for area, _ in shapes])
    drawn = max(stretch for _, stretch in shapes)
    if not (np.isfinite(areas).all() and np.isfinite(drawn) and areas.min() > 0):
        return
    unlike = float(areas.max() / areas.min() - 1)
    if max(unlike, drawn) < DISTORTED:
        return
    yield Artefact(
        "distortion",
        f"by the WCS, pixels differ by {unlike:.1%} in area across the cutout and are "
        f"drawn out by {drawn:.1%}",
        (0.0, 0.0, width - 1.0, height - 1.0),
    )


def _pixel_shape(image: SearchedImage, x: float, y: float) -> tuple[float, float]:
    """Return a pixel's area in square degrees, and by what share it is drawn out."""
    wcs = image.cutout.wcs
    assert wcs is not None
    places = wcs.all_pix2world([[x, y], [x + 1, y], [x, y + 1]], 0)
    ra, dec = np.radians(np.array(places, dtype=float)).T
    # Unit vectors know neither poles nor where right ascension starts.
    vectors: Floats = np.column_stack(
        [np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)]
    )
    sides = np.degrees(vectors[1:] - vectors[0])
    if not np.isfinite(sides).all():
        return np.nan, np.nan
    values = np.linalg.svd(sides, compute_uv=False)
    return float(values[0] * values[1]), float(values[0] / max(values[1], 1e-12) - 1)
