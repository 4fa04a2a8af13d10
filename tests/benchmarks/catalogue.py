"""A catalogue of 100,000 clumps in five bands, written in each format."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.goal import Figure, memory

CLUMPS = 100_000

#: Makes and writes a catalogue in a process of its own, so that its memory is its own.
_WRITE = """
import json, sys, time
from tests.benchmarks.catalogue import made_up
from tests.helpers.resources import peak_memory
from clump_detector.catalogue import write_catalogue
start = time.perf_counter()
catalogue = made_up(int(sys.argv[2]))
built = time.perf_counter() - start
start = time.perf_counter()
write_catalogue(catalogue, sys.argv[1])
written = time.perf_counter() - start
print(json.dumps({"built": built, "written": written, "peak": peak_memory()}))
"""


def made_up(n: int, bands: str = "ugriz"):  # type: ignore[no-untyped-def]
    """Return a catalogue of n clumps with something in every column."""
    import numpy as np

    from clump_detector.catalogue import COLUMNS, CatalogueBuilder, describing

    rng = np.random.default_rng(0)
    rows, at_once = CatalogueBuilder(), 1000
    for start in range(0, n, at_once):
        m = min(at_once, n - start)
        given = {}
        for column in COLUMNS:
            if column.of_band:
                given[column.name] = {b: rng.lognormal(-12, 1, m) for b in bands}
            elif column.kind == "float":
                given[column.name] = rng.normal(size=m)
            elif column.kind == "int":
                given[column.name] = rng.integers(10**17, 10**18, m)
            elif column.kind == "bool":
                given[column.name] = rng.random(m) < 0.5
            else:
                given[column.name] = [f"name {start + k}" for k in range(m)]
        rows.add(m, given)
    return rows.finished(describing())


def figures() -> Iterator[Figure]:
    """Write each format, and tell time and memory."""
    from clump_detector.catalogue import FORMATS

    peaks = []
    with tempfile.TemporaryDirectory() as name:
        for ending in FORMATS:
            path = Path(name) / f"clumps{ending}"
            out = subprocess.run(
                [sys.executable, "-c", _WRITE, str(path), str(CLUMPS)],
                capture_output=True, text=True, check=True,
            ).stdout  # fmt: skip
            found = json.loads(out.strip().splitlines()[-1])
            peaks.append(found["peak"])
            size = path.stat().st_size / 1e6
            yield Figure(
                f"{ending} of 100,000 clumps, {size:.0f} MB",
                found["written"], "s", "under 10",
            )  # fmt: skip
    yield memory("peak memory of the largest", *peaks, goal="at most 1")
