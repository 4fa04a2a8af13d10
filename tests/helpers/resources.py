"""How long tests wait at most, and what a process or a piece of work has used.

No figure here depends on which tests ran before, or on what else the machine does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: Seconds after which a test gives up waiting for what takes moments when nobody else
#: works on the machine.
PATIENCE = 600.0

_STATUS = Path("/proc/self/status")


def peak_memory() -> float | None:
    """Return the most memory that this process ever held, in GB.

    ``ru_maxrss`` will not do: it is kept over fork and exec, so that a child begins
    with what its parent held at that moment. Linux counts ``VmHWM`` anew in every
    program that is started; where neither Linux nor Windows tells it, it is None.
    """
    if _STATUS.exists():
        for line in _STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 2**20
    import psutil

    peak = getattr(psutil.Process().memory_info(), "peak_wset", None)
    return None if peak is None else peak / 2**30


def memory_of_children() -> float:
    """Return the most memory that a process started from this one holds now, in GB."""
    import psutil

    held = [0]
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            held.append(child.memory_info().rss)
    return max(held) / 2**30


def wait_for(check: Callable[[], object]) -> None:
    """Wait until something is so, however long a busy machine takes for it."""
    end = time.monotonic() + PATIENCE
    while not check():
        assert time.monotonic() < end, "what was waited for never came"
        time.sleep(0.01)


class Work:
    """Seconds of the processor that a piece of work took."""

    seconds = 0.0


@contextmanager
def work() -> Iterator[Work]:
    """Measure the work of this thread; another program's work is none of it."""
    found, start = Work(), time.thread_time()
    try:
        yield found
    finally:
        found.seconds = time.thread_time() - start
