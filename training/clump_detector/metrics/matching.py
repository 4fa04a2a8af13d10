"""How well boxes were found: completeness, purity and how sure we are of them.

Boxes are matched by the distance of their centres, since IoU is harsh on small boxes:
a centre 0.6 FWHM off has an IoU of 0.54 only. Numbers are pooled over galaxies, and
their uncertainty comes from drawing galaxies, not boxes, with replacement: the boxes
of one galaxy share its seeing, its depth and the person who labelled it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clump_detector.core import boxes as geometry
from clump_detector.core.arrays import Floats

Verdict = Literal["better", "no clear difference", "worse"]

#: A found box that matches no true one, and one that does not count.
FALSE, IGNORED = -1, -2

#: With fewer galaxies with a true box than this a bootstrap says nothing: drawn anew,
#: they are the same few again.
FEWEST_GALAXIES = 5

_ROUNDING = 1e-9  # pixels


@dataclass(frozen=True)
class Match:
    """What became of one galaxy's boxes.

    Attributes
    ----------
    n_true : int
        Number of true boxes.
    scores : array of shape (m,)
        Scores of the found boxes, in the order given.
    partner : int array of shape (m,)
        For each found box the index of its true box, `FALSE` or `IGNORED`.
    """

    n_true: int
    scores: Floats
    partner: NDArray[np.intp]

    @property
    def counted(self) -> NDArray[np.bool_]:
        """Which found boxes are either true or false, shape (m,)."""
        return np.asarray(self.partner != IGNORED)

    @property
    def hits(self) -> NDArray[np.bool_]:
        """Which found boxes are true, shape (m,)."""
        return np.asarray(self.partner >= 0)


@dataclass(frozen=True)
class Interval:
    """A figure with its 68 % and 95 % intervals; None where it is not defined."""

    value: float | None
    inner: tuple[float, float] | None = None
    outer: tuple[float, float] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return ``{"value": v, "68": [low, high], "95": [low, high]}``."""
        return {
            "value": self.value,
            "68": None if self.inner is None else list(self.inner),
            "95": None if self.outer is None else list(self.outer),
        }


