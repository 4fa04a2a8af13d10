"""Which injected clumps a person and a model have found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from clump_detector.core import boxes as geometry
from clump_detector.core.boxes import Boxes
from clump_detector.core.text import plural
from clump_detector.image_files.added_light import RATIOS
from clump_detector.metrics.shares import wilson
from napari_clumps.review.storage.records import Box, CutoutRecord

from .score_filter import Least

#: Edges of the bins of flux ratio.
EDGES = (RATIOS[0], 0.01, 0.03, 0.08, RATIOS[1])

#: From fewer clumps than this no share is given.
LEAST = 5

#: Fewer clumps than this prove nothing.
FEW = 50


@dataclass(frozen=True)
class InjectedClump:
    """A clump that was injected into a galaxy that is done.

    Attributes
    ----------
    cutout : int
    ratio : float
        Its flux over the galaxy's, in the bluest band.
    found : bool
        Whether the person has boxed it.
    proposed : bool or None
        Whether a model has proposed it; None where none has searched the image.
    model : str or None
    """

    cutout: int
    ratio: float
    found: bool
    proposed: bool | None
    model: str | None


def injected_clumps(
    done: Iterable[tuple[CutoutRecord, Sequence[Box]]], least: Least
) -> list[InjectedClump]:
    """Return the clumps that were injected into galaxies, and who found them.

    Parameters
    ----------
    done : iterable of (CutoutRecord, sequence of Box)
        Galaxies with injected clumps that are done.
    least : callable
        Gives the score from which a model's proposals count, by its id.
    """
    found = []
    for cutout, boxes in done:
        kept = geometry.as_boxes([box.corners for box in boxes if box.kept])
        proposed = _proposed(boxes, least)
        for one in cutout.source.added:
            by_model = bool(one.found_by(proposed).any())
            found.append(
                InjectedClump(
                    cutout.id,
                    one.ratio,
                    bool(one.found_by(kept).any()),
                    None if cutout.model is None else by_model,
                    cutout.model,
                )
            )
    return found


def _proposed(boxes: Sequence[Box], least: Least) -> Boxes:
    """Return the corners that models have proposed from their score on."""
    corners = [
        box.proposed[:4]
        for box in boxes
        if box.proposed is not None
        and box.model is not None
        and (box.score is None or box.score >= least(box.model))
    ]
    return geometry.as_boxes(corners)


@dataclass(frozen=True)
class CompletenessRow:
    """How many of the injected clumps of some flux ratios were found.

    Attributes
    ----------
    low, high : float
        The flux ratios.
    clumps, found : int
        How many there are, and how many of them the person boxed.
    searched, proposed : int
        How many a model has searched for, and how many of them it proposed.
    """

    low: float
    high: float
    clumps: int
    found: int
    searched: int
    proposed: int

    @property
    def by_person(self) -> str:
        """The share that the person found in percent, with its 68 % interval."""
        return _share(self.found, self.clumps)

    @property
    def by_model(self) -> str:
        """The share that the model proposed in percent, with its 68 % interval."""
        return _share(self.proposed, self.searched)


def completeness_rows(clumps: Sequence[InjectedClump]) -> list[CompletenessRow]:
    """Return what was found by flux ratio, and as the last row of all.

    Parameters
    ----------
    clumps : sequence of InjectedClump
    """
    bins = [*pairwise(EDGES), (EDGES[0], EDGES[-1])]
    return [
        _row(low, high, [c for c in clumps if low <= c.ratio <= high])
        for low, high in bins
    ]


def _row(low: float, high: float, inside: Sequence[InjectedClump]) -> CompletenessRow:
    return CompletenessRow(
        low,
        high,
        len(inside),
        sum(c.found for c in inside),
        sum(c.proposed is not None for c in inside),
        sum(bool(c.proposed) for c in inside),
    )


def _share(found: int, n: int) -> str:
    if not n:
        return "–"
    if n < LEAST:
        return f"{found} of {n}"
    low, high = (round(100 * bound) for bound in wilson(found, n))
    return f"{found / n:.0%} ({low}–{high})"


def completeness_in_words(clumps: Sequence[InjectedClump], waiting: int) -> str:
    """Return what the figures rest on, in sentences.

    Parameters
    ----------
    clumps : sequence of InjectedClump
    waiting : int
        Galaxies with injected clumps that are not done.
    """
    if not clumps:
        return (
            f"{plural(waiting, 'galaxy', 'galaxies')} with injected clumps "
            "among the others; none is done yet."
        )
    galaxies = len({c.cutout for c in clumps})
    words = (
        f"{plural(len(clumps), 'injected clump')} on "
        f"{plural(galaxies, 'galaxy', 'galaxies')} that you set done"
    )
    words += f"; {waiting} more to come. " if waiting else ". "
    models = sorted({c.model for c in clumps if c.model is not None})
    if models:
        words += f"Model: {', '.join(models)}, from the score that is shown. "
    if len(clumps) < FEW:
        words += f"Fewer than {FEW} clumps: mind the intervals (68 %)."
    return words.strip()
