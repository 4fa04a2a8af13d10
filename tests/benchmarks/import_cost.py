"""What ``import napari_clumps`` costs and brings in."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from tests.benchmarks.goal import Figure

_CODE = """
import sys, time
start = time.perf_counter()
import napari_clumps
print(time.perf_counter() - start)
print(sum(name in sys.modules for name in ("torch", "qtpy", "PySide6", "napari")))
"""


def figures() -> Iterator[Figure]:
    """Import in fresh processes."""
    times, heavy = [], 0
    for _ in range(7):
        out = subprocess.run(
            [sys.executable, "-c", _CODE], capture_output=True, text=True, check=True
        ).stdout.split()
        times.append(float(out[0]))
        heavy = max(heavy, int(out[1]))
    median = sorted(times)[len(times) // 2]
    yield Figure("import napari_clumps, median of 7", median, "s", "under 0.2 s")
    yield Figure("heavy packages it brings in", heavy, "", "0")
