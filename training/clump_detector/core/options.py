"""Options that users choose, described once: for forms, command line and recipes.

A dataclass declares each with `option`; what builds a form or a command line reads the
description back with `option_of`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Option:
    """What an option is called, what it means and what it can be.

    Attributes
    ----------
    name : str
        Of the field.
    default : object
    help : str
        A clause without a full stop.
    label : str
        In a form.
    least, most : float or None
        Its range, both ends included.
    choices : tuple of str
        What a word can be; empty where it can be anything.
    """

    name: str
    default: object
    help: str
    label: str
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()


def option(
    default: object,
    help: str,  # noqa: A002 - as command lines call it
    *,
    label: str = "",
    least: float | None = None,
    most: float | None = None,
    choices: Sequence[str] = (),
) -> Any:
    """Return a field of a dataclass that is an option of users.

    Parameters
    ----------
    default : object
    help : str
        A clause without a full stop.
    label : str
        In a form; the field's name by default.
    least, most : float, optional
        Its range, both ends included.
    choices : sequence of str
        What a word can be.
    """
    described = {
        "help": help, "label": label, "least": least, "most": most,
        "choices": tuple(choices),
    }  # fmt: skip
    return field(default=default, metadata=described)


def option_of(owner: type, name: str) -> Option:
    """Return the description of an option.

    Parameters
    ----------
    owner : type
        A dataclass.
    name : str
        Of a field made with `option`.

    Raises
    ------
    KeyError
        If it has no such option.
    """
    found = {f.name: f for f in fields(owner) if "help" in f.metadata}[name]
    described = dict(found.metadata)
    described["label"] = described["label"] or name.replace("_", " ").capitalize()
    return Option(name, found.default, **described)
