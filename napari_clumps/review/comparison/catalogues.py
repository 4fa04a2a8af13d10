"""A review compared with any catalogue of clumps, and its queue of disagreements."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clump_detector.core.errors import ReviewError
from clump_detector.evaluation.catalogues.catalogue import (
    Catalogue,
    clumps_of,
    read_clumps,
    read_clumps_on,
)
from clump_detector.evaluation.catalogues.comparison import Compared, compare_clumps
from clump_detector.evaluation.catalogues.pairing import Unit
from clump_detector.labels.label_set import LabelSet
from clump_detector.labels.placement.match import galaxy_name
from napari_clumps.review.queries.queue import QueuePlan
from napari_clumps.review.storage.steps import Step

if TYPE_CHECKING:
    from napari_clumps.review.review import Review

#: A catalogue: the label set of a review and its file, or a file of labels.
Given = tuple[LabelSet, Path] | str


def compare_catalogues(
    first: Given,
    second: Given,
    radius: float | None = None,
    unit: Unit | None = None,
) -> Generator[Step, None, Compared]:
    """Compare two catalogues; what is compared with a review lies on its images.

    Parameters
    ----------
    first, second : (LabelSet, path) or str
        The label set of a review and its file; or a file of labels, or ``vizier:`` and
        a catalogue's name.
    radius, unit
        As in `clump_detector.evaluation.catalogues.pairing.pair`.

    Yields
    ------
    (int, int)
        Cutouts on which clumps were placed, and all of them.

    Returns
    -------
    Compared

    Raises
    ------
    LabelError
        If one holds no clump, or they have no galaxy in common.
    ClumpError
        If one cannot be read.
    """
    ours = yield from _read(first, second)
    theirs = yield from _read(second, first)
    return compare_clumps(ours, theirs, radius, unit)


def _read(given: Given, other: Given) -> Generator[Step, None, Catalogue]:
    if not isinstance(given, str):
        labels, path = given
        return clumps_of(labels, path.name, path)
    if isinstance(other, str):
        return read_clumps(given)
    return (yield from read_clumps_on(given, other[0].cutouts))


def put_first(review: Review, galaxies: Sequence[str]) -> int:
    """Put galaxies first in the queue of a review; return how many it has.

    Parameters
    ----------
    review : Review
    galaxies : sequence of str
        In their order, as `Compared.galaxies` names them.

    Raises
    ------
    ReviewError
        If it has none of them, or its queue cannot be changed.
    """
    if review.read_only:
        raise ReviewError(
            "its queue cannot be changed", review.path, review.read_only_reason
        )
    known = {
        galaxy_name(name): cutout.id
        for cutout in review.cutouts()
        if cutout.repeat_of is None
        for name in (cutout.name, cutout.source.path.name)
    }
    chosen = [known[name] for name in galaxies if name in known]
    if not chosen:
        raise ReviewError(
            "it has none of the galaxies on which they differ",
            review.path,
            "Name the review of these galaxies.",
        )
    review.custom_order = tuple(chosen)
    # All are shown: those on which one differs are mostly done.
    review.queue_plan = QueuePlan("custom list")
    return len(chosen)
