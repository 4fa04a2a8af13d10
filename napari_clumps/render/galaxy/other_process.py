"""Work on the shown galaxy in a process beside the window's, the newest question only.

Fits are seconds of Python, which a thread of the window would be slowed down by.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class OtherProcess(Generic[Question, Answer]):
    """Answers questions in another process, which is kept: it takes a second to begin.

    Parameters
    ----------
    work : callable
        Gives the answer to a question, or a sentence why there is none; called in the
        other process, so that it can be pickled as can questions and answers.
    deliver : callable
        Called in a thread with question and answer; not for questions that were
        followed by another one.
    """

    def __init__(
        self,
        work: Callable[[Question], Answer | str],
        deliver: Callable[[Question, Answer | str], None],
    ) -> None:
        self._work, self._deliver = work, deliver
        self._pool: ProcessPoolExecutor | None = None
        self._mutex = threading.Lock()
        self._newest: Question | None = None
        self._waiting: Future[Answer | str] | None = None

    def ask(self, question: Question | None) -> None:
        """Answer a question; one that waits for its turn is dropped.

        Parameters
        ----------
        question : object or None
            None drops what was asked before.
        """
        with self._mutex:
            self._newest = question
            if self._waiting is not None:
                self._waiting.cancel()
                self._waiting = None
            if question is None:
                return
            try:
                self._waiting = self._started().submit(self._work, question)
            except BrokenProcessPool:  # it was killed while nothing was asked
                self._pool = None
                self._waiting = self._started().submit(self._work, question)
            waiting = self._waiting
        waiting.add_done_callback(lambda done: self._take(question, done))

    def close(self) -> None:
        """Stop."""
        self.ask(None)
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, mp_context=context)
        return self._pool

    def _take(self, question: Question, done: Future[Answer | str]) -> None:
        if done.cancelled() or question is not self._newest:
            return
        answer: Answer | str
        try:
            answer = done.result()
        except BrokenProcessPool:
            self._pool = None
            answer = "The process was ended from outside. Try it again."
        except Exception as error:  # else the panel would wait for ever
            answer = f"It cannot be measured ({error})."
        self._deliver(question, answer)
