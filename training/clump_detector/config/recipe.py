"""Recipes: all that it takes to make a model again, as TOML."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path

from clump_detector.core.errors import ConfigError, from_os_error
from clump_detector.core.json_types import JsonObject
from clump_detector.core.signatures import refuse_special

from .model import ModelConfig, with_encoder
from .tables import fill
from .training import TrainConfig


@dataclass(frozen=True)
class Recipe:
    """All that it takes to make a model again.

    Attributes
    ----------
    description : str
    base : str
        The model to start from, by name; empty to start from the encoder.
    labels : tuple of str
        The label sets, relative to where the recipe is run; a recipe may name a single
        one without a list. Empty where they are given with the command.
    commands : tuple of str
        What makes the images and the label set, in order.
    model : ModelConfig
    train : TrainConfig
    path : path or None
    model_keys : tuple of str
        What the recipe says of the model: where there is a base, only that counts.
    """

    description: str = ""
    base: str = ""
    labels: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    path: Path | None = None
    model_keys: tuple[str, ...] = ()


def read_toml(path: Path) -> JsonObject:
    """Return a TOML file's content.

    Raises
    ------
    ConfigError
        If it cannot be read or is no TOML.
    """
    refuse_special(path)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raised = from_os_error(error, path, "read")
        raise ConfigError(raised.what, path, raised.remedy) from error
    except ValueError as error:  # not UTF-8, or no TOML
        raise ConfigError(f"this is not TOML ({error})", path, "Mend it.") from error


def read_recipe(path: str | Path) -> Recipe:
    """Read a recipe, a TOML file with the tables ``model`` and ``train``.

    Raises
    ------
    ConfigError
        If the file cannot be read, is no TOML, or has a key or a value that does not
        belong; the message names both.
    """
    path = Path(path)
    content = read_toml(path)
    try:
        table = content.pop("model", {})
        model = fill(ModelConfig, table, "model.")
        if not {"image_mean", "image_std", "mean", "std"} & set(table):
            model = with_encoder(model, model.encoder)
        train = fill(TrainConfig, content.pop("train", {}), "train.")
        if isinstance(content.get("labels"), str):
            content["labels"] = [content["labels"]]
        for key in ("path", "model_keys"):
            if key in content:
                raise ConfigError(f"there is no key '{key}'", remedy="Take it out.")
        keys = tuple(ModelConfig.OLD_KEYS.get(key, key) for key in table)
        recipe = replace(fill(Recipe, content), model=model, train=train)
        return replace(recipe, path=path, model_keys=keys)
    except ConfigError as error:
        raise ConfigError(error.what, path, error.remedy) from error


def recipes_folder() -> Path:
    """Return the folder of the recipes that come with the program."""
    installed = Path(__file__).parents[1] / "recipes"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "recipes"


def find_recipe(name: str | Path, *, experiment: bool = False) -> Path:
    """Return the path of a recipe given by its path, or by the name of one of ours.

    Parameters
    ----------
    name : str or path
    experiment : bool
        Whether it is an experiment's.

    Raises
    ------
    ConfigError
        If there is none.
    """
    path = Path(name)
    if path.is_file():
        return path
    folder = recipes_folder() / "experiments" if experiment else recipes_folder()
    ours = folder / f"{path.stem}.toml"
    if path.parent == Path() and ours.is_file():
        return ours
    known = ", ".join(sorted(p.stem for p in folder.glob("*.toml")))
    raise ConfigError("there is no such recipe", path, f"Ours are: {known}.")


def preset(parts: str) -> TrainConfig:
    """Return how some parts of a model are retrained: the recipe ``retrain-*.toml``.

    Parameters
    ----------
    parts : str
        A name of `TRAIN_PARTS`.

    Raises
    ------
    ConfigError
        If there is no recipe for them, or it is damaged.
    """
    return read_recipe(find_recipe(f"retrain-{parts.replace(' ', '-')}")).train
