"""A measured figure beside its goal."""

from __future__ import annotations

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


def run_verb(*words: object) -> None:
    """Run a verb of the command line in a process of its own."""
    command = [sys.executable, "-c", "from napari_clumps.cli import main; main()"]
    subprocess.run([*command, *map(str, words)], check=True, capture_output=True)
