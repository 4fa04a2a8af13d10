"""Real galaxies as a box head sees them: pooled features of places, kept in a file.

Everything below the box head is frozen when only heads are trained, so what a place
looks like is computed once: proposals of the base model, boxes of the labels, boxes
that were turned down, and each box once more where a shaky hand would have drawn it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from clump_detector.core import boxes as geometry
from clump_detector.detector.describing.embedding import vector_of
from clump_detector.detector.model_folder import load_model
from clump_detector.detector.network import Detector
from clump_detector.detector.predict import as_tensor
from clump_detector.detector.targets import LossTarget, not_background
from clump_detector.images.host_mask import on_host
from clump_detector.images.identity import groups
from clump_detector.labels.joined import read_joined
from clump_detector.train.samples.augment import Sample
from clump_detector.train.samples.dataset import load_sample, teaches

#: A box drawn in the wrong place is off by this many FWHM.
OFF = 1.5


#: FWHM in network pixels of a galaxy whose PSF is not known.
FWHM = 5.0


@dataclass(frozen=True)
class Galaxy:
    """A galaxy's places: its rows of the table, from ``first`` on.

    Attributes
    ----------
    sample : Sample
        Its labels; the picture is left out.
    size : (int, int)
        Height and width in network pixels.
    first : int
    corners : array of shape (n, 4)
        Of all places: proposals, boxes, rejected ones, displaced boxes.
    proposals : int
        How many of them are proposals.
    hosted : bool array of shape (proposals,)
        Which lie on the galaxy and not on its nucleus: others are not reported.
    group : int
        Images of one galaxy have the same.
    """

    sample: Sample
    size: tuple[int, int]
    first: int
    corners: geometry.Boxes
    proposals: int
    hosted: np.ndarray
    group: int

    @property
    def boxes(self) -> np.ndarray:
        """Places that are boxes of its labels."""
        return self.proposals + np.arange(len(self.sample.boxes))

    @property
    def rejected(self) -> np.ndarray:
        """Places that are boxes which were turned down."""
        start = self.proposals + len(self.sample.boxes)
        return start + np.arange(len(self.sample.rejected))

    @property
    def displaced(self) -> np.ndarray:
        """The places of `boxes`, off by `OFF`."""
        start = self.proposals + len(self.sample.boxes) + len(self.sample.rejected)
        return start + np.arange(len(self.sample.boxes))


@dataclass(frozen=True)
class Rows:
    """All galaxies, the features of all their places, and an embedding of each."""

    galaxies: list[Galaxy]
    features: Tensor
    vectors: np.ndarray


@dataclass(frozen=True)
class Target:
    """What a box head is to learn from a galaxy.

    Attributes
    ----------
    rows : int array of shape (n,)
        Rows of the table that count.
    labels : int array of shape (n,)
        Classes, background, or rejected.
    wanted : array of shape (n, 4)
        Shifts to the box that belongs to each.
    weights : array of shape (n,)
    """

    rows: np.ndarray
    labels: np.ndarray
    wanted: np.ndarray
    weights: np.ndarray


def rows_of(files: list[Path], base: Path, kept: Path) -> Rows:
    """Return the table of some label sets, from the file ``kept`` if it is there.

    Parameters
    ----------
    files : list of path
        Label sets.
    base : path
        The model whose proposals and features these are.
    kept : path
    """
    if kept.is_file():
        return Rows(**torch.load(kept, weights_only=False))
    detector, card = load_model(base)
    labelled = [c for c in read_joined(files).cutouts if teaches(c)]
    samples = [load_sample(c, card.config, files[0]) for c in labelled]
    group = groups([s.keys or (f"name:{i}",) for i, s in enumerate(samples)])
    galaxies: list[Galaxy] = []
    features, vectors, first = [], [], 0
    for i, (sample, number) in enumerate(zip(samples, group, strict=True)):
        galaxy, pooled, vector = _seen(detector, sample, first, number, i)
        galaxies.append(galaxy)
        features.append(pooled)
        vectors.append(vector)
        first += len(pooled)
        if i % 100 == 0:
            print(f"features of {i} of {len(samples)} galaxies", flush=True)
    table: dict[str, Any] = {
        "galaxies": galaxies,
        "features": torch.cat(features),
        "vectors": np.stack(vectors),
    }
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = kept.with_suffix(".partial")
    torch.save(table, partial)
    partial.rename(kept)
    return Rows(**table)


@torch.inference_mode()
def _seen(
    detector: Detector, sample: Sample, first: int, group: int, seed: int
) -> tuple[Galaxy, Tensor, np.ndarray]:
    """Return a galaxy with the features of its places and its embedding."""
    encoded = detector.encode([as_tensor(sample.picture, torch.device("cpu"))])
    vector = vector_of([list(encoded.features.values())[-1].float()])
    pyramid = detector.pyramid(encoded)
    proposals = detector.propose(pyramid)[0].double().numpy()
    corners = np.concatenate(
        [proposals, sample.boxes, sample.rejected, _displaced(sample, seed)]
    )
    boxes = torch.as_tensor(corners, dtype=torch.float32)
    pooled = detector.roi_heads.pooled(pyramid, [boxes])
    hosted = np.zeros(len(proposals), dtype=bool)
    hosted[on_host(sample.picture, proposals, sample.fwhm or FWHM)] = True
    bare = replace(sample, picture=np.zeros((1, 1, 3), dtype=np.uint8))
    height, width = sample.picture.shape[:2]
    galaxy = Galaxy(
        bare, (height, width), first, corners, len(proposals), hosted, group
    )
    return galaxy, pooled.flatten(1).to(torch.bfloat16), vector


def _displaced(sample: Sample, seed: int) -> geometry.Boxes:
    angle = np.random.default_rng([seed, 17]).uniform(0, 2 * np.pi, len(sample.boxes))
    shift = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    shift = OFF * geometry.fwhm(sample.boxes)[:, None] * shift
    return geometry.as_boxes(sample.boxes + np.tile(shift, 2))


def target_of(
    galaxy: Galaxy,
    detector: Detector,
    boxes: np.ndarray,
    rejected: np.ndarray,
    labels: np.ndarray | None = None,
) -> Target:
    """Return what a galaxy teaches, as `clump_detector.detector.heads` has it.

    Parameters
    ----------
    galaxy : Galaxy
    detector : Detector
    boxes, rejected : int array
        Which places are boxes and which were turned down.
    labels : int array of shape (boxes,), optional
        Their classes, the first unless given.
    """
    places = np.concatenate([np.arange(galaxy.proposals), boxes, rejected])
    corners = torch.as_tensor(galaxy.corners, dtype=torch.float32)
    classes = np.ones(len(boxes), dtype=np.int64) if labels is None else labels
    target: LossTarget = {
        "boxes": corners[boxes],
        "labels": torch.as_tensor(classes),
        "weights": torch.ones(len(boxes)),
        "ignored": torch.as_tensor(galaxy.sample.ignored, dtype=torch.float32),
        "rejected": corners[rejected],
        "complete": galaxy.sample.complete,
    }
    regions, heads = corners[places], detector.roi_heads
    (matches,), (found,) = heads.assign_targets_to_proposals(
        [regions], [target["boxes"]], [target["labels"]]
    )
    found = not_background(found, regions, target).numpy()
    some = target["boxes"] if len(boxes) else corners.new_zeros((1, 4))
    (wanted,) = heads.box_coder.encode([some[matches]], [regions])
    kept = found != -1
    return Target(
        galaxy.first + places[kept],
        found[kept],
        wanted.numpy()[kept],
        np.ones(int(kept.sum())),
    )
