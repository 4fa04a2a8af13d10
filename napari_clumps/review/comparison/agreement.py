"""How far two reviewers agree, and the self-consistency of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.core.json_types import JsonObject
from clump_detector.core.text import plural
from napari_clumps.review.storage.records import Box

from .matching import pair_boxes, pair_cutouts

if TYPE_CHECKING:
    from napari_clumps.review.reader import ReviewReader

#: What is counted on each cutout, as `Agreement` names it.
_COUNTED = (
    "boxes_first", "boxes_second", "boxes_both", "same_class",
    "kept_both", "kept_first", "kept_second", "rejected_both",
)  # fmt: skip

#: Resamplings of the cutouts behind an interval.
_RESAMPLED = 1000


@dataclass(frozen=True)
class Agreement:
    """The agreement of two reviews of the same cutouts.

    Attributes
    ----------
    first, second : str
        Names of the reviewers.
    cutouts : int
        Cutouts that both have done; all other counts are of these.
    boxes_first, boxes_second, boxes_both : int
        Clumps that the first, the second and both have.
    same_class : int
        Of the clumps that both have, those of the same class.
    kept_both, kept_first, kept_second, rejected_both : int
        Of the proposals that both decided on, the numbers that both, only the first,
        only the second and none kept.
    kappa_interval : (float, float) or None
        Central 95 % of the kappas of resampled cutouts.
    """

    first: str
    second: str
    cutouts: int = 0
    boxes_first: int = 0
    boxes_second: int = 0
    boxes_both: int = 0
    same_class: int = 0
    kept_both: int = 0
    kept_first: int = 0
    kept_second: int = 0
    rejected_both: int = 0
    kappa_interval: tuple[float, float] | None = None

    @property
    def completeness_of_second(self) -> float | None:
        """Share of the first reviewer's clumps that the second has too."""
        return self.boxes_both / self.boxes_first if self.boxes_first else None

    @property
    def completeness_of_first(self) -> float | None:
        """Share of the second reviewer's clumps that the first has too."""
        return self.boxes_both / self.boxes_second if self.boxes_second else None

    @property
    def proposals(self) -> int:
        """Number of proposals that both decided on."""
        return sum(self._table)

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa of accepting or rejecting; None where it is not defined."""
        return cohens_kappa(*self._table)

    @property
    def figures(self) -> JsonObject:
        """All values, for JSON."""
        derived = ("completeness_of_first", "completeness_of_second", "kappa")
        return asdict(self) | {name: getattr(self, name) for name in derived}

    @property
    def _table(self) -> tuple[int, int, int, int]:
        return self.kept_both, self.kept_first, self.kept_second, self.rejected_both


def cohens_kappa(both: float, first: float, second: float, none: float) -> float | None:
    """Return the agreement beyond chance.

    Cohen (1960), Educational and Psychological Measurement 20, 37: (observed - expected
    by chance) / (1 - expected by chance).

    Parameters
    ----------
    both, first, second, none : float
        Numbers of cases that both, only the first, only the second and none accepted.

    Returns
    -------
    float or None
        1 for full agreement, 0 for that of chance; None where all answers are the same,
        or there are none.
    """
    n = both + first + second + none
    if not n:
        return None
    observed = (both + none) / n
    yes = (both + first) * (both + second) / n**2
    expected = yes + (second + none) * (first + none) / n**2
    return None if expected == 1 else (observed - expected) / (1 - expected)


def compare_reviews(first: ReviewReader, second: ReviewReader) -> Agreement:
    """Return how far two reviews agree on the cutouts that both have done.

    Parameters
    ----------
    first, second : ReviewReader
        Of the same cutouts.
    """
    pairs, _ = pair_cutouts(first, second)
    both_done = ((a.id, b.id) for a, b in pairs if a.done and b.done)
    names = first.reviewer, second.reviewer
    return _agreement(names, ((first.boxes(a), second.boxes(b)) for a, b in both_done))


def self_consistency(review: ReviewReader) -> Agreement:
    """Return how far a reviewer agrees with earlier decisions on repeated cutouts."""
    names = "the first time", "the second time"
    pairs = ((review.boxes(a), review.boxes(b)) for a, b in review.twice_done)
    return _agreement(names, pairs)


def _agreement(
    names: tuple[str, str], cutouts: Iterable[tuple[Sequence[Box], Sequence[Box]]]
) -> Agreement:
    rows = np.array([_counted(a, b) for a, b in cutouts]).reshape(-1, len(_COUNTED))
    interval = None
    if len(rows) > 1:
        rng = np.random.default_rng(0)
        drawn = rng.integers(len(rows), size=(_RESAMPLED, len(rows)))
        kappas = [cohens_kappa(*sums) for sums in rows[drawn, 4:].sum(axis=1)]
        known = [kappa for kappa in kappas if kappa is not None]
        if known:
            low, high = np.quantile(known, (0.025, 0.975))
            interval = float(low), float(high)
    sums: JsonObject = dict(zip(_COUNTED, map(int, rows.sum(axis=0)), strict=True))
    return Agreement(*names, len(rows), kappa_interval=interval, **sums)


def _counted(first: Sequence[Box], second: Sequence[Box]) -> tuple[int, ...]:
    """Return a cutout's counts, in the order of `_COUNTED`."""
    ours, theirs = [[b for b in boxes if b.kept] for boxes in (first, second)]
    same = pair_boxes(ours, theirs)
    decided = pair_boxes(
        [b for b in first if b.decided and b.origin != "person"],
        [b for b in second if b.decided and b.origin != "person"],
    )
    kept = Counter((a.kept, b.kept) for a, b in decided)
    return (
        len(ours), len(theirs), len(same), sum(a.cls == b.cls for a, b in same),
        kept[True, True], kept[True, False], kept[False, True], kept[False, False],
    )  # fmt: skip


def agreement_in_words(found: Agreement) -> list[str]:
    """Return an agreement in sentences."""
    first, second = found.first, found.second
    if not found.cutouts:
        return [f"There is no cutout that {first} and {second} have both done."]
    n = found.cutouts
    sentences = [f"{plural(n, 'cutout')} done by {first} and by {second}."]
    if found.boxes_first and found.boxes_second:
        sentences.append(
            f"{found.boxes_both} clumps are seen by both: "
            f"{found.boxes_both / found.boxes_first:.0%} of the {found.boxes_first} "
            f"of {first}, {found.boxes_both / found.boxes_second:.0%} of the "
            f"{found.boxes_second} of {second}."
        )
    if found.boxes_both:
        sentences.append(
            f"{found.same_class / found.boxes_both:.0%} of those in one class."
        )
    if found.proposals:
        agreed = found.kept_both + found.rejected_both
        sentences.append(
            f"{agreed} of {found.proposals} proposals are decided alike{_kappa(found)}."
        )
    return sentences


def _kappa(found: Agreement) -> str:
    if found.kappa is None:
        return ""
    words = f": Cohen's kappa {found.kappa:.2f}"
    if found.kappa_interval is not None:
        low, high = found.kappa_interval
        words += f" ({low:.2f} to {high:.2f})"
    return words
