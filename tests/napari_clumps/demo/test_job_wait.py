"""How long the scripted demo waits: as long as a job goes on, and not without end."""

from __future__ import annotations

import pytest
from psygnal import Signal

from clump_detector.core.errors import ClumpError
from napari_clumps.demo.job_wait import PATIENCE, wait_for


class Work:
    """A job that says something every so many seconds, on a clock of its own."""

    changed = Signal()

    def __init__(self, every: float, until: float) -> None:
        self.now, self.every, self.until = 0.0, every, until
        self.outcome = "Learning from 7 cutouts…"

    def pause(self) -> None:
        self.now += self.every
        if self.now < self.until:
            self.changed.emit()

    def wait(self, *, done_at: float) -> list[str]:
        said: list[str] = []
        wait_for(lambda: self.now >= done_at, "training", self, self.pause,
                 report=said.append, clock=lambda: self.now)  # fmt: skip
        return said


def test_a_slow_training_is_waited_for():
    work = Work(every=30, until=1e9)
    said = work.wait(done_at=20 * PATIENCE)
    assert len(said) > 100
    assert set(said) == {"Waiting for the training: Learning from 7 cutouts…"}


def test_a_training_that_says_nothing_has_failed():
    work = Work(every=30, until=100)
    with pytest.raises(ClumpError, match=r"training for 10 minutes.*7 cutouts"):
        work.wait(done_at=1e9)
    assert PATIENCE < work.now < 1.5 * PATIENCE
