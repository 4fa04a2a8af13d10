"""The base class of background jobs: a thread, a progress bar, an end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

from psygnal import Signal

from .host import JobHost

if TYPE_CHECKING:
    from napari.qt.threading import GeneratorWorker
    from napari.utils import progress

#: Threads that may run at once. They wait for processes and services rather than
#: compute: on two cores Qt allows two, and a third job would not start.
_THREADS = 8

#: What the generator of a job yields.
Event = TypeVar("Event")


def in_background(
    work: Callable[..., Iterator[object]], *args: object
) -> GeneratorWorker:
    """Return napari's thread for a generator, not yet started.

    Parameters
    ----------
    work : callable
        Returns the generator.
    *args
        Its arguments.
    """
    from napari.qt.threading import create_worker
    from qtpy.QtCore import QThreadPool

    pool = QThreadPool.globalInstance()
    pool.setMaxThreadCount(max(pool.maxThreadCount(), _THREADS))
    # Errors are shown by the job; napari would raise them a second time.
    return create_worker(work, *args, _ignore_errors=True)


class Job(ABC, Generic[Event]):
    """Work in a thread, with a progress bar in napari's activity dialog.

    Events of a run that has ended or was cancelled are dropped.

    Signals
    -------
    changed(): it started, progressed or ended.
    """

    changed = Signal()

    def __init__(self, host: JobHost) -> None:
        self._host = host
        self._thread: GeneratorWorker | None = None
        self._bar: progress | None = None
        self._run_number = 0
        self.outcome = ""

    @property
    def running(self) -> bool:
        """Whether it is running."""
        return self._thread is not None

    def _begin(
        self,
        work: Callable[..., Iterator[Event]],
        *args: object,
        words: str,
        total: int,
    ) -> None:
        """Start a generator; its events come to `_on_event`."""
        from napari.utils import progress

        self._run_number += 1
        number = self._run_number
        self._bar = progress(total=total, desc=words)

        def only_now(handler: Callable[..., None]) -> Callable[..., None]:
            def handle(*event: object) -> None:
                if number == self._run_number:
                    handler(*event)

            return handle

        thread = in_background(work, *args)
        thread.yielded.connect(only_now(self._on_event))
        thread.errored.connect(only_now(self._on_error))
        thread.finished.connect(only_now(self._on_finished))
        self._thread = thread
        thread.start()
        self.changed.emit()

    @abstractmethod
    def _on_event(self, event: Event) -> None:
        """Handle an event of the generator."""

    @abstractmethod
    def _on_error(self, error: Exception) -> None:
        """Report an error; `_on_finished` may still follow."""

    @abstractmethod
    def _on_finished(self) -> None:
        """Handle the end of the generator, and call `_end`."""

    def _quit(self) -> None:
        """Have the generator end at its next step; `_on_finished` follows."""
        if self._thread is not None:
            self._thread.quit()

    def _drop(self) -> None:
        """End now, and the generator at its next step, whose events are dropped."""
        thread = self._thread
        self._end()
        if thread is not None:
            thread.quit()

    def _end(self) -> None:
        self._run_number += 1
        self._thread = None
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        self.changed.emit()
