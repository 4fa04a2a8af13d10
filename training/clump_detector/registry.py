"""Which models there are on this machine, by name."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_data_path

from .card import CARD, WEIGHTS, ModelCard, read_card
from .errors import ModelError, from_os_error

#: The environment variable that names another folder of models.
VARIABLE = "NAPARI_CLUMPS_MODELS"

#: The model that comes with the program.
STARTER = "starter"


@dataclass(frozen=True)
class ModelEntry:
    """A model in the list: with its card, or with what is wrong with it."""

    name: str
    path: Path
    card: ModelCard | None
    problem: str | None = None


def models_folder() -> Path:
    """Return the folder where a person's models are; it may not exist yet."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser()
    return user_data_path("napari-clumps", appauthor=False) / "models"


def shipped_folder() -> Path:
    """Return the folder of the models that come with the program."""
    return Path(__file__).parent / "models"


def list_models() -> list[ModelEntry]:
    """Return the starter first, then a person's models by name.

    A folder that is no whole model is listed too, with its problem.
    """
    return [
        _entry(folder)
        for parent in (shipped_folder(), models_folder())
        for folder in _folders(parent)
    ]


def _folders(parent: Path) -> list[Path]:
    """Return the folders that are not hidden, as those half-written are."""
    try:
        found = [p for p in parent.iterdir() if p.is_dir() and p.name[0] not in "._"]
    except OSError:  # not there yet, or not ours to read
        return []
    return sorted(found, key=lambda p: (p.name != STARTER, p.name.lower()))


def _entry(folder: Path) -> ModelEntry:
    try:
        card = read_card(folder)
        if not (folder / WEIGHTS).is_file():
            raise ModelError(f"this model folder has no {WEIGHTS}", folder)
    except ModelError as error:
        return ModelEntry(folder.name, folder, None, error.message)
    return ModelEntry(folder.name, folder, card)


def resolve_model(name_or_path: str | Path) -> Path:
    """Return the folder of a model given by its name in the list or by its path.

    Raises
    ------
    ModelError
        If there is none; the message names those there are.
    """
    text = str(name_or_path)
    entries = list_models()
    for entry in entries:
        if entry.name == text:
            return entry.path
    path = Path(text).expanduser()
    if path.is_dir():
        return path
    known = ", ".join(e.name for e in entries if e.problem is None) or "none"
    raise ModelError(
        f"there is no model '{text}'",
        remedy=f"Give a folder with {CARD} and {WEIGHTS}, or one of: {known}.",
    )


def new_model_folder(stem: str) -> Path:
    """Return a path in the models' folder that is still free, named after ``stem``.

    Raises
    ------
    FileError
        If the models' folder cannot be made.
    """
    parent = models_folder()
    try:
        parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise from_os_error(error, parent, "make") from error
    stem = re.sub(r"[^\w.-]+", "-", stem).strip("-._") or "model"
    taken = {p.name.lower() for p in parent.iterdir()} | {STARTER}
    if stem.lower() not in taken:
        return parent / stem
    number = 2
    while f"{stem}-{number}".lower() in taken:
        number += 1
    return parent / f"{stem}-{number}"
