"""Weights of a model folder: safetensors, never a pickle, and those its card names."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from clump_detector.core.errors import ModelError, from_os_error
from clump_detector.core.files import sha256
from clump_detector.models.card import WEIGHTS, ModelCard

ANOTHER = "Choose another model, or make this one again."


def read_weights(folder: Path, card: ModelCard) -> dict[str, Tensor]:
    """Return a model's weights in full precision.

    Parameters
    ----------
    folder : path
        A model folder.
    card : ModelCard
        Its card, which holds the weights' hash.

    Raises
    ------
    ModelError
        If they are missing, damaged, or not the ones that the card names.
    """
    path = folder / WEIGHTS
    if not path.is_file():
        pickles = [p.name for p in folder.glob("*.p*t*") if p.suffix in (".pt", ".pth")]
        also = f", and {pickles[0]} is never opened" if pickles else ""
        raise ModelError(f"this model folder has no {WEIGHTS}{also}", folder, ANOTHER)
    try:
        weights = load_file(path)
    except SafetensorError as error:
        raise ModelError(
            f"these weights are damaged or no safetensors ({error})", path, ANOTHER
        ) from error
    except OSError as error:
        raised = from_os_error(error, path, "read")
        raise ModelError(raised.what, path, raised.remedy) from error
    if sha256(path) != card.weights:
        raise ModelError(
            "these weights are not the ones that the model card names", path, ANOTHER
        )
    return {
        key: value.float() if value.is_floating_point() else value
        for key, value in weights.items()
    }
