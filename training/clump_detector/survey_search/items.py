"""What a survey searches: cutouts in files, archives and stacks, one item each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from clump_detector.core.errors import ClumpError, from_os_error
from clump_detector.image_files.sources import Source


class Item(Protocol):
    """A cutout of a survey; it is sent to a worker, and read there."""

    @property
    def address(self) -> str:
        """What names the cutout in the dataset, the same in every run."""

    @property
    def name(self) -> str:
        """The name of the galaxy or of the file."""

    def stamp(self) -> str:
        """Return a text that changes where the content may have changed, quickly.

        Raises
        ------
        ClumpError
            If there is nothing at the address.
        """

    def source(self, scratch: Path) -> Source:
        """Return the files of the cutout.

        Parameters
        ----------
        scratch : path
            An empty folder for files that have to be made.

        Raises
        ------
        ClumpError
            If they cannot be had.
        """


@dataclass(frozen=True)
class FileItem:
    """A cutout in files that can be reached by their paths.

    Attributes
    ----------
    files : Source
    address : str
    """

    files: Source
    address: str

    @property
    def name(self) -> str:
        """The name of its source."""
        return self.files.name

    def stamp(self) -> str:
        """Return the sizes and times of its files."""
        return stamp_of(self.files.files)

    def source(self, scratch: Path) -> Source:
        """Return the files as they are."""
        return self.files


def stamp_or_none(item: Item) -> str:
    """Return the stamp of an item, or an empty text where there is nothing."""
    try:
        return item.stamp()
    except ClumpError:
        return ""


def stamp_of(files: tuple[Path, ...]) -> str:
    """Return the sizes in bytes and the times of change in ns of files.

    Raises
    ------
    FileError
        If one is missing.
    """
    parts = []
    for path in files:
        try:
            status = path.stat()
        except OSError as error:
            raise from_os_error(error, path, "read") from error
        parts.append(f"{status.st_size}-{status.st_mtime_ns}")
    return " ".join(parts)


def address_of(path: Path, dataset: Path | None = None) -> str:
    """Return the address of a file: its absolute path, or that in its dataset."""
    absolute = path.absolute()
    if dataset is not None and absolute.is_relative_to(dataset.absolute()):
        return absolute.relative_to(dataset.absolute()).as_posix()
    return absolute.as_posix()
