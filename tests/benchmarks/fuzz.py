"""Ten thousand broken files: how long the slowest takes, and how much memory.

Two thousand images, and eight thousand of everything else that is read: labels, lists,
tables, catalogues, reviews, model folders, recipes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from tests.benchmarks.goal import Figure, memory

#: By the module that breaks and reads them.
RUNS = {"tests.helpers.broken_images": 2000, "tests.helpers.broken_files": 8000}

#: Bytes of addresses that reading may take; a file that wants more ends the process.
MEMORY = 4 * 2**30

#: What torch maps when it is imported, which is more than that, does not count.
_CODE = """
import resource, runpy, sys
import clump_detector.detector.weights, psutil
limit, module = int(sys.argv.pop(1)), sys.argv.pop(1)
limit += psutil.Process().memory_info().vms
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
runpy.run_module(module, run_name="__main__")
"""


def figures() -> Iterator[Figure]:
    """Read broken files, each kind in a process of its own."""
    for module, n in RUNS.items():
        yield from _figures_of(module, n)


def _figures_of(module: str, n: int) -> Iterator[Figure]:
    code = [sys.executable, "-c", _CODE, str(MEMORY), module]
    with tempfile.TemporaryDirectory() as folder:
        command = [*code, folder, str(n), "2023"]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(done.stderr[-3000:])
        yield Figure(f"{module} ended by a hang or for memory", 1, "", "0")
        return
    found = json.loads(done.stdout.splitlines()[-1])
    kind = module.rpartition("_")[2]
    seconds, name = found["slowest"]
    yield Figure(f"broken {kind} read", found["files"], "", str(n))
    yield Figure(f"broken {kind}: more than a message", len(found["wrong"]), "", "0")
    yield Figure(
        f"broken {kind}: the slowest ({name.split()[1]})", seconds, "s", "at most 5 s"
    )
    yield memory(f"broken {kind}: peak memory", found["peak_gb"], goal="at most 2 GB")
    yield Figure(f"broken {kind}: files left or written", len(found["left"]), "", "0")
    for problem in (*found["wrong"], *found["left"]):
        print(problem)