@dataclass(frozen=True)
class Curve:
    """Figures against the score from which on boxes are kept, each of shape (k,).

    Not-a-number stands where a figure is not defined: purity where nothing is found,
    completeness where nothing is there to find.
    """

    scores: Floats
    completeness: Floats
    purity: Floats
    f1: Floats

    def as_json(self) -> dict[str, list[float | None]]:
        """Return lists, with None for not-a-number."""
        return {
            name: [_finite_or_none(v) for v in getattr(self, name)]
            for name in ("scores", "completeness", "purity", "f1")
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
        """Return how many galaxies more would tell, None where these do.

        The interval narrows with the root of their number. What is to be told is the
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


def match(
    true: ArrayLike,
    found: ArrayLike,
    scores: ArrayLike,
    *,
    ignored: ArrayLike | None = None,
    fwhm: float | ArrayLike | None = None,
    limit: float = 1.0,
) -> Match:
    """Match found boxes to true ones, one to one.

    Found boxes take turns from the highest score down, and each takes the nearest true
    box that is still free and near enough. This is the practice of PASCAL VOC and COCO
    rather than the assignment of least total distance, for one reason: what a box gets
    never depends on boxes of lower score, so one matching serves every threshold, and
    a threshold can be slid without matching again.

    Parameters
    ----------
    true : array of shape (n, 4)
    found : array of shape (m, 4)
    scores : array of shape (m,)
    ignored : array of shape (k, 4), optional
        A found box whose centre lies in one of these and that matches nothing true is
        neither true nor false.
    fwhm : float or array of shape (n,), optional
        FWHM of the PSF in pixels; the true boxes' side / 2.5 unless given.
    limit : float
        Largest distance between centres, in FWHM.

    Raises
    ------
    ValueError
        If there is not one score per found box.
    """
    truth, boxes = geometry.as_boxes(true), geometry.as_boxes(found)
    confidence = np.asarray(scores, dtype=np.float64).reshape(-1)
    if len(confidence) != len(boxes):
        raise ValueError(f"{len(boxes)} boxes have {len(confidence)} scores")
    partner = np.full(len(boxes), FALSE, dtype=np.intp)
    if len(truth) and len(boxes):
        known = geometry.fwhm(truth) if fwhm is None else np.asarray(fwhm, dtype=float)
        radius = np.broadcast_to(limit * known, len(truth)) + _ROUNDING
        _take_turns(_distances(boxes, truth), radius, confidence, partner)
    if ignored is not None:
        lost = (partner == FALSE) & _centre_inside(boxes, geometry.as_boxes(ignored))
        partner[lost] = IGNORED
    return Match(len(truth), confidence, partner)


def _distances(first: geometry.Boxes, second: geometry.Boxes) -> Floats:
    apart = geometry.centres(first)[:, None] - geometry.centres(second)[None]
    return np.asarray(np.hypot(apart[..., 0], apart[..., 1]))


def _take_turns(
    distance: Floats, radius: Floats, scores: Floats, partner: NDArray[np.intp]
) -> None:
    """Fill ``partner`` (m,) from distances (m, n) and radii (n,)."""
    distance = np.where(distance <= radius, distance, np.inf)
    candidates = distance.min(axis=1) < np.inf
    for index in np.argsort(-scores, kind="stable"):
        if candidates[index]:
            nearest = int(np.argmin(distance[index]))
            if np.isfinite(distance[index, nearest]):
                partner[index] = nearest
                distance[:, nearest] = np.inf


def _centre_inside(boxes: geometry.Boxes, areas: geometry.Boxes) -> NDArray[np.bool_]:
    x, y = geometry.centres(boxes).T[:, :, None]
    x1, y1, x2, y2 = areas.T[:, None]
    inside = (x >= x1) & (x <= x2) & (y >= y1) & (y <= y2)
    return np.asarray(inside.any(axis=1))


def counts(matches: Sequence[Match], score: float = 0.0) -> NDArray[np.int64]:
    """Return (true boxes, hits, false boxes) per galaxy at a score, shape (g, 3)."""
    rows = np.zeros((len(matches), 3), dtype=np.int64)
    for row, one in zip(rows, matches, strict=True):
        kept = one.scores >= score
        hits = int((kept & one.hits).sum())
        row[:] = one.n_true, hits, int((kept & one.counted).sum()) - hits
    return rows


def completeness_purity(
    matches: Sequence[Match], score: float = 0.0
) -> tuple[float | None, float | None]:
    """Return (completeness, purity) of all galaxies together at a score.

    Completeness is None where there is no true box, purity where nothing is found.
    """
    figures = _figures(counts(matches, score).sum(axis=0))
    return _finite_or_none(figures[0]), _finite_or_none(figures[1])


def f1(matches: Sequence[Match], score: float = 0.0) -> float | None:
    """Return the harmonic mean of completeness and purity, None without any box."""
    return _finite_or_none(_figures(counts(matches, score).sum(axis=0))[2])


def false_per_empty(matches: Sequence[Match], score: float = 0.0) -> float | None:
    """Return false boxes per galaxy without any true box, None without such ones."""
    rows = counts(matches, score)
    empty = rows[:, 0] == 0
    return float(rows[empty, 2].mean()) if empty.any() else None


def curve(matches: Sequence[Match], scores: ArrayLike | None = None) -> Curve:
    """Return completeness, purity and F1 against score.

    Parameters
    ----------
    matches : sequence of Match
    scores : array, optional
        Where to give the figures; every score at which they change unless given.
    """
    values = _joined([m.scores[m.counted] for m in matches])
    hits = _joined([m.hits[m.counted] for m in matches])
    order = np.argsort(-values, kind="stable")
    values, hits = values[order], np.cumsum(hits[order])
    at = np.unique(values) if scores is None else np.asarray(scores, dtype=np.float64)
    n_found = np.searchsorted(-values, -at, side="right")
    n_hits = np.concatenate([[0.0], hits])[n_found]
    n_true = np.full(len(at), float(sum(m.n_true for m in matches)))
    figures = _figures(np.stack([n_true, n_hits, n_found - n_hits]))
    return Curve(at, figures[0], figures[1], figures[2])


def best_score(matches: Sequence[Match]) -> float | None:
    """Return the score with the highest F1, the higher of equal ones.

    None where there is nothing to find or nothing found.
    """
    found = curve(matches)
    if not any(m.n_true for m in matches) or len(found.scores) == 0:
        return None
    last = len(found.f1) - 1 - int(np.argmax(found.f1[::-1]))
    return float(found.scores[last]) if found.f1[last] > 0 else None


def bootstrap(
    matches: Sequence[Match], score: float, n: int = 1000, seed: int = 0
) -> dict[str, Interval]:
    """Return completeness, purity and F1 with intervals over galaxies.

    The intervals are the 16th and 84th, and the 2.5th and 97.5th percentiles of ``n``
    samples of as many galaxies, drawn with replacement.
    """
    rows = counts(matches, score)
    drawn = np.array(list(_resampled(rows, n, seed))).reshape(-1, 3)
    return _with_intervals(_figures(rows.sum(axis=0)), np.array(_figures(drawn.T)))


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

    Raises
    ------
    ValueError
        If the two were not judged on the same galaxies.
    """
    if [m.n_true for m in old] != [m.n_true for m in new]:
        raise ValueError("the two models were judged on different galaxies")
    rows = np.hstack([counts(old, old_score), counts(new, new_score)])
    total = rows.sum(axis=0)
    value = np.array(_figures(total[3:])) - np.array(_figures(total[:3]))
    drawn = np.array(list(_resampled(rows, n, seed))).reshape(-1, 6).T
    spread = np.array(_figures(drawn[3:])) - np.array(_figures(drawn[:3]))
    difference = _with_intervals(value, spread)
    difference |= _over_all_scores(old, new, n, seed)
    n_with_true = sum(m.n_true > 0 for m in old)
    n_true = sum(m.n_true for m in old)
    verdict = _verdict(difference, n_with_true)
    return Comparison(difference, verdict, len(rows), n_with_true, n_true)


def _verdict(difference: dict[str, Interval], n_with_true: int) -> Verdict:
    """Return better or worse where F1 at the models' own scores tells it.

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
    rankings = [_Ranking(matches) for matches in (old, new)]
    once = np.ones(len(old))
    before, after = (np.array(r.figures(once)) for r in rankings)
    times = list(_times(len(old), n, seed))
    drawn = [[r.figures(t) for t in times] for r in rankings]
    spread = (np.array(drawn[1]) - np.array(drawn[0])).reshape(-1, 2).T
    return {
        name: _interval(float(value), sample)
        for name, value, sample in zip(
            ("average_precision", "best_f1"), after - before, spread, strict=True
        )
    }


def average_precision(matches: Sequence[Match]) -> float | None:
    """Return the area under purity against completeness, None without a true box.

    Boxes are matched by their centres, and purity at a completeness is the best one at
    that completeness or a higher one, as PASCAL VOC has it since 2010.
    """
    return _finite_or_none(_Ranking(matches).figures(np.ones(len(matches)))[0])


class _Ranking:
    """All boxes of some galaxies by score, to be counted with galaxies drawn anew."""

    def __init__(self, matches: Sequence[Match]) -> None:
        scores = _joined([m.scores[m.counted] for m in matches])
        hits = _joined([m.hits[m.counted] for m in matches])
        which = _joined(
            [np.full(int(m.counted.sum()), i) for i, m in enumerate(matches)]
        )
        order = np.argsort(-scores, kind="stable")
        self._hits, self._galaxy = hits[order], which[order].astype(np.intp)
        # Boxes of one score are found together: figures count after the last of them.
        kept = scores[order]
        self._last = np.append(kept[1:] != kept[:-1], True)[: len(kept)]
        self._n_true = np.array([m.n_true for m in matches], dtype=np.float64)

    def figures(self, times: ArrayLike) -> tuple[float, float]:
        """Return (average precision, best F1) with each galaxy so many times."""
        times = np.asarray(times, dtype=np.float64)
        n_true = float(times @ self._n_true) if len(times) else 0.0
        if not n_true:
            return np.nan, np.nan
        weight = times[self._galaxy]
        hits = np.cumsum(weight * self._hits)[self._last]
        found = np.cumsum(weight)[self._last]
        with np.errstate(invalid="ignore", divide="ignore"):
            purity = np.nan_to_num(hits / found)
        if not len(hits):
            return 0.0, 0.0
        envelope = np.maximum.accumulate(purity[::-1])[::-1]
        gained = np.diff(hits, prepend=0.0) / n_true
        best = float((2 * hits / (n_true + found)).max())
        return float((gained * envelope).sum()), best


def _times(n_rows: int, n: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield ``n`` times how often each row is drawn, of as many with replacement."""
    random = np.random.default_rng(seed)
    for _ in range(n if n_rows else 0):
        yield np.bincount(random.integers(n_rows, size=n_rows), minlength=n_rows)


def _resampled(rows: NDArray[np.int64], n: int, seed: int) -> Iterator[Floats]:
    """Yield ``n`` sums of as many rows as there are, drawn with replacement."""
    for times in _times(len(rows), n, seed):
        yield (times @ rows).astype(np.float64)


def _figures(sums: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return (completeness, purity, F1) of (true boxes, hits, false boxes)."""
    n_true, hits, false = np.asarray(sums, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (
            np.divide(hits, n_true),
            np.divide(hits, hits + false),
            np.divide(2 * hits, n_true + hits + false),
        )


def _with_intervals(values: ArrayLike, samples: Floats) -> dict[str, Interval]:
    names = ("completeness", "purity", "f1")
    return {
        name: _interval(float(value), sample)
        for name, value, sample in zip(names, np.asarray(values), samples, strict=True)
    }


def _interval(value: float, samples: Floats) -> Interval:
    samples = samples[np.isfinite(samples)]
    if not np.isfinite(value) or len(samples) == 0:
        return Interval(_finite_or_none(value))
    outer_low, low, high, outer_high = np.percentile(samples, [2.5, 16, 84, 97.5])
    return Interval(
        value, (float(low), float(high)), (float(outer_low), float(outer_high))
    )


def _joined(parts: Sequence[NDArray[Any]]) -> Floats:
    return np.concatenate([np.zeros(0), *parts]).astype(np.float64)


def _finite_or_none(value: Any) -> float | None:
    number = float(value)
    return number if np.isfinite(number) else None
