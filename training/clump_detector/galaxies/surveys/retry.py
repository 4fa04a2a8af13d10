"""Requests to a service: one at a time, repeated where it may help, with pauses.

tenacity was considered for the loop of `Asker.ask` and not taken. The loop is a
generator that yields each pause before it waits, so that a progress display can show
it; tenacity computes the pause and sleeps in one step. The pause may come from the
response (``Retry-After``), and one that is too long ends all requests rather than this
one. What tenacity would take over is the count of attempts and ``patience * 2**n``.
"""

from __future__ import annotations

import email.utils
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from typing import TypeVar

from clump_detector.core.errors import Cancelled, FetchError

from .services import Services

Answer = TypeVar("Answer")

#: HTTP status codes of a service that may be able to answer later.
_LATER = {408, 425, 429, 500, 502, 503, 504, 520, 522, 524}

#: Characters of a service's error message that are read.
_WORDS = 2000


class TryAgain(Exception):  # noqa: N818 - caught here, or turned into a FetchError
    """An attempt failed that may work later.

    Parameters
    ----------
    reason : str
        A clause for users.
    wait : float, optional
        Seconds that the service asks to wait.
    offline : bool
        Whether there was no response at all.
    """

    def __init__(
        self, reason: str, wait: float | None = None, *, offline: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason, self.wait, self.offline = reason, wait, offline


class StopAskingError(FetchError):
    """An error that every further request would raise, too."""


@dataclass(frozen=True)
class Waits:
    """A pause in seconds before another attempt, with its reason for users."""

    seconds: float
    reason: str


class Asker:
    """Paces requests, repeats those that may work later, and stops on an event.

    Parameters
    ----------
    services : Services
    stop : threading.Event
        Once it is set, pauses end and no more requests are sent.
    """

    def __init__(self, services: Services, stop: threading.Event) -> None:
        self._services, self._stop = services, stop
        self._last = -1e9

    def ask(
        self, attempt: Callable[[int], Answer], what: str
    ) -> Generator[Waits, None, Answer]:
        """Return the result of the first attempt that works.

        Parameters
        ----------
        attempt : callable
            Given the number of the attempt from 0, it returns a result or raises
            `TryAgain`.
        what : str
            The service or data requested, for messages.

        Yields
        ------
        Waits
            Before pauses of a second or more.

        Raises
        ------
        FetchError
            If no attempt has worked.
        StopAskingError
            If the service is offline, or asks for too long a pause.
        Cancelled
            If the stop event is set.
        """
        last = TryAgain("no request was sent")
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
                "Check the network, then start it again: existing cutouts are kept.",
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
                f"the service asks to wait for {seconds / 60:.0f} minutes",
                None,
                "Start it again then: existing cutouts are kept.",
            )
        return seconds

    def sleep(self, seconds: float) -> None:
        """Wait, or raise at once when the stop event is set.

        Raises
        ------
        Cancelled
            If the stop event is set.
        """
        stopped = self._stop.wait(seconds) if seconds > 0 else self._stop.is_set()
        if stopped:
            raise Cancelled


def check_status(
    status: int, headers: Mapping[str, str] | Message, words: str, service: str
) -> None:
    """Raise for a response that is not the requested data.

    Parameters
    ----------
    status : int
        HTTP status code; 200 passes.
    headers : mapping
        The response's headers.
    words : str
        The service's error message.
    service : str
        Its name, for the message.

    Raises
    ------
    TryAgain
        If the service may answer later.
    FetchError
        If it will not.
    """
    if status == 200:
        return
    message = " ".join(words[:_WORDS].split())[:160]
    if status in _LATER:
        wait = seconds_to_wait(headers.get("Retry-After", ""))
        raise TryAgain(f"{service} is busy (HTTP {status})", wait)
    remedy = "Check the survey, the bands and the position."
    if status in (401, 403):
        remedy = "The service may have blocked this address; ask its operators."
    detail = f": {message}" if message else ""
    raise FetchError(
        f"{service} refuses the request (HTTP {status}{detail})", None, remedy
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
