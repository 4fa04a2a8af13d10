"""Waiting for a job behind the window, as long as it says that it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from clump_detector.core.errors import ClumpError

#: Seconds without a word from a job after which it has failed.
PATIENCE = 600.0

#: Seconds between two lines that say what is waited for.
_BETWEEN = 60.0


def wait_for(
    done: Callable[[], bool],
    what: str,
    job: Any,
    pause: Callable[[], None],
    *,
    tell: Callable[[str], None] = print,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Wait until something has happened, however long it takes.

    Parameters
    ----------
    done : callable
        Tells whether it has.
    what : str
        What is waited for, in words.
    job : Job
        Its signal ``changed`` says that it goes on, its ``outcome`` how far it is.
    pause : callable
        Lets the window catch up, for some milliseconds.
    tell : callable
        Told every minute what is waited for.
    clock : callable
        The time in seconds.

    Raises
    ------
    ClumpError
        If the job says nothing for `PATIENCE` seconds.
    """
    heard = told = clock()

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
            if now - told > _BETWEEN:
                told = now
                tell(f"Waiting for the {what}: {job.outcome or 'not begun yet'}")
            pause()
    finally:
        job.changed.disconnect(hear)
