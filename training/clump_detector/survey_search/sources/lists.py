"""A survey in a list of files: a text with a path a line, or a table with a column."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from clump_detector.core.errors import FileError, from_os_error
from clump_detector.core.signatures import refuse_special
from clump_detector.core.text import plural
from clump_detector.galaxies.read import GalaxyList, read_galaxies
from clump_detector.image_files.sources import Source, group_bands, stem
from clump_detector.survey_search.items import FileItem, Item, address_of

from .remote import RemoteItem, check_protocol, is_address
from .scratch import Known, ListedItem, known_of

#: Suffixes of lists in text.
SUFFIXES = (".txt", ".lst")


class TextList:
    """The cutouts that a text names: a path or an address a line.

    Relative paths are those in the list's folder. Empty lines and those that begin
    with # are left out. FITS files whose names differ only in a band are one cutout.

    Parameters
    ----------
    path : path
    dataset : path, optional
        Addresses of files below it are relative to it.

    Attributes
    ----------
    notes : list of str

    Raises
    ------
    FileError
        If the list cannot be read, or is empty.
    ConfigError
        If a package for its addresses is not installed.
    """

    def __init__(self, path: Path, dataset: Path | None = None) -> None:
        self._dataset, self.notes = dataset, list[str]()
        names = _lines(path)
        unique = list(dict.fromkeys(_whole(name, path.parent) for name in names))
        if len(unique) < len(names):
            twice = plural(len(names) - len(unique), "line")
            self.notes.append(f"{path}: {twice} named a file again.")
        self._addresses = [name for name in unique if is_address(name)]
        for address in self._addresses:
            check_protocol(address)
        self._sources = group_bands([Path(n) for n in unique if not is_address(n)])

    @property
    def total(self) -> int:
        """How many cutouts there are."""
        return len(self._sources) + len(self._addresses)

    def __iter__(self) -> Iterator[Item]:
        """Go through the cutouts: those in files, then those at addresses."""
        for source in self._sources:
            yield FileItem(source, address_of(source.path, self._dataset))
        for address in self._addresses:
            yield RemoteItem((address,))


class TableList:
    """The cutouts that a table names, with what it says of their galaxies.

    Relative paths are those in the table's folder. What its other columns say of a
    galaxy (position, pixel scale, PSF, redshift) goes with the cutout.

    Parameters
    ----------
    path : path
    dataset : path, optional
        Addresses of files below it are relative to it.
    columns : mapping of str to str, optional
        Columns by role, where the guess is wrong.

    Attributes
    ----------
    notes : list of str

    Raises
    ------
    FileError
        If the table cannot be read, names no file or has no column of files.
    """

    def __init__(
        self,
        path: Path,
        dataset: Path | None = None,
        columns: Mapping[str, str] | None = None,
    ) -> None:
        self._path, self._dataset = path, dataset
        self._galaxies = read_galaxies(path, columns, positions=False)
        self._names = _column_of_files(self._galaxies, path)
        self.notes = [f"{path}: {text}" for text in self._galaxies.warnings]
        gaps = sum(not name for name in self._names)
        if gaps:
            self.notes.append(f"{path}: {plural(gaps, 'row')} without a file left out.")
        for name in {n.split("://")[0] for n in self._names if is_address(n)}:
            check_protocol(f"{name}://")

    @property
    def total(self) -> int:
        """How many cutouts there are, at most."""
        return sum(map(bool, self._names))

    def __iter__(self) -> Iterator[Item]:
        """Go through the cutouts, row by row; the first of a file counts."""
        seen = set()
        for row, name in enumerate(self._names):
            whole = _whole(name, self._path.parent) if name else ""
            if whole and whole not in seen:
                seen.add(whole)
                yield self._item(whole, known_of(self._galaxies[row]))

    def _item(self, name: str, known: Known) -> Item:
        if is_address(name):
            return RemoteItem((name,), known=known)
        path = Path(name)
        address = address_of(path, self._dataset)
        if not known.keys() - {"name"}:
            return FileItem(Source(stem(path), (path,)), address)
        return ListedItem(Source(str(known["name"]), (path,)), address, known)


def _lines(path: Path) -> list[str]:
    """Return the lines of a list that name something."""
    refuse_special(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise from_os_error(error, path, "read") from error
    except UnicodeDecodeError as error:
        raise FileError(
            "this list is not text in UTF-8", path, "Write one path a line."
        ) from error
    lines = [line.strip() for line in text.splitlines()]
    named = [line for line in lines if line and not line.startswith("#")]
    if not named or "\0" in text:
        raise FileError("this list names no file", path, "Write one path a line.")
    return named


def _whole(name: str, folder: Path) -> str:
    """Return an address, or the absolute path of a file that a list names."""
    if is_address(name):
        return name
    return os.path.normpath(folder.absolute() / Path(name).expanduser())


def _column_of_files(galaxies: GalaxyList, path: Path) -> list[str]:
    """Return the text in the column of files, '' where a row has none."""
    if galaxies.columns.file is None:
        raise FileError(
            "no column of this table names files (file, path or filename)",
            path,
            "Name one with --column file=NAME; for a list of galaxies add --fetch "
            "SURVEY, or give it as --positions with mosaics.",
        )
    if not any(galaxies.paths):
        raise FileError("this table names no file", path, "Give one with a row.")
    return galaxies.paths
