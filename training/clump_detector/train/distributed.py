"""Several GPUs: torchrun starts a process for each, and torch keeps them in step.

Every process takes its share of each batch, and torch averages their gradients, so that
all have the same weights at any time. The first process evaluates, decides and writes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import distributed

from clump_detector.core.errors import TrainingError
from clump_detector.detector.model_folder import pick_device

if TYPE_CHECKING:
    from clump_detector.detector.network import Detector

Value = TypeVar("Value")

#: Parts that are trained on stored feature maps, which takes a minute on one device.
ALONE = ("heads", "fpn")

#: Longest time that the first process may evaluate while the others wait.
PATIENCE = timedelta(hours=2)


@dataclass(frozen=True)
class Processes:
    """One process among those that train together; by default the only one.

    Attributes
    ----------
    rank : int
        Number of this process, from 0.
    size : int
        How many there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that evaluates, decides and writes."""
        return self.rank == 0

    def broadcast(self, value: Value) -> Value:
        """Return the first process's value; all processes have to call this."""
        if self.size == 1:
            return value
        values = [value]
        distributed.broadcast_object_list(values, src=0)
        return values[0]

    def share(self, order: Sequence[int]) -> Sequence[int]:
        """Return this process's part of an order of samples."""
        return order[self.rank :: self.size]

    def learner(self, detector: Detector) -> torch.nn.Module | None:
        """Return what averages gradients over all processes; None for one alone."""
        if self.size == 1:
            return None
        # Where no box counts, the heads have no part in the loss.
        return torch.nn.parallel.DistributedDataParallel(
            detector, find_unused_parameters=True
        )

    def leave(self) -> None:
        """Leave the group of processes, when all are done."""
        if self.size > 1:
            distributed.barrier()
            distributed.destroy_process_group()


def started_together() -> bool:
    """Return whether torchrun has started this process as one of several."""
    return (
        distributed.is_available()
        and distributed.is_torchelastic_launched()
        and int(os.environ["WORLD_SIZE"]) > 1
    )


def leads() -> bool:
    """Return whether this process is alone or the first of several."""
    return not started_together() or os.environ["RANK"] == "0"


def join(device: str, parts: str, batch: int) -> tuple[Processes, torch.device]:
    """Return the group of processes that train together, and this one's device.

    Parameters
    ----------
    device : str
        As in `model_folder.pick_device`; each process takes a GPU of its own.
    parts : str
        What is trained, as in `TrainConfig.train_parts`.
    batch : int
        Samples of a step, all processes together.

    Raises
    ------
    ModelError
        If there is no such device.
    TrainingError
        If these parts are trained by one process only, the batch cannot be shared out,
        or there are fewer GPUs than processes.
    """
    if not started_together():
        return Processes(), pick_device(device)
    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    if parts in ALONE:
        raise TrainingError(
            f"{parts} are trained by one process, in about a minute",
            remedy="Start it without torchrun.",
        )
    if batch % size:
        raise TrainingError(
            f"a batch of {batch} cannot be shared out among {size} processes",
            remedy=f"Choose a batch that is a multiple of {size}.",
        )
    chosen = pick_device(device)
    if chosen.type == "cuda":
        local = int(os.environ["LOCAL_RANK"])
        if local >= torch.cuda.device_count():
            raise TrainingError(
                f"there are {torch.cuda.device_count()} GPUs for more processes",
                remedy="Start as many processes as there are GPUs.",
            )
        chosen = torch.device("cuda", local)
        torch.cuda.set_device(chosen)
    distributed.init_process_group(
        "nccl" if chosen.type == "cuda" else "gloo", timeout=PATIENCE
    )
    return Processes(rank, size), chosen
