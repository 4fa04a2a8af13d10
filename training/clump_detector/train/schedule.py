"""How many steps a training takes, in which order, and how long they take."""

from __future__ import annotations

import math
import statistics
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clump_detector.config.training import TrainConfig

#: The duration of a step is estimated from this many of the last ones.
RECENT_STEPS = 50


@dataclass(frozen=True)
class Schedule:
    """The steps of a training and of those for its folds.

    Attributes
    ----------
    config : TrainConfig
    n_train : int
        Cutouts to learn from.
    folds : sequence of sequence of int
        The folds that will be searched, as indices of cutouts.
    """

    config: TrainConfig
    n_train: int
    folds: Sequence[Sequence[int]] = ()

    def steps_on(self, n: int) -> int:
        """Return the steps per epoch on n cutouts."""
        once = max(math.ceil(n / self.config.batch), self.config.least_steps)
        return self.config.steps_per_epoch or once

    @property
    def steps(self) -> int:
        """Steps per epoch on all cutouts."""
        return self.steps_on(self.n_train)

    @property
    def all_steps(self) -> int:
        """All steps if nobody stops the training, those for folds included."""
        folds = sum(self.steps_on(self.n_train - len(fold)) for fold in self.folds)
        return (self.steps + folds) * self.config.epochs


def draw_order(n: int, wanted: int, rng: np.random.Generator) -> list[int]:
    """Return indices of samples, every one once before any comes again.

    Parameters
    ----------
    n : int
        Number of samples.
    wanted : int
        Number of indices; at least one is returned.
    rng : numpy.random.Generator
    """
    rounds = -(-wanted // n)
    order = np.concatenate([rng.permutation(n) for _ in range(rounds)])
    return [int(i) for i in order[: max(wanted, 1)]]


class StepClock:
    """Measures steps, estimates the time left, and knows when the time is up.

    Parameters
    ----------
    minutes : float
        Longest duration of the training; 0 for no limit.
    """

    def __init__(self, minutes: float) -> None:
        self._minutes = minutes
        self._begun = self._last = time.monotonic()
        self._durations: deque[float] = deque(maxlen=RECENT_STEPS)

    @property
    def seconds(self) -> float:
        """Seconds since the training began."""
        return time.monotonic() - self._begun

    @property
    def time_is_up(self) -> bool:
        """Whether the training has used up its minutes."""
        return 0 < self._minutes <= self.seconds / 60

    def restart(self) -> None:
        """Begin to measure the first step now."""
        self._last = time.monotonic()

    def tick(self, steps_left: int) -> float:
        """Note the end of a step and return the estimated seconds that are left."""
        now = time.monotonic()
        self._durations.append(now - self._last)
        self._last = now
        # The median, for there are searches between some steps.
        left = statistics.median(self._durations) * max(steps_left, 0)
        if self._minutes:
            left = min(left, max(60 * self._minutes - self.seconds, 0))
        return left
