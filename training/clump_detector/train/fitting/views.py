"""Samples as the network takes them: pictures, or feature maps of frozen layers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from clump_detector.detector.heads import Encoded
from clump_detector.detector.targets import LossTarget


@dataclass(frozen=True)
class SampleView:
    """One variant of a sample as the network takes it, with its target.

    Attributes
    ----------
    target : LossTarget
    frozen : Encoded or None
        Feature maps of the frozen layers; None where the encoder itself is trained.
    image : tensor of shape (3, height, width) or None
        Where the encoder itself is trained.
    """

    target: LossTarget
    frozen: Encoded | None = None
    image: Tensor | None = None


def convert(encoded: Encoded, dtype: torch.dtype) -> Encoded:
    """Return feature maps in another precision.

    Parameters
    ----------
    encoded : Encoded
    dtype : torch.dtype
    """
    features = OrderedDict((k, v.to(dtype)) for k, v in encoded.features.items())
    return replace(encoded, features=features)


def join_features(parts: Sequence[Encoded]) -> Encoded:
    """Return one batch of feature maps of the same size, in full precision."""
    features = OrderedDict(
        (name, torch.cat([part.features[name].float() for part in parts]))
        for name in parts[0].features
    )
    sizes = [size for part in parts for size in part.sizes]
    proposals = [boxes for part in parts for boxes in part.proposals or ()]
    return Encoded(features, sizes, parts[0].padded, proposals or None)


def n_bytes(view: SampleView) -> int:
    """Return the size of a view's feature maps."""
    if view.frozen is None:
        return 0
    return sum(v.numel() * v.element_size() for v in view.frozen.features.values())
