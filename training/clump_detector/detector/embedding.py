"""One vector for a cutout: the encoder's features of it, on the average."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from clump_detector.images.cutout import Cutout

from .predict import Detections, Predictor


def embedding_of(
    predictor: Predictor, cutout: Cutout
) -> tuple[Detections, NDArray[np.float32]]:
    """Search a cutout, and return the mean of the encoder's coarsest features, too.

    They are taken from the pass that finds the boxes, at no other cost. Where a cutout
    is searched in tiles, each counts alike.

    Parameters
    ----------
    predictor : Predictor
        With torch as its backend.
    cutout : Cutout

    Returns
    -------
    (Detections, float32 array of shape (channels,))
    """
    seen: list[torch.Tensor] = []

    def note(_: object, __: object, maps: list[torch.Tensor]) -> None:
        seen.append(maps[-1].float().mean(dim=(0, 2, 3)).cpu())

    hook = predictor.detector.detector.backbone.encoder.register_forward_hook(note)
    try:
        found = predictor.predict(cutout)
    finally:
        hook.remove()
    return found, torch.stack(seen).mean(dim=0).numpy()
