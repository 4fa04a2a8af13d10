"""One process that searches cutouts in turns, for `tests.benchmarks.paper`.

``python -m tests.benchmarks.turns FOLDER`` prints medians in seconds as JSON: whatever
else runs on the machine slows all of them alike.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torchvision.models.detection import fasterrcnn_resnet50_fpn

from clump_detector.detector import predict
from clump_detector.detector.backend import OPENVINO, TORCH, VARIABLE
from clump_detector.detector.predict import Predictor
from clump_detector.image_files.sources import Source, find_sources
from clump_detector.images.cutout import read_cutout
from clump_detector.models import network_scale
from clump_detector.models.registry import resolve_model

WHOLE, READING = "whole", "reading"


class Parts:
    """Adds up how long the parts of one cutout's search take."""

    def __init__(self) -> None:
        self._now: dict[str, float] = {}

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that adds its time to a part."""

        def call(*inputs: Any, **named: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*inputs, **named)
            finally:
                spent = time.perf_counter() - start
                self._now[name] = self._now.get(name, 0.0) + spent

        return call

    def end(self) -> dict[str, float]:
        """Return the parts of one cutout; what is in no part is the rest."""
        now, self._now = self._now, {}
        now["rest"] = now[WHOLE] - sum(v for k, v in now.items() if k != WHOLE)
        return now


def with_parts(predictor: Predictor, parts: Parts) -> Callable[[Source], None]:
    """Return a function that reads and searches a cutout, its parts timed."""
    search = predictor.detector
    detector = search.detector
    search.compute = parts.timed("encoder, pyramid, objectness", search.compute)
    detector.rpn.select = parts.timed("proposals", detector.rpn.select)
    detector.roi_heads.find = parts.timed("box heads", detector.roi_heads.find)
    read = parts.timed(READING, read_cutout)

    def run(source: Source) -> None:
        predictor.predict(read(source))

    return parts.timed(WHOLE, run)


def as_in_the_paper(parts: Parts) -> Callable[[Source], None]:
    """Return a function that searches a cutout with the paper's configuration."""
    network = fasterrcnn_resnet50_fpn(
        weights=None, weights_backbone=None, num_classes=3
    ).eval()

    def run(source: Source) -> None:
        picture = np.asarray(Image.open(source.path).convert("RGB"))
        image = torch.from_numpy(picture.copy()).permute(2, 0, 1).float() / 255
        with torch.inference_mode():
            network([image])

    return parts.timed(WHOLE, run)


def main() -> None:
    """Search the cutouts of a folder in every way, in turns."""
    torch.set_num_threads(2)
    sources = find_sources([Path(sys.argv[1])])
    shared = Parts()
    network_scale.to_rgb = shared.timed("colour image", network_scale.to_rgb)
    predict.on_host = shared.timed("host mask", predict.on_host)
    network_scale.to_network_scale = shared.timed(
        "PSF width and scaling", network_scale.to_network_scale
    )
    names = [TORCH, *([OPENVINO] if importlib.util.find_spec("openvino") else [])]
    ways: dict[str, Callable[[Source], None]] = {"paper": as_in_the_paper(shared)}
    loading = {}
    for name in names:
        os.environ[VARIABLE] = name
        start = time.perf_counter()
        predictor = Predictor(resolve_model("starter"), "cpu")
        loading[name] = time.perf_counter() - start
        assert predictor.detector.backend == name
        ways[name] = with_parts(predictor, shared)
    print(json.dumps({"loading": loading, "parts": in_turns(ways, sources, shared)}))


def in_turns(
    ways: dict[str, Callable[[Source], None]], sources: list[Source], shared: Parts
) -> dict[str, dict[str, float]]:
    """Return the medians over cutouts of each way's parts."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    for source in (sources[0], *sources):  # the first one warms up
        for name, run in ways.items():
            run(source)
            found[name].append(shared.end())
    return {
        name: {
            part: float(np.median([one.get(part, 0.0) for one in runs[1:]]))
            for part in runs[0]
        }
        for name, runs in found.items()
    }


if __name__ == "__main__":
    main()
