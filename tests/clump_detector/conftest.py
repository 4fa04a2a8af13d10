"""Detectors small enough for tests, and galaxies simple enough for them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from clump_detector.config.model import ModelConfig
from clump_detector.detector.model_folder import save_model
from clump_detector.detector.network import build_detector
from clump_detector.image_files.sources import Source
from clump_detector.labels.label_set import (
    LabelledBox,
    LabelledCutout,
    LabelSet,
    write_label_set,
)
from clump_detector.models.card import ModelCard

TINY = ModelConfig(
    encoder="test_resnet",
    strides=(4, 8),
    anchor_sizes=((8, 12), (16, 24)),
    input_size=96,
    fpn_channels=16,
    representation_size=32,
    rpn_pre_nms_top_n=60,
    rpn_post_nms_top_n=40,
)


@pytest.fixture(autouse=True)
def _same_every_time():
    torch.manual_seed(0)
    torch.set_num_threads(1)


@pytest.fixture
def tiny():
    return build_detector(TINY)


@pytest.fixture
def tiny_folder(tmp_path, tiny):
    save_model(tmp_path / "tiny", tiny, ModelCard("tiny", TINY))
    return tmp_path / "tiny"


def sky(rng, n_clumps, size=96, side=12):
    """Return a picture of blue blobs on a red disc, and their boxes (n, 4)."""
    y, x = np.mgrid[:size, :size]
    middle = (size - 1) / 2
    disc = 120 * np.exp(-np.hypot(x - middle, y - middle) / (size / 5))
    picture = np.stack([disc, 0.7 * disc, 0.4 * disc], axis=2)
    picture += rng.normal(20, 4, picture.shape)
    centres = []
    while len(centres) < n_clumps:
        new = rng.uniform(side, size - side, 2)
        if all(np.hypot(*(new - old)) > 1.5 * side for old in centres):
            centres.append(new)
    for cx, cy in centres:
        blob = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * (side / 5) ** 2))
        picture += blob[:, :, None] * np.array([40, 120, 220])
    boxes = [[cx - side / 2, cy - side / 2, cx + side / 2, cy + side / 2]
             for cx, cy in centres]  # fmt: skip
    return np.clip(picture, 0, 255).astype(np.uint8), np.reshape(boxes, (-1, 4))


@pytest.fixture
def make_labels(tmp_path):
    """Return a function that writes a label set of ``n`` galaxies."""

    def make(n=12, held_out=0, seed=0, name="labels", **changes):
        rng = np.random.default_rng(seed)
        folder = tmp_path / name
        folder.mkdir()
        cutouts = []
        for i in range(n):
            picture, boxes = sky(rng, int(rng.integers(1, 4)))
            path = folder / f"galaxy-{i}.png"
            Image.fromarray(picture).save(path)
            cutouts.append(
                LabelledCutout(
                    Source(path.stem, (path,)),
                    width=96,
                    height=96,
                    held_out=i < held_out,
                    boxes=tuple(LabelledBox(*box, "clump") for box in boxes),
                    **changes,
                )
            )
        write_label_set(LabelSet(tuple(cutouts)), folder / "labels.json")
        return folder / "labels.json"

    return make
