"""Which kind of source a survey has, from what the user names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .folders import Folders
from .source import SurveySource


def source_of(names: Sequence[str], dataset: Path) -> SurveySource:
    """Return the source that names stand for.

    Parameters
    ----------
    names : sequence of str
        Files, folders and addresses.
    dataset : path
        The folder of the dataset.

    Raises
    ------
    ClumpError
        If there is nothing to search.
    """
    return Folders([Path(name) for name in names], dataset)
