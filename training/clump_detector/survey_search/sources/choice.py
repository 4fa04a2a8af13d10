"""Which kinds of sources a survey has, from what the user names."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clump_detector.core.errors import ConfigError, ImageError
from clump_detector.core.options import option
from clump_detector.galaxies.surveys.request import DownloadRequest
from clump_detector.image_files.sources import SUFFIXES, holds_table, is_image_name
from clump_detector.survey_search.items import Item
from clump_detector.tables.read import SUFFIXES as TABLES

from . import lists, stack_files
from .folders import Folders
from .lists import TableList, TextList
from .mosaics import Mosaics
from .patterns import paths_of
from .positions import Positions
from .remote import Remote, is_address
from .shards import Shards
from .source import SurveySource
from .stacks import Stacks

_KINDS = (
    "Give images, folders, lists of files (.txt, tables), archives (.tar), stacks "
    "(.h5, .zarr), or addresses such as s3://bucket/*.fits."
)

_PACKED = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")


@dataclass(frozen=True)
class SourceChoice:
    """How what the user names is read.

    Attributes
    ----------
    positions : path or None
        A list of galaxies; what is named are mosaics then.
    mosaic_size : float or None
        Side of the cutouts from mosaics in arcsec.
    fetch : DownloadRequest or None
        What a service is asked for; what is named are lists of galaxies then.
    columns : mapping of str to str
        Columns of lists by role, where the guess is wrong.
    """

    positions: Path | None = None
    mosaic_size: float | None = option(
        None, "Side in arcsec of the cutouts from mosaics", least=1
    )
    fetch: DownloadRequest | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    def check(self) -> None:
        """Refuse what does not fit together.

        Raises
        ------
        ConfigError
        """
        if self.positions is not None and self.fetch is not None:
            raise ConfigError(
                "--positions is for mosaics, and --fetch for a service",
                remedy="With --fetch give the list of galaxies as SOURCE.",
            )
        if (self.positions is None) != (self.mosaic_size is None):
            raise ConfigError(
                "--positions and --mosaic-size go together",
                remedy="Give the list of galaxies and the side in arcsec.",
            )


class Several:
    """Several sources, one after the other; the first cutout of an address counts.

    Parameters
    ----------
    sources : sequence of SurveySource
    """

    def __init__(self, sources: Sequence[SurveySource]) -> None:
        self._sources = sources

    @property
    def total(self) -> int:
        """How many cutouts there are, at most."""
        return sum(source.total for source in self._sources)

    @property
    def notes(self) -> list[str]:
        """The notes of all of them."""
        return [note for source in self._sources for note in source.notes]

    def __iter__(self) -> Iterator[Item]:
        """Go through the cutouts of each."""
        seen: set[str] = set()
        for source in self._sources:
            for item in source:
                if item.address not in seen:
                    seen.add(item.address)
                    yield item


def source_of(
    names: Sequence[str],
    dataset: Path,
    choice: SourceChoice | None = None,
    stop: threading.Event | None = None,
) -> SurveySource:
    """Return the source that names stand for; those of different kinds follow another.

    Parameters
    ----------
    names : sequence of str
        Files, folders, patterns and addresses.
    dataset : path
        The folder of the dataset.
    choice : SourceChoice, optional
    stop : threading.Event, optional
        Set it to end downloads.

    Raises
    ------
    ClumpError
        If there is nothing to search, or it is not known how a name is read.
    """
    choice = choice or SourceChoice()
    choice.check()
    if choice.fetch is not None:
        found: list[SurveySource] = [
            Positions(path, choice.fetch, dataset, stop)
            for path in _local(names, "a list of galaxies")
        ]
    elif choice.positions is not None and choice.mosaic_size is not None:
        paths = [path.absolute() for path in _local(names, "a mosaic")]
        size, columns = choice.mosaic_size, choice.columns
        found = [Mosaics(paths, choice.positions, size, dataset, columns)]
    else:
        found = _by_names(names, dataset, choice.columns)
    return found[0] if len(found) == 1 else Several(found)


def _local(names: Sequence[str], what: str) -> list[Path]:
    for name in names:
        if is_address(name):
            raise ConfigError(
                f"{name} is an address, and {what} has to be a file here",
                remedy="Download it first.",
            )
    return [path for name in names for path in paths_of(name)]


def _by_names(
    names: Sequence[str], dataset: Path, columns: Mapping[str, str]
) -> list[SurveySource]:
    """Return a source for each name; images, folders and archives are taken together.

    So the bands of a cutout are found together, and what is left out is said once.
    """
    images: list[Path] = []
    shards: list[Path] = []
    others: list[SurveySource] = []
    for name in names:
        stack, mark, array = name.rpartition("::")
        if is_address(name):
            if name.split("::")[0].endswith((".tar", *_PACKED)):
                raise ConfigError(
                    f"archives at addresses such as {name} are not read",
                    remedy="Download it, or name its members: tar://*.fits::ADDRESS.",
                )
            others.append(Remote(name))
        elif mark and not Path(name).exists():
            others.append(Stacks(Path(stack), array, dataset))
        else:
            for path in paths_of(name):
                if path.name.lower().endswith((".tar", *_PACKED)):
                    shards.append(path)
                elif _is_image(path):
                    images.append(path.absolute())
                else:
                    others.append(_other(path, dataset, columns))
    found: list[SurveySource] = [Folders(images, dataset)] if images else []
    return found + ([Shards(shards, dataset)] if shards else []) + others


def _is_image(path: Path) -> bool:
    """Return whether a path is an image or a folder of images, or is not there."""
    if path.is_dir():
        return not stack_files.is_zarr(path)
    return is_image_name(path) and not holds_table(path)


def _other(path: Path, dataset: Path, columns: Mapping[str, str]) -> SurveySource:
    """Return the source of a file that is no image, by its suffix."""
    name = path.name.lower()
    if stack_files.is_zarr(path) or name.endswith(stack_files.HDF5_SUFFIXES):
        return Stacks(path, "", dataset)
    if not path.exists():
        raise ImageError("no such file or folder", path, "Check the path.")
    if name.endswith(lists.SUFFIXES):
        return TextList(path, dataset)
    if name.endswith(TABLES):
        return TableList(path, dataset, columns)
    if name.endswith((".zip", ".7z", ".rar")):
        remedy = f"Name it as zip::{path}, or unpack it."
        raise ImageError("this is a packed folder", path, remedy)
    raise ImageError(
        "it is not known how cutouts are read from this",
        path,
        f"{_KINDS} Images end in {', '.join(SUFFIXES[:6])}, ….",
    )
