"""Detection, explanation and retraining on two cores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from clump_detector.core.json_types import JsonObject
from tests.benchmarks.goal import Figure, memory, run_verb, spread

#: The largest round of corrections that is timed.
CUTOUTS = 100

#: Of these, detection is timed on so many.
DETECTED = 40

#: The best box of so many of them is explained.
EXPLAINED = 20

#: Detects in a fresh process, so that its memory is its own.
_DETECT = """
import json, sys, time
import torch
torch.set_num_threads(2)
from pathlib import Path
from clump_detector.images.cutout import read_cutout
from clump_detector.image_files.sources import find_sources
from clump_detector.detector.predict import Predictor
from clump_detector.models.registry import resolve_model
from tests.helpers.resources import peak_memory
predictor = Predictor(resolve_model("starter"), "cpu")
sources = find_sources([Path(sys.argv[1])])
predictor.predict(read_cutout(sources[0]))
times = []
for source in sources[: int(sys.argv[2])]:
    start = time.perf_counter()
    predictor.predict(read_cutout(source))
    times.append(time.perf_counter() - start)
print(json.dumps({"seconds": times, "peak": peak_memory()}))
"""

#: Explains the best box of each image that has one.
_EXPLAIN = """
import json, sys, time
import torch
torch.set_num_threads(2)
from pathlib import Path
from clump_detector.images.cutout import read_cutout
from clump_detector.image_files.sources import find_sources
from clump_detector.detector.explaining.explainer import Explainer
from clump_detector.detector.predict import Predictor
from clump_detector.models.registry import resolve_model
from tests.helpers.resources import peak_memory
predictor = Predictor(resolve_model("starter"), "cpu")
explainer = Explainer(predictor)
times = []
for source in find_sources([Path(sys.argv[1])]):
    cutout = read_cutout(source)
    boxes = predictor.predict(cutout).boxes
    if len(boxes) and len(times) < int(sys.argv[2]):
        start = time.perf_counter()
        explainer.explain(cutout, boxes[0])
        times.append(time.perf_counter() - start)
print(json.dumps({"seconds": times, "peak": peak_memory()}))
"""


def figures() -> Iterator[Figure]:
    """Simulate cutouts, detect on them, explain boxes, and retrain heads only."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run_verb("simulate", folder / "sim", "-n", CUTOUTS, "--seed", 77, "--size", 424)
        yield from _detection(folder / "sim" / "images")
        yield from _explanation(folder / "sim" / "images")
        yield from _retraining(folder)


def _detection(images: Path) -> Iterator[Figure]:
    found = _timed(_DETECT, images, DETECTED)
    seconds = sorted(found["seconds"])
    median = seconds[len(seconds) // 2]
    yield Figure(
        "detection of 424 x 424, decoding included",
        1 / median,
        "a second",
        "at least 4",
    )
    yield memory("peak memory of detection", found["peak"], goal="at most 2 GB")


def _explanation(images: Path) -> Iterator[Figure]:
    found = _timed(_EXPLAIN, images, EXPLAINED)
    yield from spread("a box explained", found["seconds"], "under 2,000 ms")
    yield memory("peak memory of explaining", found["peak"])


def _timed(program: str, images: Path, n: int) -> JsonObject:
    """Run a program on images in a fresh process, and return what it prints."""
    out = subprocess.run(
        [sys.executable, "-c", program, str(images), str(n)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found: JsonObject = json.loads(out.strip().splitlines()[-1])
    return found


def _retraining(folder: Path) -> Iterator[Figure]:
    peaks = []
    for n, goal in ((30, "under 180 s"), (100, "under 60 s")):
        labels = _first(folder / "sim" / "labels.json", n)
        start = time.perf_counter()
        out = folder / f"model-{n}"
        peaks.append(run_verb("train", labels, "--out", out, "--train", "heads"))
        seconds = time.perf_counter() - start
        yield Figure(f"heads-only retraining on {n} cutouts", seconds, "s", goal)
    yield memory("peak memory of retraining", *peaks)
    yield Figure("processors", float(os.cpu_count() or 0), "")


def _first(path: Path, n: int) -> Path:
    """Write and return the label set of the first cutouts."""
    labels = json.loads(path.read_text())
    kept = {image["id"] for image in labels["images"][:n]}
    labels["images"] = [i for i in labels["images"] if i["id"] in kept]
    for key in ("annotations", "rejected"):
        labels[key] = [a for a in labels[key] if a["image_id"] in kept]
    fewer = path.with_name(f"first-{n}.json")
    fewer.write_text(json.dumps(labels))
    return fewer
