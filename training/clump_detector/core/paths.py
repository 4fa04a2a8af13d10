"""Where models, samples, settings, reviews and fetched cutouts are kept."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from functools import cache
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

#: Environment variables that name other folders: of all but models and cutouts, of
#: models, and of cutouts that were fetched before.
DATA_VARIABLE = "NAPARI_CLUMPS_DATA"
MODELS_VARIABLE = "NAPARI_CLUMPS_MODELS"
CACHE_VARIABLE = "NAPARI_CLUMPS_CACHE"

_NAME = "napari-clumps"


def data_folder() -> Path:
    """Return the folder for settings, samples, and reviews that have no folder."""
    named = os.environ.get(DATA_VARIABLE)
    if named:
        return Path(named).expanduser()
    folder = _own_folder()
    _bring_over(user_data_path(_NAME), folder)
    return folder


def models_folder() -> Path:
    """Return the folder where a person's models are; it may not exist yet."""
    named = os.environ.get(MODELS_VARIABLE)
    return Path(named).expanduser() if named else _own_folder() / "models"


def cache_folder() -> Path:
    """Return the folder of what was fetched before; it may not exist yet."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).expanduser()
    return user_cache_path(_NAME, appauthor=False)


def _own_folder() -> Path:
    return user_data_path(_NAME, appauthor=False)


@cache
def _bring_over(old: Path, new: Path) -> None:
    """Move what earlier versions kept on Windows in a folder of the same name inside.

    What has the same name in the new folder, or is in use, stays where it is.
    """
    if old == new or not old.is_dir():
        return
    for path in sorted(old.iterdir()):
        with suppress(OSError):
            if not (new / path.name).exists():
                shutil.move(path, new / path.name)
    with suppress(OSError):
        old.rmdir()  # if nothing is left
