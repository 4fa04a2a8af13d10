"""Reading PNG, JPEG and other pictures with Pillow, with all bits of 16-bit colours."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.core.arrays import AnyArray
from clump_detector.core.errors import ImageError
from clump_detector.images.pixels.limits import refuse_emptiness, refuse_large

from .orientation import orientation_in, upright

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile, _Tile

#: Formats that are read, independent of the file's suffix. Pillow knows more, some of
#: which run other programs.
FORMATS = ("PNG", "JPEG", "MPO", "GIF", "BMP")

#: Pillow keeps the upper byte of 16-bit colours. Its decoder keeps the lower one if it
#: assumes the other byte order.
_OTHER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}

#: Modes whose pixels are used unchanged.
_PLAIN = ("L", "RGB", "RGBA", "I;16", "I;16B", "I;16L", "I", "F")


def read_picture(path: Path) -> AnyArray:
    """Return the pixels of a PNG or JPEG file, rotated by its orientation tag.

    Returns
    -------
    array
        (height, width) or (height, width, 3 or 4), 16-bit colours as uint16.

    Raises
    ------
    ImageError
        If it is too large, or of a kind in which Pillow would lose digits.
    """
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # replaced by the limits here

    def opened() -> ImageFile:
        return Image.open(path, formats=FORMATS)

    with opened() as picture:
        refuse_large(path, (picture.height, picture.width), picture=True)
        pixels = picture.height * picture.width
        refuse_emptiness(path, pixels, path.stat().st_size)
        array = decoded(picture, opened, path)
        return upright(array, orientation_in(picture))


def decoded(
    picture: ImageFile, opened: Callable[[], ImageFile], path: Path
) -> AnyArray:
    """Return the pixels of a picture that Pillow has opened.

    Parameters
    ----------
    picture : PIL.Image.Image
        Not loaded yet.
    opened : callable
        Opens the same one again.
    path : path
        For messages.
    """
    raw = _raw_mode(picture)
    if raw.startswith("LA;16"):
        grey = np.asarray(picture)[..., 0]
        if grey.max(initial=0) < 64:  # fewer than 14 bits: their lower ones are lost
            raise ImageError(
                "16-bit grey values with transparency are not supported",
                path,
                "Save it without transparency.",
            )
        return grey
    if ";16" in raw and picture.mode in ("RGB", "RGBA"):
        upper = np.asarray(picture).astype(np.uint16)
        with opened() as again:
            other = raw[:-1] + _OTHER[raw[-1]]
            again.tile = [_with_mode(tile, other) for tile in again.tile]
            lower = np.asarray(again)
        return np.asarray((upper << 8) | lower)
    if picture.mode not in _PLAIN:
        return np.asarray(picture.convert("RGB"))
    return np.asarray(picture)


def _raw_mode(picture: ImageFile) -> str:
    """Return the layout of the stored values as Pillow's decoder names it, or ''."""
    modes = {_mode_of(tile) for tile in getattr(picture, "tile", ())}
    return modes.pop() if len(modes) == 1 else ""


def _mode_of(tile: _Tile) -> str:
    args = tile[3]
    first = args[0] if isinstance(args, tuple) and args else args
    return first if isinstance(first, str) else ""


def _with_mode(tile: _Tile, mode: str) -> _Tile:
    """Return a tile to be decoded in another raw mode."""
    args = tile[3]
    changed = (mode, *args[1:]) if isinstance(args, tuple) else mode
    return type(tile)(*tile[:3], changed)
