"""Calibration and default score of a new model, and what they were made from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from clump_detector.core.arrays import Floats
from clump_detector.core.json_types import JsonObject
from clump_detector.metrics.calibration import Calibration, expecting, fit_near
from clump_detector.metrics.matching import Match, counts
from clump_detector.metrics.threshold import (
    KEPT,
    Expected,
    Goal,
    choose_score,
    expected,
)
from clump_detector.models.arms import arms_table

from .cross_validation import Unseen

#: Where there are neither boxes nor a base model.
FALLBACK = 0.3


@dataclass(frozen=True)
class OperatingPoint:
    """At which score a model is used, and what is to be expected there.

    Attributes
    ----------
    calibration : Calibration
    score : float
        The default score, on the calibrated scale.
    method : str
        How the boxes came about that it was chosen from.
    goal : Goal
    met : bool
        Whether the goal is met on these boxes.
    galaxies, n_true, n_found : int
        What it was chosen from: galaxies, true boxes on them, and found ones.
    at_score : Expected
        At the default score.
    curve : Expected
        At the scores that the card stores.
    arms : dict
        How it does on galaxies of each arm; see `clump_detector.models.arms`.
    """

    calibration: Calibration
    score: float
    method: str
    goal: Goal
    met: bool
    galaxies: int
    n_true: int
    n_found: int
    at_score: Expected
    curve: Expected
    arms: JsonObject = field(default_factory=dict)

    @property
    def values(self) -> tuple[float | None, float | None]:
        """Completeness and purity to expect at the default score."""
        row = self.at_score.rows()[0]
        return row["completeness"], row["purity"]

    @property
    def sentence(self) -> str:
        """A sentence for the user."""
        completeness, purity = self.values
        source = (
            f"from {self.n_true} clumps and {self.n_found} found boxes on "
            f"{self.galaxies} galaxies ({self.method})"
        )
        if not self.galaxies:
            return f"Default score {self.score:.2f}: {self.method}."
        if completeness is None or purity is None:
            return (
                f"Default score {self.score:.2f}, {source}: too few boxes for an "
                "estimate."
            )
        said = (
            f"Default score {self.score:.2f}, {source}: completeness "
            f"{completeness:.2f} and purity {purity:.2f} are to be expected."
        )
        if self.met:
            return said
        return f"{said} No score reaches the goal ({self.goal}); this comes nearest."

    def as_table(self) -> JsonObject:
        """Return the card's ``expected``."""
        return {
            "method": self.method,
            "goal": str(self.goal),
            "goal_met": self.met,
            "galaxies": self.galaxies,
            "true_boxes": self.n_true,
            "found_boxes": self.n_found,
            "curve": self.curve.rows(),
            **({"arms": self.arms} if self.arms else {}),
        }


def operating_point(
    seen: Unseen, base: tuple[Calibration, float] | None, goal: Goal
) -> OperatingPoint:
    """Choose calibration and default score of a new model.

    The calibration is drawn towards the base model's, which means: the prior expects
    as many clumps on these galaxies as the base model does. Its offset itself would
    mean nothing, since the scores of a network that has learned on have moved.

    Parameters
    ----------
    seen : Unseen
        Found boxes, with scores as the networks give them.
    base : (Calibration, float) or None
        Of the base model: its calibration and its default score.
    goal : Goal
    """
    prior = _prior(seen, None if base is None else base[0])
    calibration = fit_near(seen.matches, prior) if seen.independent else prior
    fallback = FALLBACK if base is None else base[1]
    matches = seen.matches if seen.independent else []
    score, met = choose_score(expected(matches, calibration), goal, fallback)
    return OperatingPoint(
        calibration,
        score,
        seen.method,
        goal,
        met,
        len(matches),
        sum(m.n_true for m in matches),
        sum(int(m.counted.sum()) for m in matches),
        expected(matches, calibration, np.array([score])),
        expected(matches, calibration, KEPT),
        _arms(seen, calibration, score),
    )


def _arms(seen: Unseen, calibration: Calibration, score: float) -> JsonObject:
    """Return what is found on each galaxy that an order of a model's has asked for."""
    found = [replace(m, scores=calibration(m.scores)) for m in seen.matches]
    return arms_table(seen.arms, counts(found[: len(seen.arms)], score))


def _prior(seen: Unseen, base: Calibration | None) -> Calibration:
    scores = _counted(seen.matches)
    if base is None or not len(scores) or not seen.base:
        return base or Calibration()
    total = float(base(_counted(seen.base)).sum())
    return expecting(scores, total, base.temperature)


def _counted(matches: list[Match]) -> Floats:
    return np.concatenate([np.zeros(0), *(m.scores[m.counted] for m in matches)])
