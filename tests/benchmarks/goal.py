"""A measured figure beside its goal."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Figure:
    """One figure; ``goal`` is a bound in words for the reader."""

    name: str
    value: float
    unit: str
    goal: str = ""

    def __str__(self) -> str:
        goal = f"   (goal: {self.goal})" if self.goal else ""
        return f"{self.name:54s} {self.value:9.3f} {self.unit}{goal}"


def spread(name: str, seconds: Sequence[float], goal: str) -> list[Figure]:
    """Return the median and the 95th percentile in milliseconds."""
    milliseconds = 1000 * np.array(seconds)
    return [
        Figure(f"{name}, median", float(np.median(milliseconds)), "ms"),
        Figure(f"{name}, 95 %", float(np.quantile(milliseconds, 0.95)), "ms", goal),
    ]


def memory(name: str, *peaks: float | None, goal: str = "") -> Figure:
    """Return the largest of some peaks; not a number where the system tells none."""
    known = [peak for peak in peaks if peak is not None]
    return Figure(name, max(known, default=float("nan")), "GB", goal)


#: A verb of the command line, and on stderr what memory it took.
_VERB = """
import json, sys
from napari_clumps.cli.main import main
from tests.helpers.resources import peak_memory
try:
    main()
finally:
    print(json.dumps(peak_memory()), file=sys.stderr)
"""


def run_verb(*words: object) -> float | None:
    """Run a verb in a process of its own; return its peak of memory in GB, if known."""
    command = [sys.executable, "-c", _VERB, *map(str, words)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    peak: float | None = json.loads(done.stderr.splitlines()[-1])
    return peak
