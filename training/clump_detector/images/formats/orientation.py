"""The orientation tag of pictures: which side of the stored pixels is up.

JPEG, PNG and MPO carry it in EXIF (or XMP), TIFF as a tag of its own. Browsers, CVAT,
Label Studio and OpenCV turn the picture as it says, so labels made with them lie on the
turned one. Here every picture is turned when it is read, once and for all rooms.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.signatures import refuse_special
from clump_detector.core.sources import PICTURE_SUFFIXES, TIFF_SUFFIXES
from clump_detector.images.pixels.logs import quiet

#: Number of the tag, the same in EXIF and TIFF.
TAG = 274

#: What is done to the stored pixels, in words, by the tag's value. The values are those
#: of the TIFF 6.0 specification (1992), page 36.
TURNS = {
    2: "mirrored left to right",
    3: "turned by 180°",
    4: "mirrored top to bottom",
    5: "mirrored along its diagonal",
    6: "turned by 90° clockwise",
    7: "mirrored along its other diagonal",
    8: "turned by 90° counterclockwise",
}


def upright(
    array: NDArray[Any], orientation: int, rows: int = 0, columns: int = 1
) -> NDArray[Any]:
    """Return an image as its orientation tag says that it is to be seen.

    Pillow's ``exif_transpose`` does the same to pictures of its own only; this one is
    for arrays of any type, those of tifffile with it.

    Parameters
    ----------
    array : array
    orientation : int
        1 to 8; anything else changes nothing.
    rows, columns : int
        Which axes of the array these are.
    """
    if orientation in (5, 6, 7, 8):
        array = np.swapaxes(array, rows, columns)
    if orientation in (2, 3, 6, 7):
        array = np.flip(array, columns)
    if orientation in (3, 4, 7, 8):
        array = np.flip(array, rows)
    return array


def turns_sides(orientation: int) -> bool:
    """Tell whether width and height change places."""
    return orientation >= 5


def orientation_in(picture: Any) -> int:
    """Return the orientation, 1 to 8, of a picture that Pillow has opened.

    A tag that is damaged or has another value is taken for none, as browsers do.
    """
    try:
        return _valid(picture.getexif().get(TAG))
    except Exception:  # Pillow raises whatever it likes on damaged EXIF
        return 1


def orientation_of_page(page: Any) -> int:
    """Return the orientation, 1 to 8, of a page that tifffile has opened."""
    tag = getattr(page, "tags", {}).get(TAG)
    return _valid(getattr(tag, "value", None))


def orientation_of(path: Path) -> int:
    """Return the orientation, 1 to 8, that a file has; 1 where it has none."""
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
    except Exception:  # the reader of cutouts says what is wrong with it
        return 1
    return 1


def picture_size(path: Path) -> tuple[int, int] | None:
    """Return width and height of a PNG or JPEG as it is shown, or None.

    Its pixels are not read.
    """
    from PIL import Image

    try:
        refuse_special(path)
        with Image.open(path) as picture:
            width, height = picture.size
            turned = turns_sides(orientation_in(picture))
            return (height, width) if turned else (width, height)
    except Exception:  # the reader of cutouts says what is wrong with it
        return None


def said_of(orientation: int) -> tuple[str, ...]:
    """Return what a person should know of a picture that was turned, in sentences."""
    if orientation not in TURNS:
        return ()
    return (
        f"Shown {TURNS[orientation]}, as the orientation tag in its file says and as "
        "browsers and most programs show it: boxes and sky positions are those of the "
        "picture as it is shown.",
    )


def _valid(value: Any) -> int:
    if isinstance(value, (tuple, list)) and len(value) == 1:
        value = value[0]
    is_number = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return int(value) if is_number and 1 <= int(value) <= 8 else 1
