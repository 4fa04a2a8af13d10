"""Checkpoints of long trainings: weights and numbers only, whole or not at all."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import torch

from clump_detector.core.errors import FileError, TrainingError

AGAIN = "Train from the start, without resuming."


def write_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint of tensors, numbers, texts, lists and dictionaries.

    Raises
    ------
    FileError
        If it cannot be written; the checkpoint before it stays.
    """
    temporary = path.with_suffix(".half")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(content, temporary)
        temporary.replace(path)
    except (OSError, RuntimeError) as error:  # torch wraps the system's errors
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise FileError(
            f"cannot write the checkpoint ({error})", path, "Free some space."
        ) from error


def read_checkpoint(path: Path, device: torch.device) -> dict[str, Any]:
    """Read a checkpoint; nothing but weights and numbers is ever built.

    Raises
    ------
    TrainingError
        If there is none, or it is damaged or foreign.
    """
    if not path.is_file():
        raise TrainingError("there is no checkpoint to go on from", path, AGAIN)
    try:
        content = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # whatever a damaged file leads to
        raise foreign(path, error) from error
    return cast(dict[str, Any], content)


def foreign(path: Path, error: Exception) -> TrainingError:
    """Return what to raise about a checkpoint that this program did not write."""
    reason = (str(error) or type(error).__name__).splitlines()[0][:200]
    return TrainingError(
        f"this checkpoint is damaged or foreign ({reason})", path, AGAIN
    )
