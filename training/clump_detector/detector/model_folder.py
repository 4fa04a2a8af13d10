"""Model folders: weights as safetensors, never a pickle, with the model card."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from clump_detector.core.errors import FileError, ModelError, from_os_error
from clump_detector.core.files import sha256
from clump_detector.core.json_types import JsonObject
from clump_detector.models.card import (
    ENSEMBLE,
    WEIGHTS,
    ModelCard,
    now,
    read_card,
    write_card,
)

from .describing.ensemble import Head
from .encoder import LOCAL, MODEL, architecture
from .network import Detector, build_detector
from .weights import ANOTHER, read_weights


def save_model(
    folder: str | Path,
    detector: Detector,
    card: ModelCard,
    heads: Sequence[Head] = (),
) -> ModelCard:
    """Write a model folder, whole or not at all, and return its card.

    Weights are stored in half precision: a score changes by less than 0.001.

    Parameters
    ----------
    folder : path
        Made new; it may exist where it is empty.
    detector : Detector
    card : ModelCard
        Its time and hash of the weights are filled in.
    heads : sequence of Head
        Of its ensemble; fewer than two are none.

    Raises
    ------
    FileError
        If the folder exists and holds something, or cannot be written.
    """
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()):
        raise FileError("this folder exists already", folder, "Choose another name.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise from_os_error(error, folder, "write") from error
    try:
        card = replace(
            card,
            config=replace(card.config, encoder=_portable(card.config.encoder)),
            created=card.created or now(),
            weights=_save(_halved(detector.state_dict()), temporary / WEIGHTS),
            ensemble=_save_heads(heads, temporary / ENSEMBLE),
        )
        write_card(temporary, card)
        temporary.chmod(0o755)
        temporary.replace(folder)
    except OSError as error:
        raise from_os_error(error, folder, "write") from error
    except SafetensorError as error:  # it wraps the system's errors
        raise FileError(
            f"cannot write it: {error}", folder, "Check the disk's free space."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return card


def _save(weights: dict[str, Tensor], path: Path) -> str:
    """Write weights to the disk, and return the SHA-256 of their file."""
    save_file(weights, path)
    path.chmod(0o644)
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    return sha256(path)


def _save_heads(heads: Sequence[Head], path: Path) -> JsonObject:
    """Write the heads of an ensemble, and return what the card has to say of them."""
    if len(heads) < 2:
        return {}
    weights = {
        f"{k}.{key}": value
        for k, head in enumerate(heads)
        for key, value in _halved(head.weights).items()
    }
    return {"sha256": _save(weights, path), "left_out": [h.left_out for h in heads]}


def _halved(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key: _half(value).cpu().contiguous() for key, value in state.items()}


def _half(value: Tensor) -> Tensor:
    """Halve what is large; means and variances are few, and some of them tiny."""
    large = value.is_floating_point() and value.ndim >= 2
    return value.half() if large else value


def _portable(encoder: str) -> str:
    """Return an encoder's name without a path of this machine."""
    named = encoder.startswith((LOCAL, MODEL))
    return architecture(encoder) if named else encoder


def load_model(
    folder: str | Path, device: str | torch.device = "cpu"
) -> tuple[Detector, ModelCard]:
    """Load a model, ready to detect.

    Parameters
    ----------
    folder : path
    device : str or torch.device

    Raises
    ------
    ModelError
        If the folder, its card or its weights are missing, damaged, of other software
        or do not fit together.
    """
    folder = Path(folder)
    card = read_card(folder)
    weights = read_weights(folder, card)
    detector = build_detector(card.config, pretrained=False)
    _check_names(weights, detector.state_dict(), folder / WEIGHTS)
    detector.load_state_dict(weights, strict=True)
    try:
        detector = detector.to(device)
    except (RuntimeError, AssertionError) as error:
        raise ModelError(
            f"it cannot be put on the device {device} ({error})",
            folder,
            "Choose the device cpu.",
        ) from error
    return detector.eval(), card


def _check_names(
    weights: dict[str, Tensor], wanted: dict[str, Tensor], path: Path
) -> None:
    missing = [key for key in wanted if key not in weights]
    foreign = [key for key in weights if key not in wanted]
    shapes = [
        key
        for key in wanted
        if key in weights and wanted[key].shape != weights[key].shape
    ]
    if missing or foreign or shapes:
        raise ModelError(
            f"these weights do not fit the model card: {len(missing)} tensors missing, "
            f"{len(foreign)} foreign, {len(shapes)} of another shape, the first "
            f"{(missing + foreign + shapes)[0]!r}",
            path,
            ANOTHER,
        )


def pick_device(name: str = "auto") -> torch.device:
    """Return the device of a name; auto is CUDA where there is one, else the CPU.

    Raises
    ------
    ModelError
        If this machine has no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there.get(name.split(":")[0], False):
        raise ModelError(
            f"there is no device {name!r} here", remedy="Choose the device auto or cpu."
        )
    return torch.device(name)
