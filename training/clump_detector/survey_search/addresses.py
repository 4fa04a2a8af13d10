"""From the address of a cutout in a dataset back to its files."""

from __future__ import annotations

import re
from pathlib import Path

from clump_detector.core.errors import ClumpError
from clump_detector.image_files.sources import is_image_name, with_bands_beside

from .items import FileItem, Item

#: What no plain path has: a scheme, or a place inside a file.
_NO_PATH = re.compile(r"^[a-z][a-z0-9+.-]+://|::", re.IGNORECASE)


def item_for(address: str, dataset: Path) -> Item:
    """Return the cutout at an address, as a survey found it; its files are not opened.

    Parameters
    ----------
    address : str
        Of a row of the table of cutouts: a path, absolute or from the dataset's folder.
        Files of the same galaxy in other bands are found beside it.
    dataset : path

    Raises
    ------
    ClumpError
        If the address is of another kind.
    """
    path = Path(dataset, address)
    if _NO_PATH.search(address) or not is_image_name(path):
        raise ClumpError(
            f"the address {address!r} is not that of an image file",
            None,
            "Use the version of this program that made the dataset.",
        )
    return FileItem(with_bands_beside(path), address)
