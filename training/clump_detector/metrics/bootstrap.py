"""Uncertainty of completeness, purity and F1, and the comparison of two models.

It comes from drawing galaxies, not boxes, with replacement: the boxes of one galaxy
share its seeing, its depth and the user who labelled it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clump_detector.core.arrays import Floats
from clump_detector.core.json_types import JsonObject

from .matching import Match, Ranking, counts, finite_or_none, rates

Verdict = Literal["better", "no clear difference", "worse"]

#: With fewer galaxies with a true box than this a bootstrap gives nothing: drawn anew,
#: they are the same few again.
FEWEST_GALAXIES = 5


@dataclass(frozen=True)
class Interval:
    """A value with its 68 % and 95 % intervals; None where it is not defined.

    Attributes
    ----------
    value : float or None
    inner, outer : (float, float) or None
        The 68 % and the 95 % interval.
    """

    value: float | None
    inner: tuple[float, float] | None = None
    outer: tuple[float, float] | None = None

    @classmethod
    def from_json(cls, table: JsonObject) -> Interval:
        """Return the interval that `as_json` gave."""
        inner, outer = (table[k] and tuple(table[k]) for k in ("68", "95"))
        return cls(table["value"], inner, outer)

    def __str__(self) -> str:
        """Return the value with its 95 % interval, such as 0.82 (0.79 to 0.86)."""
        if self.value is None:
            return "not defined"
        if self.outer is None:
            return f"{self.value:.2f}"
        low, high = self.outer
        return f"{self.value:.2f} ({low:.2f} to {high:.2f})"

    def as_json(self) -> dict[str, float | list[float] | None]:
        """Return ``{"value": v, "68": [low, high], "95": [low, high]}``."""
        return {
            "value": self.value,
            "68": None if self.inner is None else list(self.inner),
            "95": None if self.outer is None else list(self.outer),
        }


@dataclass(frozen=True)
class Comparison:
    """New minus old on the same galaxies, and what that amounts to.

    Attributes
    ----------
    difference : dict of str to Interval
        Of ``completeness``, ``purity`` and ``f1``, each model at its own score, and of
        ``average_precision`` and ``best_f1``, over all scores.
    verdict : str
    n_galaxies, n_with_true, n_true : int
        Galaxies, those of them with a true box, and true boxes.
    """

    difference: dict[str, Interval]
    verdict: Verdict
    n_galaxies: int
    n_with_true: int
    n_true: int

    @property
    def too_few(self) -> bool:
        """Whether there are too few galaxies with a true box for any verdict."""
        return self.n_with_true < FEWEST_GALAXIES

    def more_needed(self, least: float = 0.05) -> int | None:
        """Return how many more galaxies are needed, None where these do.

        The interval narrows with the root of their number. What is to be shown is the
        difference in F1 that was found, or ``least`` where that is greater.
        """
        if self.verdict != "no clear difference":
            return None
        f1 = self.difference["f1"]
        if self.too_few or f1.value is None or f1.outer is None:
            missing = max(2 * FEWEST_GALAXIES - self.n_with_true, 1)
            share = self.n_with_true / max(self.n_galaxies, 1)
            return int(np.ceil(missing / share)) if share else missing
        half = (f1.outer[1] - f1.outer[0]) / 2
        times = (half / max(abs(f1.value), least)) ** 2
        return max(int(np.ceil((times - 1) * self.n_galaxies)), 1)


def bootstrap(
    matches: Sequence[Match], score: float, n: int = 1000, seed: int = 0
) -> dict[str, Interval]:
    """Return completeness, purity and F1 with intervals over galaxies.

    The intervals are the 16th and 84th, and the 2.5th and 97.5th percentiles of ``n``
    samples of as many galaxies, drawn with replacement.

    Parameters
    ----------
    matches : sequence of Match
        One per galaxy.
    score : float
        Boxes count from this score on.
    n : int
        Number of samples.
    seed : int

    Returns
    -------
    dict
        ``completeness``, ``purity`` and ``f1``, without intervals where there are fewer
        than `FEWEST_GALAXIES` galaxies.
    """
    return bootstrap_counts(counts(matches, score), n, seed)


def bootstrap_counts(
    rows: NDArray[np.int64], n: int = 1000, seed: int = 0
) -> dict[str, Interval]:
    """Return what `bootstrap` returns, from counts.

    Parameters
    ----------
    rows : int array of shape (g, 3)
        As `matching.counts` returns them.
    n : int
        Number of samples.
    seed : int
    """
    # Drawn anew, few galaxies are the same few again: their spread would claim far
    # more than they tell.
    few = len(rows) < FEWEST_GALAXIES
    drawn = np.array([] if few else list(_resampled(rows, n, seed))).reshape(-1, 3)
    return _with_intervals(rates(rows.sum(axis=0)), np.array(rates(drawn.T)))


def in_words(intervals: Mapping[str, Interval]) -> str:
    """Return completeness and purity, with what their intervals are where they are.

    Parameters
    ----------
    intervals : mapping of str to Interval
        As `bootstrap` returns them.
    """
    shown = {name: intervals[name] for name in ("completeness", "purity")}
    values = " and ".join(f"{name} {value}" for name, value in shown.items())
    return values + (" (95 %)" if any(v.outer for v in shown.values()) else "")


def compare(
    old: Sequence[Match],
    new: Sequence[Match],
    old_score: float,
    new_score: float,
    n: int = 1000,
    seed: int = 0,
) -> Comparison:
    """Compare two models on the same galaxies, in the same order.

    Each sample draws the same galaxies for both, so that what makes a galaxy hard is
    no difference. A model is better or worse if the 95 % interval of the difference in
    F1, or else in average precision, leaves out 0, and they do not contradict each
    other; with fewer than `FEWEST_GALAXIES` galaxies with a true box it never is.

    Parameters
    ----------
    old, new : sequence of Match
    old_score, new_score : float
        The score from which each model's boxes count.
    n : int
        Number of samples.
    seed : int

    Raises
    ------
    ValueError
        If the two were not evaluated on the same galaxies.
    """
    if [m.n_true for m in old] != [m.n_true for m in new]:
        raise ValueError("the two models were evaluated on different galaxies")
    rows = np.hstack([counts(old, old_score), counts(new, new_score)])
    total = rows.sum(axis=0)
    value = np.array(rates(total[3:])) - np.array(rates(total[:3]))
    drawn = np.array(list(_resampled(rows, n, seed))).reshape(-1, 6).T
    spread = np.array(rates(drawn[3:])) - np.array(rates(drawn[:3]))
    difference = _with_intervals(value, spread)
    difference |= _over_all_scores(old, new, n, seed)
    n_with_true = sum(m.n_true > 0 for m in old)
    n_true = sum(m.n_true for m in old)
    verdict = _verdict(difference, n_with_true)
    return Comparison(difference, verdict, len(rows), n_with_true, n_true)


def _verdict(difference: dict[str, Interval], n_with_true: int) -> Verdict:
    """Return better or worse where F1 at the models' own scores shows it.

    Where F1 does not, the average precision may: boxes are ranked better. Where the
    two contradict each other, there is no clear difference.
    """
    f1, ranking = (_side(difference[k]) for k in ("f1", "average_precision"))
    if n_with_true < FEWEST_GALAXIES or f1 * ranking < 0:
        return "no clear difference"
    return ("no clear difference", "better", "worse")[f1 or ranking]


def _side(interval: Interval) -> int:
    """Return +1 or -1 where the 95 % interval leaves out 0, and else 0."""
    if interval.outer is None:
        return 0
    low, high = interval.outer
    return int(low > 0) - int(high < 0)


def _over_all_scores(
    old: Sequence[Match], new: Sequence[Match], n: int, seed: int
) -> dict[str, Interval]:
    """Return differences of average precision and of the best F1, new minus old."""
    rankings = [Ranking(matches) for matches in (old, new)]
    once = np.ones(len(old))
    before, after = (np.array(r.values(once)) for r in rankings)
    times = list(_times(len(old), n, seed))
    drawn = [[r.values(t) for t in times] for r in rankings]
    spread = (np.array(drawn[1]) - np.array(drawn[0])).reshape(-1, 2).T
    return {
        name: _interval(float(value), sample)
        for name, value, sample in zip(
            ("average_precision", "best_f1"), after - before, spread, strict=True
        )
    }


def _times(n_rows: int, n: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield ``n`` times how often each row is drawn, of as many with replacement."""
    random = np.random.default_rng(seed)
    for _ in range(n if n_rows else 0):
        yield np.bincount(random.integers(n_rows, size=n_rows), minlength=n_rows)


def _resampled(rows: NDArray[np.int64], n: int, seed: int) -> Iterator[Floats]:
    """Yield ``n`` sums of as many rows as there are, drawn with replacement."""
    for times in _times(len(rows), n, seed):
        yield (times @ rows).astype(np.float64)


def _with_intervals(values: ArrayLike, samples: Floats) -> dict[str, Interval]:
    names = ("completeness", "purity", "f1")
    return {
        name: _interval(float(value), sample)
        for name, value, sample in zip(names, np.asarray(values), samples, strict=True)
    }


def _interval(value: float, samples: Floats) -> Interval:
    samples = samples[np.isfinite(samples)]
    if not np.isfinite(value) or len(samples) == 0:
        return Interval(finite_or_none(value))
    outer_low, low, high, outer_high = np.percentile(samples, [2.5, 16, 84, 97.5])
    return Interval(
        value, (float(low), float(high)), (float(outer_low), float(outer_high))
    )
