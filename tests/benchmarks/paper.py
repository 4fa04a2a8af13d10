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

from tests.benchmarks.goal import Figure, run_verb

CUTOUTS = 12

#: One process, the two in turns, so that whatever else runs slows both.
_BOTH = """
import json, sys, time
import numpy as np
import torch
torch.set_num_threads(2)
from pathlib import Path
from PIL import Image
from torchvision.models.detection import fasterrcnn_resnet50_fpn
from clump_detector.images.cutout import read_cutout
from clump_detector.detector.predict import Predictor
from clump_detector.models.registry import resolve_model
from clump_detector.image_files.sources import find_sources
predictor = Predictor(resolve_model("starter"), "cpu")
paper = fasterrcnn_resnet50_fpn(
    weights=None, weights_backbone=None, num_classes=3
).eval()

def with_paper(path):
    picture = np.asarray(Image.open(path).convert("RGB"))
    image = torch.from_numpy(picture.copy()).permute(2, 0, 1).float() / 255
    with torch.inference_mode():
        paper([image])

sources = find_sources([Path(sys.argv[1])])
with_paper(sources[0].path)
predictor.predict(read_cutout(sources[0]))
ours, theirs = [], []
for source in sources:
    start = time.perf_counter()
    predictor.predict(read_cutout(source))
    ours.append(time.perf_counter() - start)
    start = time.perf_counter()
    with_paper(source.path)
    theirs.append(time.perf_counter() - start)
print(json.dumps([float(np.median(ours)), float(np.median(theirs))]))
"""


def figures() -> Iterator[Figure]:
    """Simulate cutouts of 424 pixels and search them with both."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "sim"
        run_verb("simulate", folder, "-n", CUTOUTS, "--seed", 78, "--size", 424)
        out = subprocess.run(
            [sys.executable, "-c", _BOTH, str(folder / "images")],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    ours, theirs = json.loads(out.strip().splitlines()[-1])
    yield Figure("detection, the starter", 1 / ours, "a second")
    yield Figure("detection, the paper's configuration", 1 / theirs, "a second")
    yield Figure("ratio of the two", theirs / ours, "times", "at least 20")
