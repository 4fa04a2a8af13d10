"""Waiting for a background job, as long as it reports progress."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from psygnal import SignalInstance

from clump_detector.core.errors import ClumpError

#: Seconds without progress after which a job has failed.
PATIENCE = 600.0

#: Seconds between two lines about the job.
_BETWEEN = 60.0


class WaitedFor(Protocol):
    """What is waited for: a job of the window."""

    outcome: str

    @property
    def changed(self) -> SignalInstance:
        """Emitted at every progress."""


def wait_for(
    done: Callable[[], bool],
    what: str,
    job: WaitedFor,
    pause: Callable[[], None],
    *,
    report: Callable[[str], None] = print,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Wait until a condition holds, however long it takes.

    Parameters
    ----------
    done : callable
        Returns whether the condition holds.
    what : str
        Name of the work, for messages.
    job : Job
        Its signal ``changed`` reports progress, its ``outcome`` describes it.
    pause : callable
        Processes events of the window for some milliseconds.
    report : callable
        Called every minute with a line about the job.
    clock : callable
        The time in seconds.

    Raises
    ------
    ClumpError
        If the job makes no progress for `PATIENCE` seconds.
    """
    heard = reported = clock()

    def hear(*_: object) -> None:
        nonlocal heard
        heard = clock()

    job.changed.connect(hear)
    try:
        while not done():
            now = clock()
            if now - heard > PATIENCE:
                raise ClumpError(
                    f"nothing has been heard of the {what} for {PATIENCE / 60:.0f} "
                    f"minutes; the last was: {job.outcome or 'nothing'}",
                    remedy="Close other programs and try again.",
                )
            if now - reported > _BETWEEN:
                reported = now
                report(f"Waiting for the {what}: {job.outcome or 'not begun yet'}")
            pause()
    finally:
        job.changed.disconnect(hear)
