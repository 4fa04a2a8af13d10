"""Progress on stderr: a bar on a terminal, a few lines in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import TypeVar

from clump_detector.core.progress import Progress

T = TypeVar("T")


class ProgressLine:
    """How far work is: rich's bar on a terminal, a line at each quarter in a log.

    Parameters
    ----------
    words : str
        What it is.
    total : int
        Steps in all, where `show` is not told.
    """

    def __init__(self, words: str, total: int = 1) -> None:
        self._words, self._total, self._shown = words, total, -1
        self._bar = _Bar(words) if sys.stderr.isatty() else None

    def show(self, done: int, total: int | None = None, text: str = "") -> None:
        """Show that so many steps are done."""
        total = max(total or self._total, 1)
        if self._bar is not None:
            self._bar.show(done, total)
            return
        share = int(100 * done / total)
        share -= share % 25
        if share not in (self._shown, 0):
            print(f"{self._words}: {share:3d} %", file=sys.stderr, flush=True)
        self._shown = share

    def end(self) -> None:
        """Leave the line."""
        if self._bar is not None:
            self._bar.end()


class _Bar:
    """A bar with per cent and the time left; what is printed meanwhile goes above it.

    rich draws it when it is told to, without a thread of its own: there are processes
    that are forked while it is shown.

    Parameters
    ----------
    words : str
    """

    def __init__(self, words: str) -> None:
        from rich.console import Console
        from rich.progress import Progress as RichProgress

        # Its columns are what is done, a bar, the per cent and the time left.
        self._progress = RichProgress(console=Console(stderr=True), auto_refresh=False)
        self._task = self._progress.add_task(words, total=None)
        self._drawn = float("-inf")

    def describe(self, words: str) -> None:
        """Say something else before the bar."""
        self._progress.update(self._task, description=words)

    def show(self, done: int, total: int) -> None:
        """Show that so many of all steps are done, ten times a second at most."""
        self._progress.start()
        self._progress.update(self._task, completed=done, total=total)
        now = time.monotonic()
        if done >= total or now - self._drawn > 0.1:
            self._progress.refresh()
            self._drawn = now

    def end(self) -> None:
        """Leave the bar as it is."""
        if self._progress.live.is_started:
            self._progress.stop()


@contextmanager
def shown_events(words: str) -> Iterator[Progress]:
    """Give what shows the progress events of the engine, to the end of the block."""
    line = ProgressLine(words)
    try:
        yield line.show
    finally:
        line.end()


def shown_steps(work: Generator[tuple[int, int], None, T], words: str) -> T:
    """Run a generator of (done, total) and return what it returns.

    Work of one step shows nothing. Whatever interrupts it, the generator is closed, so
    that it takes back what is half done.
    """
    line = ProgressLine(words)
    try:
        with closing(work):
            while True:
                try:
                    done, total = next(work)
                except StopIteration as end:
                    value: T = end.value
                    return value
                if total > 1:
                    line.show(done, total)
    finally:
        line.end()


class SurveyLine:
    """How far a survey is: done, rate and time left; a line a minute in a log."""

    def __init__(self) -> None:
        self._bar = _Bar("Searching") if sys.stderr.isatty() else None
        self._printed = float("-inf")

    def show(self, done: int, total: int, rate: float, failed: int) -> None:
        """Show how many cutouts are done, the rate a second, and how many failed."""
        words = f"{rate:.1f} a second" + (f", {failed:,} failed" if failed else "")
        if self._bar is not None:
            self._bar.describe(f"Searching ({words})")
            self._bar.show(done, max(total, 1))
            return
        now = time.monotonic()
        if now - self._printed < 60 or not rate:
            return
        self._printed = now
        left = _duration((total - done) / rate) if rate else "an unknown time"
        print(
            f"{done:,} of {total:,} cutouts, {words}, {left} left",
            file=sys.stderr,
            flush=True,
        )

    def end(self) -> None:
        """Leave the line."""
        if self._bar is not None:
            self._bar.end()


def _duration(seconds: float) -> str:
    """Return a time in words, such as ``1 h 09 min``."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return (
        f"{minutes // 60} h {minutes % 60:02d} min"
        if minutes >= 60
        else (f"{minutes} min")
    )
