"""Two thousand broken image files: how long the slowest takes, and how much memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from .figure import Figure, memory

FILES = 2000

#: Bytes of addresses that the reading process may have; a file that wants more ends it.
MEMORY = 4 * 2**30

_CODE = """
import resource, runpy, sys
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
runpy.run_module("tests.broken_images", run_name="__main__")
"""


def figures() -> Iterator[Figure]:
    """Read broken files in a process of their own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", _CODE, str(MEMORY), folder, str(FILES), "2023"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    seconds, name = found["slowest"]
    yield Figure("broken images read", found["files"], "", "2000")
    yield Figure("of them more than a message", len(found["wrong"]), "", "0")
    yield Figure(f"the slowest ({name.split()[1]})", seconds, "s", "at most 5 s")
    yield memory("peak memory", found["peak_gb"], goal="at most 2 GB")
    yield Figure("files left or written", len(found["left"]), "", "0")
    for problem in found["wrong"]:
        print(problem)
