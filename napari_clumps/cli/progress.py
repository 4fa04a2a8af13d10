"""Progress on stderr: a line that grows on a terminal, a few lines in a log."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import TypeVar

from clump_detector.core.progress import Progress

T = TypeVar("T")


class ProgressLine:
    """How far work is, in per cent.

    Parameters
    ----------
    words : str
        What it is.
    total : int
        Steps in all, where `show` is not told.
    """

    def __init__(self, words: str, total: int = 1) -> None:
        self._words, self._total, self._shown = words, total, -1
        self._live = sys.stderr.isatty()

    def show(self, done: int, total: int | None = None, text: str = "") -> None:
        """Show that so many steps are done."""
        share = int(100 * done / max(total or self._total, 1))
        share = share if self._live else share - share % 25
        if share == self._shown or (share == 0 and not self._live):
            return
        self._shown = share
        end = "\r" if self._live else "\n"
        print(f"{self._words}: {share:3d} %", end=end, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if self._live and self._shown >= 0:
            print(file=sys.stderr)


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
