"""The requests that wait or are under way, and how they are read."""

from __future__ import annotations

import json
import os
import queue
import threading
import time
from collections.abc import Callable
from typing import TextIO, TypeAlias

from clump_detector.core.json_types import JsonObject
from clump_detector.core.progress import CancelToken

#: Both are what a line of JSON holds.
Request: TypeAlias = JsonObject
Event: TypeAlias = JsonObject

#: Takes the events that go to the window.
Send = Callable[[Event], None]

#: Seconds that work under way has to end after the window is gone.
GRACE = 3.0


class Requests:
    """The requests that wait or are under way, and the cancel token of each.

    Every thread may use it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[int] = set()
        self._tokens: dict[int, CancelToken] = {}
        self._closed = False

    def add(self, number: int) -> None:
        """Note a request that waits for its turn."""
        with self._lock:
            self._waiting.add(number)

    def begin(self, number: int) -> CancelToken | None:
        """Take a request's turn; None if it was cancelled while it waited."""
        with self._lock:
            wanted = number in self._waiting and not self._closed
            self._waiting.discard(number)
            return self._token(number) if wanted else None

    def _token(self, number: int) -> CancelToken:
        return self._tokens.setdefault(number, CancelToken())

    def cancel(self, number: int) -> bool:
        """Cancel a request; True if this ends one that has not begun."""
        with self._lock:
            if number in self._waiting:
                self._waiting.remove(number)
                return True
            self._token(number).cancel()
            return False

    def stop(self, number: int) -> None:
        """Ask a training to keep the best so far, now or when it begins."""
        with self._lock:
            self._token(number).stop()

    def end(self, number: int) -> None:
        """Forget a request."""
        with self._lock:
            self._tokens.pop(number, None)

    def close(self) -> None:
        """Cancel everything."""
        with self._lock:
            self._closed = True
            for token in self._tokens.values():
                token.cancel()


def listen(
    lines: TextIO,
    requests: Requests,
    waiting: queue.SimpleQueue[Request | None],
    send: Send,
) -> None:
    """Take lines until the input ends.

    Parameters
    ----------
    lines : text file
        JSON lines, as in the module's table.
    requests : Requests
        Cancelled and stopped at once.
    waiting : queue
        Gets the other requests, and None at the end.
    send : callable
        Takes the events.
    """
    for line in lines:
        if not line.strip():
            continue
        try:
            request = json.loads(line)
            do, number = request["do"], int(request.get("id", 0))
        except (ValueError, KeyError, TypeError, AttributeError):
            send({"id": None, "event": "error", "message": "this line is no request"})
            continue
        if do == "quit":
            break
        if do == "cancel":
            if requests.cancel(number):
                send({"id": number, "event": "cancelled"})
        elif do == "stop":
            requests.stop(number)
        else:
            requests.add(number)
            waiting.put(request)
    requests.close()
    waiting.put(None)
    time.sleep(GRACE)
    os._exit(1)  # work that checks no token must not outlive the window
