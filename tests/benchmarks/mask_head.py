"""Segments of clumps by a mask head against those by watershed, on simulated galaxies.

``python -m tests.benchmarks.mask_head`` trains the mask head of Mask R-CNN (He et al.
2017) on the features of a model, which stay as they are, and on the picture itself,
with simulated galaxies whose truth is known, and judges it on others. A pixel is
truly a clump's where its own light without noise is more than a tenth of its peak, and
more than any other clump's. Compared are the segments of the program, a circle of the
size that a point's truth has, and the mask head, by the overlap with the truth (IoU).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads
from torchvision.ops import MultiScaleRoIAlign, roi_align

from clump_detector.core.arrays import Floats, Mask
from clump_detector.detector.backend import torch_search
from clump_detector.detector.predict import Predictor, as_tensor
from clump_detector.evaluation.photometry.cases import Case, make_case
from clump_detector.evaluation.photometry.pairs import OFF, SIDE_IN_FWHM
from clump_detector.images.cutout import Cutout
from clump_detector.models.network_scale import to_network
from clump_detector.photometry import measure_boxes, moffat, prepare, segment
from clump_detector.simulate.pixel_grid import PixelGrid
from clump_detector.simulate.render import add_point

#: The part of the picture about a box that the mask covers, in FWHM, as far as a
#: segment of the program reaches; the mask's pixels; channels of the head.
ACROSS, MASK, CHANNELS = 4.0, 28, 96

#: A clump's pixels are brighter than this share of its own peak.
SHARE_OF_PEAK = 0.1


@dataclass
class Sample:
    """The clumps of a galaxy: what the head is given, the truth, and other segments.

    Attributes
    ----------
    features : float16 tensor of shape (n, channels, 14, 14)
    picture, target : float16 tensor of shape (n, 3 or 1, 28, 28)
    places : array of shape (n, 4)
        Boxes of the masks, in pixels of the cutout.
    truth, segments, circles : bool array of shape (n, height, width)
    """

    features: torch.Tensor
    picture: torch.Tensor
    target: torch.Tensor
    places: Floats
    truth: Mask
    segments: Mask
    circles: Mask


def true_pixels(case: Case, rows: np.ndarray) -> Mask:
    """Return the pixels of some clumps, without noise or host, of shape (n, h, w)."""
    grid, scene = PixelGrid(case.scene), case.scene
    light = np.zeros((len(scene.clumps), *case.planes.shape[1:]), np.float32)
    for own, clump in zip(light, scene.clumps, strict=True):
        add_point(own[None], clump.x, clump.y, np.ones(1), clump.fwhm, grid)
    fluxes = np.array([clump.flux[2] for clump in scene.clumps], np.float32)
    brightest = (light * fluxes[:, None, None]).argmax(axis=0)
    peaks = light.max(axis=(1, 2), keepdims=True)
    inside = (light > SHARE_OF_PEAK * peaks) & (peaks > 0)
    return np.stack([inside[k] & (brightest == k) for k in rows])


def point_radius(case: Case) -> float:
    """Return the radius in pixels at which a point's light is a tenth of its peak."""
    psf = moffat(case.fwhm, case.scene.beta)
    radii = np.linspace(0, 3 * case.fwhm, 400)
    light = psf.at(radii)
    return float(radii[np.flatnonzero(light > SHARE_OF_PEAK * light[0])[-1]])


def sample(predictor: Predictor, kind: str, seed: int, index: int) -> Sample | None:
    """Simulate a galaxy; None if none of its clumps is clear of other things."""
    case = make_case(kind, seed, index)
    rows = np.flatnonzero(case.measured & case.wanted)
    if not len(rows):
        return None
    rng = np.random.default_rng((seed, index, 1))
    middles = case.positions + rng.normal(0, OFF * case.fwhm, case.positions.shape)
    middles = middles[rows]
    half = SIDE_IN_FWHM * case.fwhm / 2
    boxes = np.concatenate([middles - half, middles + half], axis=1)
    cutout = Cutout(
        "simulated", case.planes, bands=tuple(case.scene.bands), scale=case.scale,
        fwhm=case.fwhm,
    )  # fmt: skip
    field = prepare(cutout, psf=moffat(case.fwhm, case.scene.beta), boxes=boxes)
    measured = measure_boxes(field, boxes)
    labels = segment(field, measured).labels
    y, x = np.indices(labels.shape)
    at = np.stack([measured.x, measured.y], axis=1)
    far = np.hypot(x - at[:, 0, None, None], y - at[:, 1, None, None])
    nearest = far.argmin(axis=0)
    truth = true_pixels(case, rows)
    half = ACROSS * case.fwhm / 2
    places = np.concatenate([middles - half, middles + half], axis=1)
    features, picture = look(predictor, cutout, places)
    target = roi_align(
        torch.from_numpy(truth.astype(np.float32))[:, None],
        [torch.from_numpy(place + 0.5).float()[None] for place in places],
        MASK, aligned=True,
    )  # fmt: skip
    numbers = range(len(rows))
    return Sample(
        features, picture, (target > 0.5).half(), places, truth,
        np.stack([labels == k + 1 for k in numbers]),
        np.stack([(far[k] < point_radius(case)) & (nearest == k) for k in numbers]),
    )  # fmt: skip


