"""The folder of a dataset: who made it and how, and who writes to it now."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from clump_detector.core.errors import ConfigError, FileError, from_os_error
from clump_detector.core.files import read_json, write_json

from .collection import TABLES, recover
from .parts import PARTS

#: The file that makes a folder a dataset.
SETTINGS = "survey.json"

_FORMAT = 1
_LOCK, _WHO = ".lock", ".lock-holder"


@dataclass(frozen=True)
class Made:
    """What a dataset was made with.

    Attributes
    ----------
    model : str
        The model's id.
    weights : str
        Hash of the model's weights and card.
    version : str
        Of this program.
    options : mapping
        What else decides on its rows.
    begun : str
        When, in UTC.
    """

    model: str
    weights: str
    version: str
    options: Mapping[str, object]
    begun: str = ""

    def differences(self, other: Made) -> list[str]:
        """Return in words in what another way of making it is different."""
        pairs: list[tuple[str, object, object]] = [("model", self.model, other.model)]
        if self.model == other.model and self.weights != other.weights:
            pairs.append(("content of the model", self.weights, other.weights))
        names = sorted({*self.options, *other.options})
        pairs += [(n, self.options.get(n), other.options.get(n)) for n in names]
        return [
            f"{name.replace('_', ' ')} {_said(before)}, now {_said(now)}"
            for name, before, now in pairs
            if before != now
        ]


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value in (None, "") else str(value)


def is_dataset(path: str | Path) -> bool:
    """Return whether a path is the folder of a dataset."""
    return (Path(path) / SETTINGS).is_file()


def read_made(dataset: Path) -> Made:
    """Return what a dataset was made with.

    Raises
    ------
    FileError
        If it is none, or of a later version of this program.
    """
    if not is_dataset(dataset):
        raise FileError(
            "this is not the dataset of a survey",
            dataset,
            "Make one with: napari-clumps survey SOURCE --out DATASET.",
        )
    content = read_json(dataset / SETTINGS)
    try:
        if content["format"] > _FORMAT:
            raise FileError(
                "a later version of this program made this dataset",
                dataset,
                "Use that version.",
            )
        return Made(
            content["model"],
            content["weights"],
            content["version"],
            content["options"],
            content["begun"],
        )
    except (KeyError, TypeError) as error:
        raise FileError(
            f"this file is damaged ({error})",
            dataset / SETTINGS,
            "Start again with another folder.",
        ) from error


@contextmanager
def opened(dataset: Path, made: Made, *, update: bool = False) -> Iterator[Made]:
    """Hold a dataset for writing, to the end of the block; make it where there is none.

    Parameters
    ----------
    dataset : path
    made : Made
        How it is to be made.
    update : bool
        Whether a dataset that was made in another way is made anew, cutout by cutout.

    Yields
    ------
    Made

    Raises
    ------
    FileError
        If the folder holds something else, cannot be written to, or another program
        writes to it.
    ConfigError
        If it was made in another way and is not to be updated.
    """
    try:
        strange = dataset.exists() and not is_dataset(dataset) and _has_content(dataset)
        if not strange:
            dataset.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise from_os_error(error, dataset, "write to") from error
    if strange:
        raise FileError(
            "this folder has other content, and is not the dataset of a survey",
            dataset,
            "Choose a new folder.",
        )
    with locked(dataset):
        yield _settled(dataset, made, update)


def _has_content(folder: Path) -> bool:
    return not folder.is_dir() or any(
        path.name not in (_LOCK, _WHO) for path in folder.iterdir()
    )


def _settled(dataset: Path, made: Made, update: bool) -> Made:
    """Return how the dataset is made, and write it down."""
    recover(dataset)
    begun = datetime.now(UTC).isoformat(timespec="seconds")
    if is_dataset(dataset):
        before = read_made(dataset)
        differences = before.differences(made)
        if not differences:
            return before
        if not update:
            raise ConfigError(
                f"this dataset was made in another way ({'; '.join(differences)})",
                dataset,
                "Choose another folder, or add --update to search all of it anew.",
            )
        begun = before.begun
    content = {
        "format": _FORMAT,
        "model": made.model,
        "weights": made.weights,
        "version": made.version,
        "options": dict(made.options),
        "begun": begun,
    }
    write_json(dataset / SETTINGS, content)
    return read_made(dataset)


@contextmanager
def locked(dataset: Path) -> Iterator[None]:
    """Be the only program that writes to a dataset, to the end of the block.

    Raises
    ------
    FileError
        If another one does.
    """
    from filelock import FileLock, Timeout

    lock, who = FileLock(dataset / _LOCK), dataset / _WHO
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        other = who.read_text("utf-8") if who.exists() else "another program"
        raise FileError(
            f"{other} writes to this dataset",
            dataset,
            "Wait until it has ended, or stop it.",
        ) from error
    except OSError as error:
        raise from_os_error(error, dataset, "write to") from error
    try:
        with suppress(OSError):  # the lock holds without a name, too
            who.write_text(f"process {os.getpid()} on {platform.node()}", "utf-8")
        yield
    finally:
        who.unlink(missing_ok=True)
        lock.release()


def has_open_parts(dataset: Path) -> bool:
    """Return whether there are results that are not in the tables yet."""
    folder = dataset / PARTS
    return folder.is_dir() and any(p.name.isdigit() for p in folder.iterdir())


def has_tables(dataset: Path) -> bool:
    """Return whether tables were put together."""
    return (dataset / TABLES).is_dir()
