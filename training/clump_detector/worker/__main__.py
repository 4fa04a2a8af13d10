"""The worker process: ``python -m clump_detector.worker``."""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from contextlib import suppress
from typing import TextIO

from .engine import serve
from .requests import Event, Request, Requests, listen


def _own_the_pipes() -> tuple[TextIO, TextIO]:
    """Return (input, output) that no library can reach.

    What libraries print, from C as well, goes to stderr from here on, and what they
    read is empty.
    """
    lines = os.fdopen(os.dup(0), "r", encoding="utf-8")
    output = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1, newline="\n")
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdout = sys.stderr
    return lines, output


def main() -> None:
    """Serve the window that started this process until it quits or is gone."""
    lines, output = _own_the_pipes()
    with suppress(ValueError, OSError, AttributeError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the window decides
        os.nice(5)  # and it has the cores first
    lock = threading.Lock()

    def send(event: Event) -> None:
        line = json.dumps(event, default=str)
        with lock:
            output.write(line + "\n")
            output.flush()

    send({"event": "ready"})
    requests, waiting = Requests(), queue.SimpleQueue[Request | None]()
    listener = threading.Thread(
        target=listen, args=(lines, requests, waiting, send), daemon=True
    )
    listener.start()
    with suppress(BrokenPipeError):
        serve(waiting, requests, send)
    with suppress(BrokenPipeError, OSError):
        output.close()


if __name__ == "__main__":
    main()
