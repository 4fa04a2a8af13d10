"""Folders of models, samples, settings, reviews and downloaded cutouts."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from functools import cache
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

#: Environment variables that name other folders: for everything but models and
#: cutouts, for models, and for cutouts downloaded before.
DATA_VARIABLE = "NAPARI_CLUMPS_DATA"
MODELS_VARIABLE = "NAPARI_CLUMPS_MODELS"
CACHE_VARIABLE = "NAPARI_CLUMPS_CACHE"

_NAME = "napari-clumps"


def data_folder() -> Path:
    """Return the folder of settings, samples, and reviews without a folder."""
    named = os.environ.get(DATA_VARIABLE)
    if named:
        return Path(named).expanduser()
    folder = _own_folder()
    _bring_over(user_data_path(_NAME), folder)
    return folder


def models_folder() -> Path:
    """Return the folder of the user's models; it may not exist yet."""
    named = os.environ.get(MODELS_VARIABLE)
    return Path(named).expanduser() if named else _own_folder() / "models"


def cache_folder() -> Path:
    """Return the folder of cutouts downloaded before; it may not exist yet."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).expanduser()
    return user_cache_path(_NAME, appauthor=False)


def _own_folder() -> Path:
    return user_data_path(_NAME, appauthor=False)


@cache
def _bring_over(old: Path, new: Path) -> None:
    """Move the files that earlier versions kept one folder deeper on Windows.

    Files that exist in the new folder, or are in use, stay where they are.
    """
    if old == new or not old.is_dir():
        return
    for path in sorted(old.iterdir()):
        with suppress(OSError):
            if not (new / path.name).exists():
                shutil.move(path, new / path.name)
    with suppress(OSError):
        old.rmdir()  # if nothing is left
