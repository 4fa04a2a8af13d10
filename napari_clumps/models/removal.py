"""Renaming and removing models, but none that is in use."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from clump_detector.core.errors import ModelError
from clump_detector.models.registry import remove_model, rename_model
from napari_clumps.settings.settings import change_settings, load_settings


def rename(old: str, new: str, *, busy: Iterable[str] = ()) -> Path:
    """Rename a model; if it is the current one, the settings follow.

    Parameters
    ----------
    old, new : str
    busy : iterable of str
        Models that a job is running with.

    Raises
    ------
    ModelError
        If it is the starter, broken or busy, or the new name is not possible.
    FileError
        If the folder cannot be renamed.
    """
    _refuse_busy(old, busy)
    folder = rename_model(old, new)
    if load_settings().model == old:
        change_settings(model=new)
    return folder


def refuse_removal(name: str, current: str = "", busy: Iterable[str] = ()) -> None:
    """Refuse to remove a model that is in use, before the user is asked to confirm.

    Parameters
    ----------
    name : str
    current : str
        The model of an open window, besides the one in the settings.
    busy : iterable of str
        Models that a job is running with.

    Raises
    ------
    ModelError
        If it is the current model or busy.
    """
    if name in (current, load_settings().model):
        raise ModelError(
            f"'{name}' is the current model",
            remedy="Make another one current first: choose it in the window.",
        )
    _refuse_busy(name, busy)


def remove(name: str, *, current: str = "", busy: Iterable[str] = ()) -> None:
    """Remove a model that is not in use, whole or broken.

    Parameters
    ----------
    name : str
    current : str
        The model of an open window, besides the one in the settings.
    busy : iterable of str
        Models that a job is running with.

    Raises
    ------
    ModelError
        If it is the starter, current or busy, or there is none.
    FileError
        If the folder cannot be removed.
    """
    refuse_removal(name, current, busy)
    remove_model(name)


def _refuse_busy(name: str, busy: Iterable[str]) -> None:
    if name in busy:
        raise ModelError(
            f"a detection or training is running with '{name}'",
            remedy="Wait for its end, or cancel it.",
        )
