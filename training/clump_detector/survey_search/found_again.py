"""From the address of a cutout that is no image file back to the cutout."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from clump_detector.core.errors import ClumpError
from clump_detector.image_files.sources import with_bands_beside

from .items import Item, stamp_of
from .sources.mosaics import MosaicItem
from .sources.remote import Remote, RemoteItem, is_address
from .sources.shards import Shards
from .sources.stacks import Stacks

_SECTION = re.compile(r"(.+)::(-?[\d.]+),(-?[\d.]+),([\d.e+-]+)")
_ROW = re.compile(r"(.+)::(.*)\[(\d+)\]")
_SAMPLE = re.compile(r"(.+\.tar)::(.+)", re.IGNORECASE)


def item_at(address: str, dataset: Path) -> Item | None:
    """Return the cutout in an archive, a stack, a mosaic or at an address on the net.

    Parameters
    ----------
    address : str
        As the sources of a survey give it.
    dataset : path
        Paths that are not absolute are those in its folder.

    Returns
    -------
    Item or None
        None where the address is of none of these kinds. What a list said of the
        galaxy of a mosaic or of an address is not known any more.

    Raises
    ------
    ClumpError
        If there is nothing, or not any more.
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
