"""Detection beside the configuration of Popp et al. (2023), on the same images.

That is torchvision's ``fasterrcnn_resnet50_fpn`` with its defaults at 800 pixels. Its
weights are random here: its time does not depend on them, as it always takes a thousand
proposals through its heads.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from clump_detector.detector.backend import OPENVINO, TORCH
from tests.benchmarks.goal import Figure, run_verb

CUTOUTS = 12

#: Ratios to the paper's configuration that are asked for.
GOALS = {TORCH: "at least 50", OPENVINO: "at least 70"}


def figures() -> Iterator[Figure]:
    """Simulate cutouts of 424 pixels and search them with all."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "sim"
        run_verb("simulate", folder, "-n", CUTOUTS, "--seed", 78, "--size", 424)
        # One process, all in turns, so that whatever else runs slows all.
        out = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.turns", str(folder / "images")],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    found = json.loads(out.strip().splitlines()[-1])
    parts, loading = found["parts"], found["loading"]
    paper = parts.pop("paper")["whole"]
    yield Figure("detection, the paper's configuration", 1 / paper, "a second")
    for name, spent in parts.items():
        whole = spent.pop("whole")
        yield Figure(f"the starter with {name}, loading it", loading[name], "s")
        yield Figure(f"the starter with {name}", 1 / whole, "a second")
        ratio = f"the starter with {name}, the paper's time by its own"
        yield Figure(ratio, paper / whole, "times", GOALS[name])
        for part, seconds in spent.items():
            yield Figure(f"the starter with {name}: {part}", 1000 * seconds, "ms")
