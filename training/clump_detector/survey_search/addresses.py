"""From the address of a cutout in a dataset back to its files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from clump_detector.core.errors import ClumpError
from clump_detector.core.files import atomic_folder, read_json, write_json
from clump_detector.image_files.sources import (
    Source,
    is_image_name,
    with_bands_beside,
)

from .items import FileItem, Item, stamp_of
from .sources.mosaics import MosaicItem
from .sources.remote import Remote, RemoteItem, is_address
from .sources.shards import Shards
from .sources.stacks import Stacks

#: What no plain path has: a scheme, or a place inside a file.
_NO_PATH = re.compile(r"^[a-z][a-z0-9+.-]+://|::", re.IGNORECASE)

_SECTION = re.compile(r"(.+)::(-?[\d.]+),(-?[\d.]+),([\d.e+-]+)")
_ROW = re.compile(r"(.+)::(.*)\[(\d+)\]")
_SAMPLE = re.compile(r"(.+\.tar)::(.+)", re.IGNORECASE)

#: The folder of a dataset with the files of cutouts that are in no file of their own,
#: and what is noted beside them.
IMAGES, _NOTE = "images", "source.json"


def item_for(address: str, dataset: Path) -> Item:
    """Return the cutout at an address, as a survey found it; its files are not opened.

    Parameters
    ----------
    address : str
        Of a row of the table of cutouts: a path, absolute or from the dataset's folder,
        or what the sources of a survey give to samples, rows, sections and files on the
        net. Files of the same galaxy in other bands are found beside it.
    dataset : path

    Raises
    ------
    ClumpError
        If the address is of another kind, or there is nothing any more.
    """
    found = _inside(address, dataset)
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


def _inside(address: str, dataset: Path) -> Item | None:
    """Return a cutout in an archive, a stack, a mosaic or on the net; None elsewhere.

    What a list said of the galaxy of a mosaic or of an address is not known any more.
    """
    if is_address(address):
        return _remote(address)
    if found := _SAMPLE.fullmatch(address):
        path = Path(dataset, found[1])
        return _of(_samples(path, dataset, stamp_of((path,))), address)
    if found := _ROW.fullmatch(address):
        path = Path(dataset, found[1])
        stack = _stack(path, found[2], dataset, stamp_of((path,)))
        if int(found[3]) >= stack.total:
            raise _gone(address)
        return stack.item(int(found[3]))
    if found := _SECTION.fullmatch(address):
        mosaic = with_bands_beside(Path(dataset, found[1]))
        ra, dec, size = float(found[2]), float(found[3]), float(found[4])
        return MosaicItem(mosaic, address, f"{ra:g},{dec:g}", (ra, dec), size, {})
    return None


def _remote(address: str) -> Item:
    """Return what is at an address, with the other bands that are beside it."""
    first, mark, others = address.partition("::")
    folder = f"{first.rpartition('/')[0]}/*{mark}{others}"
    if first.startswith(("http://", "https://")) or ".fit" not in first.lower():
        return RemoteItem((address,))
    try:
        return _beside(folder).get(address) or RemoteItem((address,))
    except ClumpError:  # it may be there though its folder cannot be listed
        return RemoteItem((address,))


@lru_cache(maxsize=8)
def _beside(pattern: str) -> Mapping[str, Item]:
    return {item.address: item for item in Remote(pattern)}


@lru_cache(maxsize=8)
def _samples(path: Path, dataset: Path, stamp: str) -> Mapping[str, Item]:
    return {item.address: item for item in Shards([path], dataset)}


@lru_cache(maxsize=8)
def _stack(path: Path, array: str, dataset: Path, stamp: str) -> Stacks:
    return Stacks(path, array, dataset)


def _of(items: Mapping[str, Item], address: str) -> Item:
    if address not in items:
        raise _gone(address)
    return items[address]


def _gone(address: str) -> ClumpError:
    return ClumpError(
        f"there is no cutout at {address} any more",
        None,
        "Was its file written again? Search the survey again.",
    )
