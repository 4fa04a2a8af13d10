"""How each way of retraining is set up: the recipes ``retrain-*.toml``."""

from __future__ import annotations

from clump_detector.config.model import TrainConfig
from clump_detector.config.recipe import find_recipe, read_recipe


def preset(parts: str) -> TrainConfig:
    """Return the training of some parts, a name of `TRAIN_PARTS`.

    Raises
    ------
    ConfigError
        If there is no recipe for them, or it is damaged.
    """
    return read_recipe(find_recipe(f"retrain-{parts.replace(' ', '-')}")).train
