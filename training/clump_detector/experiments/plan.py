"""What an experiment on encoders compares, read from TOML."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from clump_detector.config.model import ModelConfig
from clump_detector.config.recipe import read_toml
from clump_detector.config.tables import fill
from clump_detector.config.training import TrainConfig
from clump_detector.core.errors import ConfigError
from clump_detector.core.json_types import JsonObject

from .pretrain import KINDS, PretrainConfig


@dataclass(frozen=True)
class Init:
    """Where an encoder's weights come from.

    Attributes
    ----------
    name : str
        As tables and pictures call it.
    encoder : str
        As in `ModelConfig.encoder`; empty for the model's own.
    pretrain : str
        One of `clump_detector.experiments.pretrain.KINDS`, to pretrain it first; empty
        for none.
    """

    name: str = ""
    encoder: str = ""
    pretrain: str = ""


@dataclass(frozen=True)
class Experiment:
    """What is compared.

    Attributes
    ----------
    description : str
    labels : tuple of str
        Label sets to learn from, relative to where it is run; a single one may be given
        without a list.
    test : str
        The label set to evaluate on. Where there is none, it is the galaxies that are
        left of those to learn from after the largest number of each seed.
    commands : tuple of str
        What makes them.
    sizes : tuple of int
        Numbers of galaxies to learn from; of one seed, the smaller are part of the
        larger.
    seeds : tuple of int
    inits : tuple of Init
    model : ModelConfig
    train : TrainConfig
    parts : tuple of str
        What of the network is trained, each in runs of its own; empty for what
        ``train`` says.
    at_default : bool
        Evaluate each model at its own default score, which no test galaxy had a say in.
        Otherwise at the score that is best on the test, which flatters.
    steps : int
        Steps of every training, whatever its number of galaxies; 0 for the epochs of
        ``train``. As many steps for all compares what is learned, not how long.
    pretrain : dict
        Of `clump_detector.experiments.pretrain.PretrainConfig`.
    """

    description: str = ""
    labels: tuple[str, ...] = ()
    test: str = ""
    commands: tuple[str, ...] = ()
    sizes: tuple[int, ...] = (100, 400)
    seeds: tuple[int, ...] = (0,)
    steps: int = 0
    inits: tuple[Init, ...] = ()
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    parts: tuple[str, ...] = ()
    at_default: bool = False
    pretrain: JsonObject = field(default_factory=dict)


def read_experiment(path: str | Path) -> Experiment:
    """Read an experiment from a TOML file.

    Raises
    ------
    ConfigError
        If it cannot be read or has a key or a value that does not belong.
    """
    path = Path(path)
    content = read_toml(path)
    try:
        model = fill(ModelConfig, content.pop("model", {}), "model.")
        train = fill(TrainConfig, content.pop("train", {}), "train.")
        inits = content.pop("init", [])
        if isinstance(content.get("labels"), str):
            content["labels"] = [content["labels"]]
        found = tuple(fill(Init, one, "init.") for one in inits)
        table = dict(content.pop("pretrain", {}))
        plan = replace(
            fill(Experiment, content),
            inits=found, model=model, train=train, pretrain=table,
        )  # fmt: skip
        pretraining(plan)
        for parts in plan.parts:
            replace(train, train_parts=parts)  # refuses what cannot be trained
        for init in found:
            if init.pretrain not in ("", *KINDS):
                raise ConfigError(
                    f"there is no pretraining {init.pretrain!r}",
                    remedy=f"Choose one of {KINDS}, or none.",
                )
    except ConfigError as error:
        raise ConfigError(error.what, path, error.remedy) from error
    names = [folder_name(init.name) for init in plan.inits]  # folders are named so
    if not names or len(set(names)) < len(names) or not all(names):
        raise ConfigError(
            "an experiment needs one [[init]] or more, each with a name of its own",
            path,
            'Add [[init]] with name = "none".',
        )
    if not plan.labels or not plan.sizes or not plan.seeds:
        raise ConfigError(
            "labels, sizes and seeds are needed", path, "Add what is missing."
        )
    return plan


def pretraining(plan: Experiment) -> PretrainConfig:
    """Return how encoders are pretrained in an experiment."""
    return fill(PretrainConfig, plan.pretrain, "pretrain.")


def folder_name(name: str) -> str:
    """Return a name that a folder may have."""
    return "".join(c if c.isalnum() else "-" for c in name.lower())
