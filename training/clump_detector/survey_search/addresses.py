"""From the address of a cutout in a dataset back to its files."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from clump_detector.core.errors import ClumpError
from clump_detector.core.files import atomic_folder, read_json, write_json
from clump_detector.image_files.sources import (
    Source,
    is_image_name,
    with_bands_beside,
)

from .found_again import item_at
from .items import FileItem, Item

#: What no plain path has: a scheme, or a place inside a file.
_NO_PATH = re.compile(r"^[a-z][a-z0-9+.-]+://|::", re.IGNORECASE)

#: The folder of a dataset with the files of cutouts that are in no file of their own,
#: and what is noted beside them.
IMAGES, _NOTE = "images", "source.json"


def item_for(address: str, dataset: Path) -> Item:
    """Return the cutout at an address, as a survey found it; its files are not opened.

    Parameters
    ----------
    address : str
        Of a row of the table of cutouts: a path, absolute or from the dataset's folder,
        or what `found_again` understands. Files of the same galaxy in other bands are
        found beside it.
    dataset : path

    Raises
    ------
    ClumpError
        If the address is of another kind.
    """
    found = item_at(address, dataset)
    if found is not None:
        return found
    path = Path(dataset, address)
    if _NO_PATH.search(address) or not is_image_name(path):
        raise ClumpError(
            f"the address {address!r} is not that of an image file",
            None,
            "Use the version of this program that made the dataset.",
        )
    return FileItem(with_bands_beside(path), address)


def files_of(item: Item, dataset: Path) -> Source:
    """Return the files of a cutout; those that have to be made are kept in the dataset.

    Parameters
    ----------
    item : Item
    dataset : path

    Raises
    ------
    ClumpError
        If they cannot be had.
    """
    stamp = item.stamp()
    if isinstance(item, FileItem):
        return item.files
    key = hashlib.sha256(f"{item.address}\n{stamp}".encode()).hexdigest()[:16]
    folder = dataset / IMAGES / key
    if not (folder / _NOTE).is_file():
        with atomic_folder(folder) as scratch:
            _note(item.source(scratch), scratch)
    return _noted(folder)


def _note(source: Source, folder: Path) -> None:
    """Write down which files a cutout has; those in the folder by their names there."""
    files = [
        p.relative_to(folder).as_posix() if p.is_relative_to(folder) else str(p)
        for p in source.files
    ]
    content = {"name": source.name, "files": files, "bands": list(source.bands)}
    write_json(folder / _NOTE, content | {"unit": source.unit})


def _noted(folder: Path) -> Source:
    content = read_json(folder / _NOTE)
    files = tuple(folder / name for name in content["files"])
    return Source(content["name"], files, tuple(content["bands"]), content["unit"])
