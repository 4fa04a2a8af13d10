"""Encoders pretrained here, to compare with none: stand-ins for what a hub has.

Zoobot learned morphology from volunteers' answers about real galaxies. Its stand-in
learns to classify the kinds of simulated galaxies; another one learns which of some
everyday photographs and textures a patch is from. Neither is Zoobot, nor ImageNet.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from clump_detector.core.errors import ConfigError, from_os_error
from clump_detector.core.json_types import JsonObject
from clump_detector.core.progress import Progress, no_progress

#: Pictures, and the number of each one's kind.
Pictures: TypeAlias = tuple[list[NDArray[np.uint8]], NDArray[np.int64]]

KINDS = ("morphology", "textures")

#: Pictures of scikit-image that need no download.
PHOTOGRAPHS = (
    "astronaut", "brick", "camera", "cell", "chelsea", "clock", "coffee", "coins",
    "grass", "gravel", "immunohistochemistry", "moon", "page", "retina", "rocket",
    "text",
)  # fmt: skip


@dataclass(frozen=True)
class PretrainConfig:
    """How a stand-in is pretrained.

    Attributes
    ----------
    pictures : int
        How many are made; each is turned and cut anew in every epoch.
    side : int
        Pixels a side of what the network sees.
    epochs, batch : int
    learning_rate : float
    seed : int
    """

    pictures: int = 1500
    side: int = 96
    epochs: int = 6
    batch: int = 32
    learning_rate: float = 1e-3
    seed: int = 0


def pretrain(
    kind: str,
    architecture: str,
    out: Path,
    config: PretrainConfig,
    progress: Progress = no_progress,
) -> JsonObject:
    """Pretrain a classifier of timm and store it in a folder that timm can load.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    architecture : str
        A name of timm.
    out : path
        The new folder; ``local-dir:OUT`` names it as an encoder.
    config : PretrainConfig
    progress : callable
        Called after each step.

    Returns
    -------
    dict
        ``classes`` and the ``accuracy`` on pictures set apart, a tenth of all.

    Raises
    ------
    ConfigError
        If there is no such kind, or what makes its pictures is not installed.
    """
    import timm
    from timm.models import save_for_hf

    if kind not in KINDS:
        raise ConfigError(
            f"there is no pretraining {kind!r}", remedy=f"Choose one of {KINDS}."
        )
    pictures, labels = _MAKERS[kind](config)
    n_classes = int(labels.max()) + 1
    torch.manual_seed(config.seed)
    network = timm.create_model(architecture, pretrained=False, num_classes=n_classes)
    accuracy = _fit(network, pictures, labels, config, progress)
    hidden = out.parent / f".{out.name}.part"
    shutil.rmtree(hidden, ignore_errors=True)
    try:
        save_for_hf(network, hidden, safe_serialization=True)
        hidden.replace(out)
    except OSError as error:
        raise from_os_error(error, out, "write") from error
    return {"kind": kind, "classes": n_classes, "accuracy": accuracy}


def _fit(
    network: torch.nn.Module,
    pictures: list[NDArray[np.uint8]],
    labels: NDArray[np.int64],
    config: PretrainConfig,
    progress: Progress,
) -> float:
    """Train on nine tenths, and return the accuracy on the last one."""
    rng = np.random.default_rng([config.seed, 1])
    order = rng.permutation(len(pictures))
    apart, train = np.split(order, [max(len(pictures) // 10, 1)])
    per_epoch = max(len(train) // config.batch, 1)
    total = per_epoch * config.epochs
    optimizer = torch.optim.AdamW(network.parameters(), config.learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.learning_rate, total_steps=total
    )
    network.train()
    for step in range(total):
        chosen = rng.choice(train, min(config.batch, len(train)), replace=False)
        optimizer.zero_grad(set_to_none=True)
        images = _batch([_variant(pictures[i], config.side, rng) for i in chosen])
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(images)
        loss = functional.cross_entropy(logits.float(), torch.as_tensor(labels[chosen]))
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        progress(step + 1, total, "pretraining the encoder")
    network.eval()
    with torch.inference_mode():
        images = _batch([_variant(pictures[i], config.side, rng) for i in apart])
        told = network(images).argmax(dim=1).numpy()
    return float((told == labels[apart]).mean())


def _variant(
    picture: NDArray[np.uint8], side: int, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return a random square of a picture, turned and flipped."""
    y, x = (int(rng.integers(n - side + 1)) for n in picture.shape[:2])
    part = np.rot90(picture[y : y + side, x : x + side], int(rng.integers(4)))
    return part[:, ::-1] if rng.random() < 0.5 else part


def _batch(parts: list[NDArray[np.uint8]]) -> torch.Tensor:
    stacked = np.ascontiguousarray(np.stack(parts).transpose(0, 3, 1, 2))
    return torch.from_numpy(stacked).float() / 255


def _morphology(
    config: PretrainConfig,
) -> Pictures:
    """Return pictures of simulated galaxies and the number of each one's kind."""
    from PIL import Image

    from clump_detector.simulate.cutout import galaxy_rng, simulate_one
    from clump_detector.simulate.scenes.hosts import CLUMPY_KINDS, SMOOTH_KINDS

    kinds = sorted({*CLUMPY_KINDS, *SMOOTH_KINDS})
    side = round(1.15 * config.side)
    pictures, labels = [], []
    for k in range(config.pictures):
        made = simulate_one(galaxy_rng(config.seed + 70_000, k))
        half = made.rgb.shape[0] // 4  # the galaxy fills the middle
        middle = Image.fromarray(made.rgb[half:-half, half:-half])
        pictures.append(np.asarray(middle.resize((side, side))))
        labels.append(kinds.index(made.scene.host.kind))
    return pictures, np.array(labels)


def _textures(
    config: PretrainConfig,
) -> Pictures:
    """Return patches of photographs and the number of each one's photograph."""
    try:
        from skimage import data
    except ImportError as error:
        raise ConfigError(
            "scikit-image, which has the photographs, is not installed",
            remedy="Run: pip install scikit-image.",
        ) from error
    from PIL import Image

    rng = np.random.default_rng([config.seed, 2])
    whole = [
        Image.fromarray(getattr(data, name)()).convert("RGB") for name in PHOTOGRAPHS
    ]
    side = round(1.15 * config.side)
    pictures, labels = [], []
    for k in range(config.pictures):
        number = k % len(whole)
        image = whole[number]
        wide = int(rng.uniform(0.3, 0.95) * min(image.size))
        x, y = (int(rng.integers(n - wide + 1)) for n in image.size)
        part = image.crop((x, y, x + wide, y + wide)).resize((side, side))
        pictures.append(np.asarray(part))
        labels.append(number)
    return pictures, np.array(labels)


_MAKERS: dict[str, Callable[[PretrainConfig], Pictures]] = {
    "morphology": _morphology,
    "textures": _textures,
}
