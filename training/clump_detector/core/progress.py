"""How long work reports its progress, and how it is asked to end early."""

from __future__ import annotations

import threading
from collections.abc import Callable

from .errors import Cancelled

#: Takes the steps done, the steps in all, and what is being done, as one clause.
Progress = Callable[[int, int, str], None]


def no_progress(done: int, total: int, text: str) -> None:
    """Report to nobody.

    Parameters
    ----------
    done, total : int
        Steps done, and steps in all.
    text : str
        What is being done.
    """


class CancelToken:
    """Asks long work to end; any thread may ask, and the work checks often.

    `cancel` wants nothing kept, `stop` wants the best result so far. Work that has no
    result so far takes no notice of `stop`.
    """

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._stopping = threading.Event()

    def cancel(self) -> None:
        """Ask the work to end and to leave nothing behind."""
        self._cancelled.set()

    def stop(self) -> None:
        """Ask the work to finish early and to keep the best so far."""
        self._stopping.set()

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled.is_set()

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    def check(self) -> None:
        """End the work if `cancel` was called.

        Raises
        ------
        Cancelled
        """
        if self.cancelled:
            raise Cancelled