@torch.inference_mode()
def look(
    predictor: Predictor, cutout: Cutout, places: Floats
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the pyramid's features and the picture in boxes, in half precision."""
    seen = predictor.seen(cutout)
    image = as_tensor(seen.picture, predictor.device)
    encoded = torch_search(predictor.detector, predictor.device).encode([image])
    corners = torch.from_numpy(to_network(places, seen.scale)).float()
    pool = MultiScaleRoIAlign(list(encoded.features)[:1], MASK // 2, 2)
    features = pool(encoded.features, [corners], encoded.sizes)
    picture = roi_align(image[None], [corners], MASK, aligned=True)
    return features.half(), picture.half()


class MaskHead(nn.Module):
    """Mask R-CNN's mask head on features, joined by the picture where it is finer."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.head = MaskRCNNHeads(channels, [CHANNELS] * 4, 1)
        self.finer = nn.ConvTranspose2d(CHANNELS, CHANNELS, 2, 2)
        self.joined = nn.Sequential(
            nn.Conv2d(CHANNELS + 3, CHANNELS // 2, 3, padding=1), nn.ReLU(),
            nn.Conv2d(CHANNELS // 2, CHANNELS // 2, 3, padding=1), nn.ReLU(),
            nn.Conv2d(CHANNELS // 2, 1, 1),
        )  # fmt: skip

    def forward(self, features: torch.Tensor, picture: torch.Tensor) -> torch.Tensor:
        """Return logits of shape (n, 1, 28, 28)."""
        finer = self.finer(self.head(features.float())).relu()
        out: torch.Tensor = self.joined(torch.cat([finer, picture.float()], dim=1))
        return out


def trained(samples: list[Sample], epochs: int) -> MaskHead:
    """Return a mask head that has learned from samples."""
    torch.manual_seed(0)
    parts = ("features", "picture", "target")
    features, picture, target = (
        torch.cat([getattr(one, name) for one in samples]) for name in parts
    )
    head, batch = MaskHead(features.shape[1]), 64
    steps = epochs * -(-len(target) // batch)
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    for epoch in range(epochs):
        losses = []
        for rows in torch.randperm(len(target)).split(batch):
            logits = head(features[rows], picture[rows])
            loss = nn.functional.binary_cross_entropy_with_logits(
                logits, target[rows].float()
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}", flush=True)
    return head.eval()


@torch.inference_mode()
def masks(head: MaskHead, one: Sample) -> Mask:
    """Return the pixels that a mask head gives each clump, one clump a pixel."""
    chances = head(one.features, one.picture).sigmoid()
    height, width = one.truth.shape[1:]
    rows, columns = np.indices((height, width), dtype=np.float32)
    pasted = np.zeros(one.truth.shape, np.float32)
    for k, (x1, y1, x2, y2) in enumerate(one.places):
        grid = np.stack(
            [2 * (columns - x1) / (x2 - x1) - 1, 2 * (rows - y1) / (y2 - y1) - 1], -1
        )
        pasted[k] = nn.functional.grid_sample(
            chances[k : k + 1], torch.from_numpy(grid)[None].float(),
            align_corners=False,
        )[0, 0]  # fmt: skip
    return np.asarray((pasted > 0.5) & (pasted == pasted.max(axis=0)))


def overlap(found: Mask, truth: Mask) -> Floats:
    """Return the IoU of each clump's pixels with the true ones."""
    both = (found & truth).sum(axis=(1, 2))
    return np.asarray(both / np.maximum((found | truth).sum(axis=(1, 2)), 1))


def _samples(job: tuple[str, str, int, range]) -> list[Sample]:
    model, kind, seed, numbers = job
    torch.set_num_threads(1)
    predictor = Predictor(model, device="cpu")
    made = (sample(predictor, kind, seed, index) for index in numbers)
    return [one for one in made if one is not None]


def simulated(
    model: str, kind: str, seed: int, n: int, workers: int
) -> Iterator[Sample]:
    """Yield the samples of ``n`` simulated galaxies."""
    jobs = [(model, kind, seed, range(k, min(k + 20, n))) for k in range(0, n, 20)]
    if workers == 1:
        for job in jobs:
            yield from _samples(job)
        return
    with ProcessPoolExecutor(workers) as pool:
        for made in pool.map(_samples, jobs):
            yield from made


def line(name: str, values: Floats) -> str:
    """Return mean and median overlap, and the mean's 95 % interval."""
    error = 1.96 * values.std() / np.sqrt(len(values))
    return (
        f"{name:27s} {len(values):5d}  {values.mean():.3f} +- {error:.3f}, median "
        f"{np.median(values):.3f}, none {(values == 0).mean():.3f}"
    )


def main() -> None:
    """Train, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="folder of a model")
    parser.add_argument("-n", type=int, default=2400, help="galaxies to learn from")
    parser.add_argument("--test", type=int, default=400, help="galaxies to be judged")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    learned: list[Sample] = []
    for seed, kind in ((60, "isolated"), (61, "pairs")):
        half = options.n // 2
        learned += simulated(options.model, kind, seed, half, options.workers)
    print(f"{len(learned)} galaxies with clear clumps to learn from", flush=True)
    head = trained(learned, options.epochs)
    for seed, kind in ((70, "isolated"), (71, "pairs")):
        tested = list(
            simulated(options.model, kind, seed, options.test, options.workers)
        )
        found = {
            "segments": [overlap(one.segments, one.truth) for one in tested],
            "circles": [overlap(one.circles, one.truth) for one in tested],
            "mask head": [overlap(masks(head, one), one.truth) for one in tested],
        }
        joined = {name: np.concatenate(values) for name, values in found.items()}
        print(f"{kind}: clumps, mean IoU and its 95 % interval")
        for name, values in joined.items():
            print(line(name, values))
        better = joined["mask head"] - joined["segments"]
        print(line("difference", better))
        there = joined["segments"] > 0
        print(line("... of these with a segment", better[there]), flush=True)


if __name__ == "__main__":
    main()
