"""The score from which a model's boxes are shown: what it is chosen for, and from what.

From the calibrated scores of boxes on galaxies that the model did not learn from one
knows what to expect at any threshold: of the boxes above it, their scores' sum is true.
That is steadier than counting hits. The threshold of the best F1 by counting is that
of one lucky box or another; this one moves by a hundredth where a box is added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from clump_detector.core.arrays import Floats
from clump_detector.core.errors import ConfigError
from clump_detector.core.json_types import JsonObject

from .calibration import Calibration
from .matching import Match

#: Where thresholds are looked for.
SCORES = np.round(np.arange(0.05, 0.951, 0.01), 2)

#: Where the card gives what is to be expected.
KEPT = np.round(np.arange(0.05, 0.951, 0.05), 2)


@dataclass(frozen=True)
class Goal:
    """What a threshold is chosen for.

    Attributes
    ----------
    metric : {"f1", "purity", "completeness"}
    least : float
        Of purity or completeness.
    """

    metric: Literal["f1", "purity", "completeness"] = "f1"
    least: float = 0.0

    def __str__(self) -> str:
        return "f1" if self.metric == "f1" else f"{self.metric} {self.least:g}"

    @classmethod
    def of(cls, words: str) -> Goal:
        """Return the goal of words such as "f1", "purity 0.9", "completeness 0.8".

        Raises
        ------
        ConfigError
            If they are none.
        """
        metric, _, number = words.strip().lower().partition(" ")
        if metric == "f1" and not number:
            return cls()
        try:
            least = float(number)
        except ValueError:
            least = -1.0
        if metric not in ("purity", "completeness") or not 0 < least < 1:
            raise ConfigError(
                f"the goal is {words!r}",
                remedy="It has to be 'f1', or such as 'purity 0.9'.",
            )
        return cls("purity" if metric == "purity" else "completeness", least)


@dataclass(frozen=True)
class Expected:
    """What is to be expected of a model at each threshold.

    Attributes
    ----------
    scores, completeness, purity : arrays of shape (k,)
        Not-a-number where a metric is not defined.
    """

    scores: Floats
    completeness: Floats
    purity: Floats

    @property
    def f1(self) -> Floats:
        """The harmonic mean of both, 0 where one is not defined, shape (k,)."""
        both = self.completeness + self.purity
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = 2 * self.completeness * self.purity / both
        return np.nan_to_num(mean)

    def rows(self) -> list[dict[str, float | None]]:
        """Return dictionaries of score, completeness and purity for the card."""

        def plain(value: float) -> float | None:
            return round(float(value), 4) if np.isfinite(value) else None

        return [
            {"score": float(s), "completeness": plain(c), "purity": plain(p)}
            for s, c, p in zip(self.scores, self.completeness, self.purity, strict=True)
        ]


def expected(
    matches: Sequence[Match], calibration: Calibration, scores: Floats = SCORES
) -> Expected:
    """Return the completeness and the purity to expect at thresholds.

    Parameters
    ----------
    matches : sequence of Match
        Of boxes with scores as the network gives them, before calibration.
    calibration : Calibration
    scores : array of shape (k,)
        Thresholds, on the calibrated scale.
    """
    found = [m.scores[m.counted] for m in matches]
    chances = calibration(np.concatenate([np.zeros(0), *found]))
    n_true = sum(m.n_true for m in matches)
    order = np.sort(chances)[::-1]
    sums = np.concatenate([[0.0], np.cumsum(order)])
    n_found = np.searchsorted(-order, -scores, side="right")
    with np.errstate(invalid="ignore", divide="ignore"):
        purity = sums[n_found] / n_found
        # Without a true box it is not defined, whatever is found.
        completeness = np.clip(sums[n_found] / (n_true or np.nan), 0, 1)
    return Expected(scores, completeness, purity)


def choose_score(found: Expected, goal: Goal, fallback: float) -> tuple[float, bool]:
    """Return the threshold that serves a goal, and whether the goal is met there.

    Where it cannot be met, the threshold that comes nearest; where nothing is known,
    the fallback.

    Parameters
    ----------
    found : Expected
    goal : Goal
    fallback : float
        The score where nothing is known.
    """
    if not found.f1.any():
        return fallback, goal.metric == "f1"
    if goal.metric == "f1":
        return float(found.scores[int(np.argmax(found.f1))]), True
    values = getattr(found, goal.metric)
    good = np.flatnonzero(np.nan_to_num(values, nan=-1.0) >= goal.least)
    if len(good):
        # The most of the other metric: the lowest for purity, the highest threshold
        # for completeness.
        best = good[0] if goal.metric == "purity" else good[-1]
        return float(found.scores[best]), True
    return float(found.scores[int(np.nanargmax(values))]), False


def expected_at(card_expected: JsonObject, score: float) -> tuple[float, float] | None:
    """Return (completeness, purity) to expect at a score from a card's ``expected``.

    None where the card gives nothing.

    Parameters
    ----------
    card_expected : dict
        As in a model card.
    score : float
    """
    rows = [
        (r["score"], r["completeness"], r["purity"])
        for r in card_expected.get("curve") or ()
        if r.get("completeness") is not None and r.get("purity") is not None
    ]
    if not rows:
        return None
    scores, completeness, purity = np.array(rows, dtype=float).T
    return (
        float(np.interp(score, scores, completeness)),
        float(np.interp(score, scores, purity)),
    )
