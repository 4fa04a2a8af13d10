"""Jobs that are a generator of steps with a result."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from clump_detector.core.text import message_of

from .base import Job

Result = TypeVar("Result")

#: A generator of (done, total) that returns a result.
Steps = Generator[tuple[int, int], None, Result]


@dataclass(frozen=True)
class _End(Generic[Result]):
    """The return value of a generator."""

    value: Result


def _to_its_end(work: Steps[Result]) -> Iterator[tuple[int, int] | _End[Result]]:
    """Yield the items of a generator, and its return value as the last one."""
    yield _End((yield from work))


class Work(Job[tuple[int, int] | _End[Result]]):
    """A generator of (done, total) in a thread, with a progress bar."""

    #: Name of the work in messages, and the message after cancelling it.
    words = ""
    when_cancelled = ""

    #: Progress, and whether the user has cancelled it.
    percent = 0
    cancelling = False

    def _run(self, work: Steps[Result]) -> None:
        self._value: Result | None = None
        self.percent, self.cancelling = 0, False
        self._begin(_to_its_end, work, words=self.words, total=100)
        # napari does not close a cancelled generator, which may have half a file.
        assert self._thread is not None
        self._thread.finished.connect(work.close)

    def _on_event(self, event: tuple[int, int] | _End[Result]) -> None:
        if isinstance(event, _End):
            self._value = event.value
            return
        done, total = event
        percent = int(100 * done / max(total, 1))
        self.outcome = f"{self.words}: {percent} %"
        if percent > self.percent:
            if self._bar is not None:
                self._bar.update(percent - self.percent)
            self.percent = percent
            self.changed.emit()

    def _on_error(self, error: Exception) -> None:
        message = message_of(error)
        self._end()
        self._host.warn(message)

    def _on_finished(self) -> None:
        value = self._value
        self._end()
        if value is not None:
            self._take(value)
        elif self.cancelling:
            self._host.say(self.when_cancelled)

    @abstractmethod
    def _take(self, value: Result) -> None:
        """Handle the return value of the generator."""

    def cancel(self) -> None:
        """Stop at the next step; nothing that was written is kept.

        If it comes too late, the work is completed, and reported as such.
        """
        if self.running and not self.cancelling:
            self.cancelling = True
            self._quit()
            self.changed.emit()

    def close(self) -> None:
        """Stop when the review is closed."""
        if self.running:
            self._drop()
