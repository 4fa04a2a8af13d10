"""Checkpoints of long trainings: weights and numbers only, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias, cast

import torch

from clump_detector.core.errors import FileError, TrainingError

from .fitting.fitter import Fitter
from .fitting.validation import BestEpoch, ValidationResult

AGAIN = "Train from the start, without resuming."

#: What a checkpoint holds: tensors, numbers, texts, lists and dictionaries.
State: TypeAlias = dict[str, Any]


def write_checkpoint(path: Path, content: State) -> None:
    """Write a checkpoint.

    Parameters
    ----------
    path : path
    content : dict
        Of tensors, numbers, texts, lists and dictionaries.

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


def read_checkpoint(path: Path, device: torch.device) -> State:
    """Read a checkpoint; nothing but weights and numbers is ever built.

    Parameters
    ----------
    path : path
    device : torch.device
        Where the tensors go.

    Raises
    ------
    TrainingError
        If there is none, or it is damaged or foreign.
    """
    if not path.is_file():
        raise TrainingError("there is no checkpoint to continue from", path, AGAIN)
    try:
        content = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # whatever a damaged file leads to
        raise foreign(path, error) from error
    return cast(State, content)


def foreign(path: Path, error: Exception) -> TrainingError:
    """Return the error about a checkpoint that this program did not write.

    Parameters
    ----------
    path : path
    error : Exception
        What reading it led to.
    """
    reason = (str(error) or type(error).__name__).splitlines()[0][:200]
    return TrainingError(
        f"this checkpoint is damaged or foreign ({reason})", path, AGAIN
    )


class Checkpoint:
    """The checkpoint of one training.

    Parameters
    ----------
    path : path
    identity : mapping
        ``labels``, ``config`` and ``model`` of the training: it continues from no
        checkpoint of others.
    """

    def __init__(self, path: Path, identity: Mapping[str, object]) -> None:
        self._path, self._identity = path, identity

    def write(self, epoch: int, fitter: Fitter, best: BestEpoch) -> None:
        """Write all that it takes to continue the training.

        Parameters
        ----------
        epoch : int
            The last epoch that is done.
        fitter : Fitter
        best : BestEpoch

        Raises
        ------
        FileError
            If it cannot be written; the checkpoint before it stays.
        """
        # The keys best_regret and judgement are those of the earliest checkpoints.
        write_checkpoint(
            self._path,
            {
                **self._identity,
                "epoch": epoch,
                "detector": fitter.detector.state_dict(),
                "optimizer": fitter.optimizer.state_dict(),
                "best": best.state,
                "best_epoch": best.epoch,
                "best_regret": best.selection_loss,
                "judgement": None if best.result is None else asdict(best.result),
            },
        )

    def restore(self, fitter: Fitter) -> tuple[BestEpoch, int]:
        """Set a fitter to the state in the checkpoint.

        Returns
        -------
        (BestEpoch, int)
            The best so far, and the last epoch that is done.

        Raises
        ------
        TrainingError
            If there is none, or it is of another training.
        """
        kept = read_checkpoint(self._path, fitter.device)
        try:
            same = all(kept[key] == value for key, value in self._identity.items())
            fitter.detector.load_state_dict(kept["detector"])
            fitter.optimizer.load_state_dict(kept["optimizer"])
            table = kept["judgement"]
            best = BestEpoch(
                kept["best"],
                kept["best_epoch"],
                kept["best_regret"],
                None if table is None else ValidationResult(**table),
            )
            epoch = int(kept["epoch"])
        except Exception as error:  # whatever a foreign file leads to
            raise foreign(self._path, error) from error
        if not same:
            raise TrainingError(
                "this checkpoint is of another label set or other options",
                self._path,
                AGAIN,
            )
        return best, epoch

    def remove(self) -> None:
        """Remove the file, where there is one."""
        self._path.unlink(missing_ok=True)
