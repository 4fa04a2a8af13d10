"""How well boxes were found: matches, completeness, purity, F1, average precision.

Boxes are matched by the distance of their centres, since IoU is harsh on small boxes:
a centre 0.6 FWHM off has an IoU of 0.54 only. Numbers are pooled over galaxies; their
uncertainties come from `clump_detector.metrics.bootstrap`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import SupportsFloat

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clump_detector.core import boxes as geometry
from clump_detector.core.arrays import AnyArray, Floats

#: A found box that matches no true one, and one that does not count.
FALSE, IGNORED = -1, -2

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
class Curve:
    """Metrics against the score from which on boxes are kept.

    Attributes
    ----------
    scores : array of shape (k,)
    completeness, purity, f1 : array of shape (k,)
        NaN where not defined: purity where nothing is found, completeness where nothing
        is there to find.
    """

    scores: Floats
    completeness: Floats
    purity: Floats
    f1: Floats

    def as_json(self) -> dict[str, list[float | None]]:
        """Return lists, with None for not-a-number."""
        return {
            name: [finite_or_none(v) for v in getattr(self, name)]
            for name in ("scores", "completeness", "purity", "f1")
        }


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
    """Return (true boxes, hits, false boxes) per galaxy at a score, shape (g, 3).

    Parameters
    ----------
    matches : sequence of g Match
    score : float
        Boxes count from this score on.
    """
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

    Parameters
    ----------
    matches : sequence of Match
    score : float
        Boxes count from this score on.
    """
    values = rates(counts(matches, score).sum(axis=0))
    return finite_or_none(values[0]), finite_or_none(values[1])


def f1(matches: Sequence[Match], score: float = 0.0) -> float | None:
    """Return the harmonic mean of completeness and purity, None without any box.

    Parameters
    ----------
    matches : sequence of Match
    score : float
        Boxes count from this score on.
    """
    return finite_or_none(rates(counts(matches, score).sum(axis=0))[2])


def false_per_empty(matches: Sequence[Match], score: float = 0.0) -> float | None:
    """Return false boxes per galaxy without any true box, None without such ones.

    Parameters
    ----------
    matches : sequence of Match
    score : float
        Boxes count from this score on.
    """
    rows = counts(matches, score)
    empty = rows[:, 0] == 0
    return float(rows[empty, 2].mean()) if empty.any() else None


def curve(matches: Sequence[Match], scores: ArrayLike | None = None) -> Curve:
    """Return completeness, purity and F1 against score.

    Parameters
    ----------
    matches : sequence of Match
    scores : array, optional
        Where to give the values; every score at which they change unless given.
    """
    values = _joined([m.scores[m.counted] for m in matches])
    hits = _joined([m.hits[m.counted] for m in matches])
    order = np.argsort(-values, kind="stable")
    values, hits = values[order], np.cumsum(hits[order])
    at = np.unique(values) if scores is None else np.asarray(scores, dtype=np.float64)
    n_found = np.searchsorted(-values, -at, side="right")
    n_hits = np.concatenate([[0.0], hits])[n_found]
    n_true = np.full(len(at), float(sum(m.n_true for m in matches)))
    shares = rates(np.stack([n_true, n_hits, n_found - n_hits]))
    return Curve(at, shares[0], shares[1], shares[2])


def best_score(matches: Sequence[Match]) -> float | None:
    """Return the score with the highest F1, the higher of equal ones.

    None where there is nothing to find or nothing found.
    """
    found = curve(matches)
    if not any(m.n_true for m in matches) or len(found.scores) == 0:
        return None
    last = len(found.f1) - 1 - int(np.argmax(found.f1[::-1]))
    return float(found.scores[last]) if found.f1[last] > 0 else None


def average_precision(matches: Sequence[Match]) -> float | None:
    """Return the area under purity against completeness, None without a true box.

    Boxes are matched by their centres, and purity at a completeness is the best one at
    that completeness or a higher one, as PASCAL VOC has it since 2010.
    """
    return finite_or_none(Ranking(matches).values(np.ones(len(matches)))[0])


class Ranking:
    """All boxes of some galaxies by score, to be counted with galaxies drawn anew."""

    def __init__(self, matches: Sequence[Match]) -> None:
        scores = _joined([m.scores[m.counted] for m in matches])
        hits = _joined([m.hits[m.counted] for m in matches])
        which = _joined(
            [np.full(int(m.counted.sum()), i) for i, m in enumerate(matches)]
        )
        order = np.argsort(-scores, kind="stable")
        self._hits, self._galaxy = hits[order], which[order].astype(np.intp)
        # Boxes of one score are found together: values count after the last of them.
        kept = scores[order]
        self._last = np.append(kept[1:] != kept[:-1], True)[: len(kept)]
        self._n_true = np.array([m.n_true for m in matches], dtype=np.float64)

    def values(self, times: ArrayLike) -> tuple[float, float]:
        """Return (average precision, best F1) with galaxies counted ``times`` times."""
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


def rates(sums: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return (completeness, purity, F1) of (true boxes, hits, false boxes)."""
    n_true, hits, false = np.asarray(sums, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (
            np.divide(hits, n_true),
            np.divide(hits, hits + false),
            np.divide(2 * hits, n_true + hits + false),
        )


def _joined(parts: Sequence[AnyArray]) -> Floats:
    return np.concatenate([np.zeros(0), *parts]).astype(np.float64)


def finite_or_none(value: SupportsFloat) -> float | None:
    """Return a number, and None instead of not-a-number or infinity."""
    number = float(value)
    return number if np.isfinite(number) else None
