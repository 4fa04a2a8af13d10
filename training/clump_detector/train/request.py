"""What a training is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from clump_detector.config.model import ModelConfig
from clump_detector.config.training import TrainConfig


@dataclass(frozen=True)
class TrainRequest:
    """What to learn from, from where to start, and where the new model goes.

    Attributes
    ----------
    labels : path
        A label set; its held-out cutouts are left alone.
    out : path
        The new model folder, which must not exist.
    base : path or None
        The model folder to start from; None starts from the encoder.
    config : TrainConfig
    model : ModelConfig
    resume : bool
        Continue from the checkpoint that an earlier training to ``out`` left.
    recipe : str
        Name of the recipe, for the card.
    model_keys : tuple of str
        Where there is a base, only these keys of ``model`` count, and only such as say
        how a picture comes to the network.
    """

    labels: Path
    out: Path
    base: Path | None = None
    config: TrainConfig = field(default_factory=TrainConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    resume: bool = False
    recipe: str = ""
    model_keys: tuple[str, ...] = ()
