"""Asking a service politely: one request at a time, and again where it may help."""

from __future__ import annotations

import email.utils
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from clump_detector.core.errors import Cancelled, FetchError

from .services import Services

Answer = TypeVar("Answer")

#: What a service says when it may be able to answer later.
_LATER = {408, 425, 429, 500, 502, 503, 504, 520, 522, 524}

#: Bytes of a service's complaint that are looked at.
_WORDS = 2000


class TryAgain(Exception):  # noqa: N818 - caught here, or turned into a FetchError
    """An attempt failed that may work later.

    Parameters
    ----------
    reason : str
        As a clause for people.
    wait : float, optional
        Seconds the service asks to wait.
    offline : bool
        Whether no answer came at all.
    """

    def __init__(
        self, reason: str, wait: float | None = None, *, offline: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason, self.wait, self.offline = reason, wait, offline


class StopAskingError(FetchError):
    """An error that every further request would meet, too."""


@dataclass(frozen=True)
class Waits:
    """A pause before another attempt, that a person may want to know of."""

    seconds: float
    reason: str


class Asker:
    """Paces requests, repeats those that may work later, and stops when told.

    Parameters
    ----------
    services : Services
    stop : threading.Event
        Once it is set, nothing more is asked.
    """

    def __init__(self, services: Services, stop: threading.Event) -> None:
        self._services, self._stop = services, stop
        self._last = -1e9

    def ask(
        self, attempt: Callable[[int], Answer], what: str
    ) -> Generator[Waits, None, Answer]:
        """Return what one of several attempts answers; yield before longer pauses.

        Parameters
        ----------
        attempt : callable
            Given the number of the attempt from 0, it answers or raises `TryAgain`.
        what : str
            What is asked for, for messages.

        Raises
        ------
        FetchError
            If no attempt has worked; `StopAskingError` if none would for anything else.
        Cancelled
        """
        last = TryAgain("nothing was asked")
        for number in range(self._services.attempts):
            self._keep_pace()
            try:
                return attempt(number)
            except TryAgain as error:
                last = error
            if number + 1 < self._services.attempts:
                seconds = self._pause(last, self._services.patience * 2**number)
                if seconds >= 1:
                    yield Waits(seconds, last.reason)
                self.sleep(seconds)
        if last.offline:
            raise StopAskingError(
                f"{what}: {last.reason}",
                None,
                "Look at the network, then start the same again: what has come stays.",
            )
        raise FetchError(
            f"{what}: {last.reason}, {self._services.attempts} times",
            None,
            "Try this galaxy again later.",
        )

    def _keep_pace(self) -> None:
        due = self._last + self._services.pace - time.monotonic()
        self.sleep(due)
        self._last = time.monotonic()

    def _pause(self, error: TryAgain, usual: float) -> float:
        seconds = max(usual, error.wait or 0)
        if seconds > self._services.longest:
            raise StopAskingError(
                f"the service asks to be left alone for {seconds / 60:.0f} minutes",
                None,
                "Start the same again then: what has come stays.",
            )
        return seconds

    def sleep(self, seconds: float) -> None:
        """Wait, but not when told to stop.

        Raises
        ------
        Cancelled
        """
        stopped = self._stop.wait(seconds) if seconds > 0 else self._stop.is_set()
        if stopped:
            raise Cancelled


def check_status(status: int, headers: Any, words: str, service: str) -> None:
    """Raise for what a service answers instead of an image.

    Raises
    ------
    TryAgain
        If it may answer later.
    FetchError
        If it will not.
    """
    if status == 200:
        return
    said = " ".join(words[:_WORDS].split())[:160]
    if status in _LATER:
        wait = seconds_to_wait(headers.get("Retry-After", ""))
        raise TryAgain(f"{service} is busy (HTTP {status})", wait)
    remedy = "Check the survey, the bands and the position."
    if status in (401, 403):
        remedy = "The service may have blocked this address; ask those who run it."
    raise FetchError(
        f"{service} refuses the request (HTTP {status}{': ' + said if said else ''})",
        None,
        remedy,
    )


def seconds_to_wait(text: str) -> float | None:
    """Return the seconds of a ``Retry-After``: a number, or a date (RFC 9110)."""
    text = text.strip()
    if text.isdigit():
        return float(text[:9])
    try:
        when = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
