"""Training: from a label set, and a model to start from, to a new model folder."""

from __future__ import annotations

from pathlib import Path

import torch

from clump_detector.core.errors import Cancelled, TrainingError
from clump_detector.core.progress import CancelToken

from .events import OnEvent, ignore_event
from .request import TrainRequest
from .training import Training

__all__ = ["TrainRequest", "train"]

_LESS_MEMORY = (
    "Close other programs, lower the batch, or train fewer parts: heads take the least."
)


def train(
    request: TrainRequest,
    on_event: OnEvent = ignore_event,
    cancel: CancelToken | None = None,
) -> Path:
    """Train a detector and return its model folder.

    Parameters
    ----------
    request : TrainRequest
    on_event : callable
        Takes the events of `clump_detector.train.events` as they come.
    cancel : CancelToken, optional
        Checked at every step: `CancelToken.stop` keeps the best so far, and
        `CancelToken.cancel` nothing.

    Raises
    ------
    Cancelled
        If it was cancelled; nothing is left on the disk.
    TrainingError
        If there is nothing to learn from, or it cannot continue.
    LabelError, ModelError, FileError
        If the labels or the base model cannot be used, or the new one not be written.
    """
    training: Training | None = None
    try:
        training = Training(request, on_event, cancel or CancelToken())
        return training.run()
    except Cancelled:
        if training is not None:
            training.remove_checkpoint()
        raise
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise TrainingError("the memory is full", remedy=_LESS_MEMORY) from error
    except RuntimeError as error:
        if "allocate memory" in str(error) or "out of memory" in str(error):
            raise TrainingError("the memory is full", remedy=_LESS_MEMORY) from error
        raise
