"""The checkpoints published with Popp et al. (2023), as model folders.

They are a ``state_dict`` of torchvision's ``fasterrcnn_resnet50_fpn`` with two classes
and background. The network here is the same, tensor for tensor, with its encoder named
as timm names it.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from clump_detector.config.model import IMAGENET, ModelConfig
from clump_detector.core.errors import ModelError, from_os_error
from clump_detector.core.files import sha256
from clump_detector.models.card import ModelCard

from .model_folder import save_model
from .network import build_detector

#: torchvision's defaults, and the paper's score and suppression. Its pictures of 400
#: pixels are enlarged to 800; the PSF's FWHM is 6.6 of 400 in the median (box sides of
#: Clump Scout over 2.5), so 13.3 network pixels.
PAPER = ModelConfig(
    encoder="resnet50",
    strides=(4, 8, 16, 32),
    anchor_sizes=((32,), (64,), (128,), (256,), (512,)),
    aspect_ratios=(0.5, 1.0, 2.0),
    pooled_level=True,
    input_size=800,
    pixels_per_fwhm=13.3,
    image_mean=IMAGENET[0],
    image_std=IMAGENET[1],
    fpn_channels=256,
    representation_size=1024,
    rpn_pre_nms_top_n=1000,
    rpn_post_nms_top_n=1000,
    sampling_ratio=2,
)
PAPER_SCORE = 0.3

_WANTED = (
    "Give a state_dict of torchvision's fasterrcnn_resnet50_fpn with 3 classes, as "
    "published with Popp et al. (2023)."
)


def import_checkpoint(path: str | Path, folder: str | Path) -> ModelCard:
    """Make a model folder from one of the paper's checkpoints.

    Parameters
    ----------
    path : path
        A ``.pth`` file. It is read as tensors only: nothing in it is run.
    folder : path
        The new model folder, which must not exist.

    Raises
    ------
    ModelError
        If the file is anything else.
    FileError
        If the folder exists, or cannot be written.
    """
    path, folder = Path(path), Path(folder)
    weights = _translated(_read(path))
    detector = build_detector(PAPER, pretrained=False)
    _check(weights, detector.state_dict(), path)
    detector.load_state_dict(weights, strict=True)
    card = ModelCard(
        folder.name,
        PAPER,
        learned_from={"checkpoint": path.name, "sha256": sha256(path)},
        default_score=PAPER_SCORE,
    )
    return save_model(folder, detector, card)


def _read(path: Path) -> dict[str, Tensor]:
    content: object
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raised = from_os_error(error, path, "read")
        raise ModelError(raised.what, path, raised.remedy) from error
    except (
        pickle.UnpicklingError,
        zipfile.BadZipFile,
        RuntimeError,
        EOFError,
        ValueError,
        KeyError,
    ) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else "no reason given"
        raise ModelError(
            f"this is no checkpoint of tensors only ({reason})", path, _WANTED
        ) from error
    named = dict(content) if isinstance(content, Mapping) else {}
    good = all(
        isinstance(key, str) and isinstance(value, Tensor)
        for key, value in named.items()
    )
    if not good or not named:
        raise ModelError(
            "this is no state_dict: names with a tensor each", path, _WANTED
        )
    return named


def _translated(content: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors under the names they have here.

    Frozen BatchNorms count no batches; where they did, the counts say nothing.
    """
    found = {}
    for key, value in content.items():
        if not key.endswith("num_batches_tracked"):
            name = key.removeprefix("module.")  # of DataParallel
            found[name.replace("backbone.body.", "backbone.encoder.", 1)] = value
    return found


def _check(weights: dict[str, Tensor], wanted: dict[str, Tensor], path: Path) -> None:
    """Fill in the counts of batches, and refuse what is no such network."""
    for key, value in wanted.items():
        if key.endswith("num_batches_tracked"):
            weights[key] = value
    head = weights.get("roi_heads.box_predictor.cls_score.weight")
    classes = len(PAPER.classes) + 1
    if head is not None and len(head) != classes:
        raise ModelError(
            f"this network has {len(head)} classes, background included, not {classes}",
            path,
            _WANTED,
        )
    missing = [k for k in wanted if k not in weights]
    foreign = [k for k in weights if k not in wanted]
    shapes = [k for k in wanted if k in weights and wanted[k].shape != weights[k].shape]
    if missing or foreign or shapes:
        raise ModelError(
            f"this is another network: {len(missing)} tensors missing, {len(foreign)} "
            f"foreign, {len(shapes)} of another shape, the first "
            f"{(missing + foreign + shapes)[0]!r}",
            path,
            _WANTED,
        )
    broken = [k for k, v in weights.items() if not torch.isfinite(v.float()).all()]
    if broken:
        raise ModelError(
            f"its tensor {broken[0]!r} has values that are not finite", path, _WANTED
        )
