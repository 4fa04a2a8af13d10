"""Which models there are on this machine, by name."""

from __future__ import annotations

import re
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from clump_detector.core.errors import ClumpError, ModelError, from_os_error
from clump_detector.core.paths import models_folder

from .card import CARD, WEIGHTS, ModelCard, read_card, write_card

#: The model to begin with, of those that come with the program. The starters before it
#: come too, for those who labelled with one.
STARTER = "starter"


@dataclass(frozen=True)
class ModelEntry:
    """A model in the list: with its card, or with what is wrong with it.

    Attributes
    ----------
    name : str
    path : path
        The model folder.
    card : ModelCard or None
        None where it cannot be read.
    problem : str or None
        Why it cannot be used.
    """

    name: str
    path: Path
    card: ModelCard | None
    problem: str | None = None

    @property
    def is_shipped(self) -> bool:
        """Whether it comes with the program."""
        return self.path.parent == shipped_folder()


def shipped_folder() -> Path:
    """Return the folder of the models that come with the program."""
    return Path(__file__).parent


def list_models() -> list[ModelEntry]:
    """Return the starter and those before it, then the user's models by name.

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


def _shipped_names() -> set[str]:
    return {STARTER} | {folder.name for folder in _folders(shipped_folder())}


def _entry(folder: Path) -> ModelEntry:
    try:
        card = read_card(folder)
        if not (folder / WEIGHTS).is_file():
            raise ModelError(f"this model folder has no {WEIGHTS}", folder)
    except ModelError as error:
        return ModelEntry(folder.name, folder, None, error.message)
    return ModelEntry(folder.name, folder, card)


def resolve_model(name_or_path: str | Path) -> Path:
    """Return the folder of a model given by its name in the list, its id, or its path.

    Reviews and label sets name the model of a box by its id.

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
    for entry in entries:
        if entry.card is not None and entry.card.model_id == text:
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
    taken = {p.name.lower() for p in parent.iterdir()} | _shipped_names()
    if stem.lower() not in taken:
        return parent / stem
    number = 2
    while f"{stem}-{number}".lower() in taken:
        number += 1
    return parent / f"{stem}-{number}"


def find_model(name: str) -> ModelEntry:
    """Return a model of the list by its name, broken or not.

    Raises
    ------
    ModelError
        If there is none; the message names those there are.
    """
    entries = list_models()
    for entry in entries:
        if entry.name == name:
            return entry
    known = ", ".join(e.name for e in entries) or "none"
    raise ModelError(f"there is no model '{name}'", remedy=f"Give one of: {known}.")


def rename_model(old: str, new: str) -> Path:
    """Give a user's model another name, in its card too, and return its folder.

    Parameters
    ----------
    old, new : str
        Names in the list.

    Raises
    ------
    ModelError
        If it is the starter or broken, or the new name is taken or no name.
    FileError
        If it cannot be renamed; then it keeps its name.
    """
    folder = _own(old, "renamed")
    if new == old:
        return folder
    target = folder.with_name(_free_name(new, folder))
    card = read_card(folder)
    write_card(folder, replace(card, name=new))
    try:
        folder.rename(target)
    except OSError as error:
        with suppress(ClumpError):
            write_card(folder, card)
        raise from_os_error(error, folder, "rename") from error
    return target


def _free_name(new: str, folder: Path) -> str:
    """Return a new name for a model's folder if it can be one."""
    if not re.fullmatch(r"[^\W_][\w.-]*", new):
        raise ModelError(
            f"'{new}' cannot be the name of a model",
            remedy="Take letters, digits, '-', '_' and '.', a letter or digit first.",
        )
    taken = {p.name.lower() for p in folder.parent.iterdir() if p != folder}
    if new.lower() in taken | _shipped_names():
        raise ModelError(
            f"there is a model '{new}' already", remedy="Choose another name."
        )
    return new


def remove_model(name: str) -> None:
    """Remove a user's model, whole or broken, for good.

    Raises
    ------
    ModelError
        If it is the starter, or there is no such model.
    FileError
        If it cannot be removed.
    """
    folder = _own(name, "removed")
    try:
        if folder.is_symlink():  # what it leads to is another's
            folder.unlink()
            return
        # Out of the list at once: half a model would be listed as a broken one.
        aside = Path(tempfile.mkdtemp(prefix=".removed-", dir=folder.parent))
        try:
            folder.rename(aside / folder.name)
        finally:
            shutil.rmtree(aside)
    except OSError as error:
        raise from_os_error(error, folder, "remove") from error


def _own(name: str, what: str) -> Path:
    """Return the folder of a model that is the user's own."""
    entry = find_model(name)
    folder = entry.path
    if entry.is_shipped:
        raise ModelError(
            f"'{name}' comes with the program and cannot be {what}",
            remedy="Only models in your own list can.",
        )
    return folder
