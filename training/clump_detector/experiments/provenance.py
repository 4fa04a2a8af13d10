"""What a folder of results was made from, so that old ones are not taken for new ones.

A folder carries the parts of the recipe that matter to it in a file of its own. Where
they differ from what is asked for, or where that file is missing, the folder is moved
aside and made again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from clump_detector.core.errors import FileError, from_os_error
from clump_detector.core.files import read_json, write_json

#: The file with the recipe.
FILE = "made_from.json"

#: Changed keys that a sentence names; of more only the number.
_NAMED = 4


def keep_recipe(folder: Path, recipe: Mapping[str, object]) -> None:
    """Write what a folder is made from.

    Parameters
    ----------
    folder : path
    recipe : mapping
        What JSON can hold.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    write_json(folder / FILE, recipe)


def changed(folder: Path, recipe: Mapping[str, object]) -> str:
    """Return why a folder is not of this recipe; empty where it is.

    A folder that is not there, or is empty, is of any recipe.

    Parameters
    ----------
    folder : path
    recipe : mapping
        What JSON can hold.
    """
    if not folder.is_dir() or not any(folder.iterdir()):
        return ""
    file = folder / FILE
    if not file.is_file():
        return "no file records which recipe it was made from"
    try:
        kept = read_json(file)
    except FileError as error:
        return f"the file with its recipe is damaged ({error.what})"
    if not isinstance(kept, dict):
        return "the file with its recipe is damaged"
    keys = list(_differences(kept, json.loads(json.dumps(recipe))))
    if not keys:
        return ""
    more = len(keys) - _NAMED
    others = f" and {more} more" if more > 0 else ""
    return f"the recipe has changed ({', '.join(keys[:_NAMED])}{others})"


def _differences(
    old: Mapping[str, object], new: Mapping[str, object], before: str = ""
) -> Iterator[str]:
    """Yield the keys, with dots, that differ or are on one side only."""
    for key in dict.fromkeys((*new, *old)):
        was, made = old.get(key), new.get(key)
        if key not in old or key not in new:
            yield before + key
        elif isinstance(was, dict) and isinstance(made, dict):
            yield from _differences(was, made, f"{before}{key}.")
        elif was != made:
            yield before + key


def move_aside(folder: Path, to: Path) -> Path:
    """Move a folder into another one, under the first name that is free.

    Parameters
    ----------
    folder : path
    to : path
        The folder that takes it; made where it is not there.

    Returns
    -------
    path
        Where it is now.

    Raises
    ------
    FileError
        If it cannot be moved.
    """
    number = 1
    while (target := to / f"{folder.name}-{number}").exists():
        number += 1
    try:
        to.mkdir(parents=True, exist_ok=True)
        folder.rename(target)
    except OSError as error:
        raise from_os_error(error, folder, "move") from error
    return target
