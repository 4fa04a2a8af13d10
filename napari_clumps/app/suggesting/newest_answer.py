"""Work in the background of which only what was asked for last is heard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from clump_detector.core.text import message_of
from napari_clumps.jobs.base import in_background

_Answer = TypeVar("_Answer")


class NewestAnswer(Generic[_Answer]):
    """Asks in another thread; answers to earlier questions are dropped."""

    def __init__(self) -> None:
        self._asked = 0

    def forget(self) -> None:
        """Drop the answers that are on their way."""
        self._asked += 1

    def ask(
        self,
        work: Callable[[], _Answer],
        take: Callable[[_Answer], None],
        refuse: Callable[[str], None],
    ) -> None:
        """Do some work in another thread.

        Parameters
        ----------
        work : callable
            Returns the answer, in the other thread.
        take : callable
            Takes it, in the thread that asked.
        refuse : callable
            Takes a message instead, if the work raised an error.
        """
        self.forget()
        number = self._asked

        def answer() -> Iterator[_Answer]:
            yield work()

        def heard(found: _Answer) -> None:
            if number == self._asked:
                take(found)

        def failed(error: Exception) -> None:
            if number == self._asked:
                refuse(message_of(error))

        thread = in_background(answer)
        thread.yielded.connect(heard)
        thread.errored.connect(failed)
        thread.start()
