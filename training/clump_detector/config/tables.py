"""Options as tables: dataclasses filled from recipes, cards and forms, and back.

An unknown name, or a value of another kind or range, is refused by name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, TypeVar

from clump_detector.core.errors import ConfigError
from clump_detector.core.json_types import JsonObject

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")


def fill(cls: type[T], values: object, prefix: str = "") -> T:
    """Make a dataclass of a mapping; lists become tuples.

    Parameters
    ----------
    cls : dataclass
        With a default for every field. Where it has a mapping ``OLD_KEYS``, keys of
        files of before are taken for the present names.
    values : mapping
        Of some of its fields; what is no mapping is refused.
    prefix : str
        Put before keys in messages, such as ``"train."``.

    Raises
    ------
    ConfigError
        If a key is unknown or stands there under both its names, or a value is of
        another kind than its default.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(f"{prefix.rstrip('.')} is no table of keys and values")
    values = _renamed(values, getattr(cls, "OLD_KEYS", {}), prefix)
    defaults = {f.name: getattr(cls(), f.name) for f in fields(cls)}  # type: ignore[arg-type]
    for key in values:
        if key not in defaults:
            known = ", ".join(sorted(defaults))
            raise ConfigError(
                f"there is no key '{prefix}{key}'", remedy=f"The keys are: {known}."
            )
    try:
        return cls(**{k: _like(defaults[k], v, prefix + k) for k, v in values.items()})
    except ConfigError as error:
        if prefix and not error.what.startswith(prefix):
            raise ConfigError(prefix + error.what, remedy=error.remedy) from error
        raise


def _renamed(
    values: Mapping[str, object], old_keys: Mapping[str, str], prefix: str
) -> dict[str, object]:
    """Return values by the present names of their keys."""
    named: dict[str, object] = {}
    for key, value in values.items():
        name = old_keys.get(key, key)
        if name in named:
            raise ConfigError(
                f"'{prefix}{name}' is given twice",
                remedy=f"An older name means the same: keep only '{name}'.",
            )
        named[name] = value
    return named


def settings_table(config: DataclassInstance) -> JsonObject:
    """Return a dataclass as a dictionary that JSON and TOML can hold."""
    return asdict(config)


def _like(default: object, value: object, key: str) -> object:
    """Return a value in the kind of its default.

    Raises
    ------
    ConfigError
        If it is of another kind.
    """
    if isinstance(default, tuple) and isinstance(value, list | tuple):
        pattern = default[0] if default else ""
        return tuple(_like(pattern, item, key) for item in value)
    if isinstance(default, bool) or isinstance(value, bool):
        good = isinstance(default, bool) and isinstance(value, bool)
    elif isinstance(default, float):
        if isinstance(value, int | float) and math.isfinite(value):
            return float(value)
        good = False
    else:
        good = isinstance(value, type(default))
    if not good:
        kind = {"str": "text", "int": "a whole number", "float": "a finite number"}
        name = type(default).__name__
        wanted = kind.get(name, {"bool": "true or false"}.get(name, "a list"))
        raise ConfigError(f"{key} is {value!r}, not {wanted}", remedy="Change it.")
    return value


def require(condition: bool, key: str, value: object, wanted: str) -> None:
    """Refuse an option whose value is out of range.

    Parameters
    ----------
    condition : bool
    key : str
        Name of the option.
    value
        Its value.
    wanted : str
        What it has to be, for the message.

    Raises
    ------
    ConfigError
    """
    if not condition:
        raise ConfigError(f"{key} is {value!r}", remedy=f"It has to be {wanted}.")
