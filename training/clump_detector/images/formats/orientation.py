"""The orientation tag of pictures: the side of the stored pixels that is up.

JPEG, PNG and MPO carry it in EXIF (or XMP), TIFF as a tag of its own. Browsers, CVAT,
Label Studio and OpenCV rotate the picture accordingly, so labels made with them are on
the rotated one. Here every picture is rotated when it is read.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.core.arrays import AnyArray
from clump_detector.core.signatures import refuse_special
from clump_detector.image_files.sources import PICTURE_SUFFIXES, TIFF_SUFFIXES
from clump_detector.images.pixels.logs import quiet

if TYPE_CHECKING:
    from PIL import Image
    from tifffile import TiffFrame, TiffPage

#: Number of the tag, the same in EXIF and TIFF.
TAG = 274

#: What is done to the stored pixels, by the tag's value. The values are those of the
#: TIFF 6.0 specification (1992), page 36.
TURNS = {
    2: "mirrored left to right",
    3: "rotated by 180°",
    4: "mirrored top to bottom",
    5: "mirrored along its diagonal",
    6: "rotated by 90° clockwise",
    7: "mirrored along its other diagonal",
    8: "rotated by 90° counterclockwise",
}


def upright(
    array: AnyArray, orientation: int, rows: int = 0, columns: int = 1
) -> AnyArray:
    """Return an image rotated or mirrored according to its orientation tag.

    Pillow's ``exif_transpose`` does this for its own pictures only; this function is
    for arrays of any type, including those of tifffile.

    Parameters
    ----------
    array : array
    orientation : int
        1 to 8; other values change nothing.
    rows, columns : int
        The axes of rows and of columns.
    """
    if orientation in (5, 6, 7, 8):
        array = np.swapaxes(array, rows, columns)
    if orientation in (2, 3, 6, 7):
        array = np.flip(array, columns)
    if orientation in (3, 4, 7, 8):
        array = np.flip(array, rows)
    return array


def turns_sides(orientation: int) -> bool:
    """Return whether an orientation swaps width and height."""
    return orientation >= 5


def orientation_in(picture: Image.Image) -> int:
    """Return the orientation, 1 to 8, of a picture that Pillow has opened.

    A damaged tag, or one with another value, is ignored, as in browsers.
    """
    try:
        return _valid(picture.getexif().get(TAG))
    except Exception:  # Pillow raises many kinds for damaged EXIF
        return 1


def orientation_of_page(page: TiffPage | TiffFrame) -> int:
    """Return the orientation, 1 to 8, of a page that tifffile has opened."""
    tag = getattr(page, "tags", {}).get(TAG)
    return _valid(getattr(tag, "value", None))


def orientation_of(path: Path) -> int:
    """Return the orientation of a file, 1 to 8; 1 where it has none."""
    name = path.name.lower()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if name.endswith(PICTURE_SUFFIXES):
                from PIL import Image

                with Image.open(path) as picture:
                    return orientation_in(picture)
            if name.endswith(TIFF_SUFFIXES):
                import tifffile

                with quiet("tifffile"), tifffile.TiffFile(path) as tiff:
                    return orientation_of_page(tiff.series[0].pages[0])
    except Exception:  # the reader of cutouts raises with the reason
        return 1
    return 1


def picture_size(path: Path) -> tuple[int, int] | None:
    """Return width and height of a PNG or JPEG as it is displayed, or None.

    Its pixels are not read.
    """
    from PIL import Image

    try:
        refuse_special(path)
        with Image.open(path) as picture:
            width, height = picture.size
            turned = turns_sides(orientation_in(picture))
            return (height, width) if turned else (width, height)
    except Exception:  # the reader of cutouts raises with the reason
        return None


def turn_notes(orientation: int) -> tuple[str, ...]:
    """Return sentences for the user on a picture that was rotated or mirrored."""
    if orientation not in TURNS:
        return ()
    return (
        f"Displayed {TURNS[orientation]}, according to its file's orientation tag, as "
        "in browsers and most programs: boxes and sky positions refer to the displayed "
        "picture.",
    )


def _valid(value: object) -> int:
    if isinstance(value, (tuple, list)) and len(value) == 1:
        value = value[0]
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
        return 1
    return int(value) if 1 <= int(value) <= 8 else 1
