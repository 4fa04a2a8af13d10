"""Several box heads over one encoder: where they differ, the model does not know.

The heads come out of a training's folds: each learned from the galaxies of all folds
but one. Where a model has none, dropout in its own box head stands in for them (Gal and
Ghahramani 2016), though it was not trained with dropout.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from clump_detector.core.errors import ModelError
from clump_detector.core.files import sha256
from clump_detector.detector.heads import BoxHeads
from clump_detector.models.card import ENSEMBLE, ModelCard

#: Passes with dropout, and the share that each leaves out.
PASSES, SHARE = 20, 0.1

#: Parts of the box heads that a head of an ensemble has of its own.
OWN = ("box_head", "box_predictor")

_ANOTHER = "Train it again, or choose another model."


@dataclass(frozen=True)
class Head:
    """A head of an ensemble as it comes out of a training.

    Attributes
    ----------
    weights : dict of str to tensor
        As `own_weights` returns them.
    left_out : list of str
        Keys of the galaxies that it did not learn from, while the others did.
    """

    weights: dict[str, Tensor]
    left_out: list[str]


class Heads(Protocol):
    """Box heads that can differ about one box."""

    @property
    def count(self) -> int:
        """How many there are."""

    def chances(self, pooled: Tensor) -> Tensor:
        """Return the chance of each class, shape (heads, n, classes + 1).

        Parameters
        ----------
        pooled : tensor of shape (n, channels, 7, 7)
            The pyramid's features in boxes; see `BoxHeads.pooled`.
        """

    def unseen(self, keys: Iterable[str]) -> list[int]:
        """Return which heads did not learn from the galaxy with some of these keys."""


@dataclass(frozen=True)
class Ensemble:
    """The heads that a training made beside its model.

    Attributes
    ----------
    heads : sequence of torch.nn.Module
        From the pyramid's features in boxes to class logits.
    left_out : sequence of frozenset of str
        Keys of the galaxies that each did not learn from, while the others did; see
        `clump_detector.images.identity`.
    """

    heads: Sequence[nn.Module]
    left_out: Sequence[frozenset[str]]

    @property
    def count(self) -> int:
        """How many heads there are."""
        return len(self.heads)

    def chances(self, pooled: Tensor) -> Tensor:
        """Return the chance of each class; see `Heads`."""
        logits = torch.stack([head(pooled) for head in self.heads])
        return logits.float().softmax(dim=2)

    def unseen(self, keys: Iterable[str]) -> list[int]:
        """Return which heads did not learn from a galaxy: all, if none did."""
        known = set(keys)
        apart = [k for k, left_out in enumerate(self.left_out) if known & left_out]
        return apart or list(range(self.count))


class _ClassLogits(nn.Module):
    """A box head of which only the class logits are asked for."""

    def __init__(self, box_head: nn.Module, box_predictor: nn.Module) -> None:
        super().__init__()
        self.box_head, self.box_predictor = box_head, box_predictor

    def forward(self, pooled: Tensor) -> Tensor:
        """Return logits of shape (n, classes + 1)."""
        logits: Tensor = self.box_predictor(self.box_head(pooled))[0]
        return logits


@dataclass(frozen=True)
class DropoutPasses:
    """Passes of a model's own box head, each without some of its units.

    The same units are left out at every call, so that results can be repeated.

    Attributes
    ----------
    box_heads : BoxHeads
    """

    box_heads: BoxHeads

    @property
    def count(self) -> int:
        """How many passes there are."""
        return PASSES

    def chances(self, pooled: Tensor) -> Tensor:
        """Return the chance of each class; see `Heads`."""
        head, device = self.box_heads.box_head, pooled.device
        first = head.fc6(pooled.flatten(1)).relu()
        chance = torch.Generator().manual_seed(PASSES)

        def dropped(values: Tensor) -> Tensor:
            kept = torch.rand(values.shape[1], generator=chance) >= SHARE
            return values * kept.to(device) / (1 - SHARE)

        logits = torch.stack(
            [
                self.box_heads.box_predictor(dropped(head.fc7(dropped(first)).relu()))[
                    0
                ]
                for _ in range(PASSES)
            ]
        )
        return logits.float().softmax(dim=2)

    def unseen(self, keys: Iterable[str]) -> list[int]:
        """Return all passes: they are of one head."""
        return list(range(PASSES))


def own_weights(box_heads: BoxHeads) -> dict[str, Tensor]:
    """Return a copy of the weights that a head of an ensemble has of its own."""
    return {
        key: value.detach().clone()
        for key, value in box_heads.state_dict().items()
        if key.startswith(OWN)
    }


def load_heads(folder: Path, card: ModelCard, box_heads: BoxHeads) -> Heads:
    """Return a model's ensemble, or passes with dropout where it has none.

    Parameters
    ----------
    folder : path
        The model folder.
    card : ModelCard
    box_heads : BoxHeads
        The model's own, in test mode.

    Raises
    ------
    ModelError
        If the ensemble that the card names is missing or damaged.
    """
    if not card.ensemble:
        return DropoutPasses(box_heads)
    path = folder / ENSEMBLE
    left_out = [frozenset(keys) for keys in card.ensemble["left_out"]]
    if not path.is_file():
        raise ModelError("the heads of its ensemble are not there", path, _ANOTHER)
    if sha256(path) != card.ensemble.get("sha256"):
        raise ModelError(
            "these are not the heads that its card describes", path, _ANOTHER
        )
    try:
        weights = load_file(path)
        heads = [_head(weights, k, box_heads) for k in range(len(left_out))]
    except (SafetensorError, OSError, RuntimeError) as error:
        raise ModelError(
            f"the heads of its ensemble cannot be loaded ({error})", path, _ANOTHER
        ) from error
    return Ensemble(heads, left_out)


def _head(weights: Mapping[str, Tensor], k: int, box_heads: BoxHeads) -> nn.Module:
    """Return one head, with the weights under its number."""
    head = _ClassLogits(
        copy.deepcopy(box_heads.box_head), copy.deepcopy(box_heads.box_predictor)
    )
    start = f"{k}."
    head.load_state_dict(
        {
            key.removeprefix(start): value
            for key, value in weights.items()
            if key.startswith(start)
        }
    )
    return head.eval()
