"""All searches for artefacts on one cutout."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from clump_detector.core.progress import CancelToken
from clump_detector.images.cutout import Cutout

from .bands import find_band_offset
from .frame import find_distortion, find_edge
from .gaps import find_gaps
from .image import SearchedImage
from .kinds import KINDS, Artefact
from .lines import find_lines
from .sky import find_scattered_light
from .stars import find_saturated_stars, find_stars_on_galaxy

#: Cutouts with fewer pixels across are too small for any of it.
SMALLEST = 32

#: Images with more pixels across are fields of many galaxies: nothing is searched.
LARGEST = 1200

#: A line this share of the side from a part without data is its edge.
BESIDE_GAP = 0.04

_SEARCHES = (
    find_stars_on_galaxy,
    find_scattered_light,
    find_band_offset,
    find_edge,
    find_distortion,
)


def find_artefacts(
    cutout: Cutout, cancel: CancelToken | None = None
) -> tuple[Artefact, ...]:
    """Return the artefacts on a cutout, in the order of `KINDS`.

    Parameters
    ----------
    cutout : Cutout
    cancel : CancelToken, optional
        Checked between the searches.

    Raises
    ------
    Cancelled
    """
    check = (cancel or CancelToken()).check
    sides = cutout.height, cutout.width
    if min(sides) < SMALLEST or max(sides) > LARGEST:
        return ()
    if not cutout.is_picture and not np.isfinite(cutout.pixels).any():
        return ()
    image = SearchedImage.of(cutout)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # means of nothing: NaN
        stars = [*find_saturated_stars(image)]
        check()
        gaps = [one for one in find_gaps(image) if not _within(one, stars)]
        check()
        lines = [*find_lines(image, [star.place for star in stars])]
        found = [
            *stars,
            *gaps,
            *(one for one in lines if not _beside(one, gaps, image)),
        ]
        for search in _SEARCHES:
            check()
            found += search(image)
    order = list(KINDS)
    return tuple(sorted(found, key=lambda one: order.index(one.kind)))


def _within(found: Artefact, others: Sequence[Artefact]) -> bool:
    """Return whether an artefact lies inside of another one, which explains it."""
    x1, y1, x2, y2 = found.place
    return any(
        one.place[0] <= x1 and one.place[1] <= y1
        and x2 <= one.place[2] and y2 <= one.place[3]
        for one in others
    )  # fmt: skip


def _beside(line: Artefact, gaps: Sequence[Artefact], image: SearchedImage) -> bool:
    """Return whether a line is the edge of a part without data."""
    far = BESIDE_GAP * image.side
    grown = [
        Artefact(one.kind, one.reason, (x1 - far, y1 - far, x2 + far, y2 + far))
        for one in gaps
        for x1, y1, x2, y2 in (one.place,)
    ]
    return _within(line, grown)
