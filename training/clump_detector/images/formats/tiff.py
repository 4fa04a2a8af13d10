"""Reading TIFF files, whose tags give the meaning of values: colours, inks, bands.

tifffile decodes the compressions that it supports without other packages; Pillow, with
its own libtiff, the others (LZW, JPEG, PackBits ...). Other kinds are refused with a
remedy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import AnyArray
from clump_detector.core.errors import ImageError
from clump_detector.images.pixels.limits import (
    refuse_emptiness,
    refuse_large,
    refuse_promise,
)
from clump_detector.images.pixels.logs import quiet
from clump_detector.images.pixels.planes import ColourImage, Planes

from .arrays import as_image
from .orientation import orientation_of_page, upright
from .pictures import decoded

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile
    from tifffile import TiffFile, TiffPage, TiffPageSeries

#: Photometric interpretations (TIFF 6.0, page 117).
_WHITE_IS_ZERO, _RGB, _PALETTE, _INKS, _YCBCR = 0, 2, 3, 5, 6

#: Photometric interpretations that are not supported, and the remedy.
_REFUSED = {
    4: ("a mask of another picture", "Give the picture itself."),
    8: ("a picture in CIELAB colours", "Save it as RGB."),
    9: ("a picture in CIELAB colours", "Save it as RGB."),
    10: ("a picture in CIELAB colours", "Save it as RGB."),
    32803: ("the raw image of a camera", "Develop it into RGB first."),
    34892: ("the raw image of a camera", "Develop it into RGB first."),
    32844: ("a picture in logarithms (LogLuv)", "Save it as RGB."),
    32845: ("a picture in logarithms (LogLuv)", "Save it as RGB."),
}

#: Compressions that tifffile decodes with Python's own modules: none, Deflate, LZMA.
_ALONE = (1, 8, 32946, 34925, 50013)

#: Extra samples that are transparency.
_ALPHA = (1, 2)


def read_tiff(path: Path) -> ColourImage | Planes:
    """Return a TIFF file as a picture or as fluxes.

    Raises
    ------
    ImageError
        If it is too large, damaged, not an image, or of a kind that is not supported.
    """
    import tifffile

    size = path.stat().st_size
    with quiet("tifffile"), tifffile.TiffFile(path) as tiff:
        series = _largest(tiff.series)
        page = series.keyframe
        _refuse_promises(series, page, path, size)
        kind = int(getattr(page, "photometric", 1))
        if kind in _REFUSED:
            what, remedy = _REFUSED[kind]
            raise ImageError(f"this is {what}, which is not supported", path, remedy)
        if kind != _YCBCR and int(page.compression) in _ALONE:
            array, axes = np.asarray(series.asarray()), str(series.axes)
            orientation = orientation_of_page(page)
        else:
            array, axes, kind = _by_pillow(series, page, path, kind)
            orientation = 1  # Pillow has rotated it already
        left = len(tiff.series) - 1
        image = _interpreted(array, axes, page, kind, path, _channels(tiff, series))
        image = _upright(image, orientation)
    return _with_note(image, f"Not read of {path.name}: {left} more images.", left)


def _upright(image: ColourImage | Planes, orientation: int) -> ColourImage | Planes:
    """Return an image rotated by its orientation tag."""
    if isinstance(image, ColourImage):
        return replace(image, pixels=upright(image.pixels, orientation))
    return replace(image, fluxes=upright(image.fluxes, orientation, 1, 2))


def _with_note(
    image: ColourImage | Planes, note: str, applies: object
) -> ColourImage | Planes:
    return replace(image, notes=(*image.notes, note)) if applies else image


def _largest(series: Sequence[TiffPageSeries]) -> TiffPageSeries:
    """Return the series that is not a preview of another; the first of several."""
    whole = [s for s in series if not getattr(s.keyframe, "is_reduced", False)]
    return max(whole or series, key=lambda s: s.keyframe.shape[0] * s.keyframe.shape[1])


def _refuse_promises(
    series: TiffPageSeries, page: TiffPage, path: Path, size: int
) -> None:
    """Check the sizes in the tags against the file, before memory is allocated."""
    refuse_large(path, series.shape)
    refuse_promise(path, sum(getattr(page, "databytecounts", ())), size)
    values = math.prod(series.shape)
    if getattr(page, "compression", 1) == 1:
        refuse_promise(path, values * _bits_of(page) // 8, size)
    refuse_emptiness(path, values, size)


def _bits_of(page: TiffPage) -> int:
    """Return the bits of a value, the most if they differ between samples."""
    bits = page.bitspersample
    return max(bits) if isinstance(bits, tuple) else int(bits)


# -- decoding by Pillow ---------------------------------------------------------


def _by_pillow(
    series: TiffPageSeries, page: TiffPage, path: Path, kind: int
) -> tuple[AnyArray, str, int]:
    """Return (array, axes, photometric interpretation) as Pillow decodes them.

    Pillow has rotated the array by its orientation tag.
    """
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # replaced by the limits here
    name = getattr(page.compression, "name", str(page.compression))

    def opened(index: int) -> ImageFile:
        picture = Image.open(path, formats=("TIFF",))
        picture.seek(index)
        return picture

    frames = []
    try:
        for frame in series.pages:
            index = int(getattr(frame, "index", 0))
            with opened(index) as picture:
                if _loses_digits(picture, page):
                    raise _not_supported(name, path)
                frames.append(decoded(picture, partial(opened, index), path))
    except (UnidentifiedImageError, KeyError, SyntaxError) as error:
        raise _not_supported(name, path) from error
    array = np.stack(frames) if len(frames) > 1 else frames[0]
    samples = array.ndim - (len(frames) > 1) == 3
    axes = ("I" if len(frames) > 1 else "") + ("YXS" if samples else "YX")
    # Palettes, inks and YCbCr are colours now; 8-bit greys are black at 0.
    done = kind in (_PALETTE, _INKS, _YCBCR)
    white = kind == _WHITE_IS_ZERO and array.dtype == np.uint8
    return array, axes, _RGB if done and samples else 1 if white or done else kind


def _loses_digits(picture: ImageFile, page: TiffPage) -> bool:
    """Return whether Pillow loses bits of values that `decoded` cannot restore."""
    bits = _bits_of(page)
    if bits <= 8:
        return False
    planar = int(getattr(page, "planarconfig", 1)) == 2
    if picture.mode in ("RGB", "RGBA"):
        return planar or bits != 16
    return picture.mode not in ("I;16", "I;16B", "I;16L", "I", "F")


def _not_supported(compression: str, path: Path) -> ImageError:
    return ImageError(
        f"a TIFF of this kind is not supported if compressed with {compression}",
        path,
        "Save it without compression, or with Deflate (ZIP).",
    )


# -- what the values are --------------------------------------------------------


def _interpreted(
    array: AnyArray, axes: str, page: TiffPage, kind: int, path: Path, channels: str
) -> ColourImage | Planes:
    """Return values as colours, grey values or bands, according to the tags."""
    bits = _bits_of(page)
    if kind == _PALETTE:
        array = _without_samples(array, axes)
        colours = _coloured(array, page.colormap)
        return as_image(_first_page(colours, 3), path, colours=True)
    if kind in (_RGB, _INKS):
        array = _samples_last(array, axes)
        image = as_image(_as_rgb(_first_page(array, 3), kind), path, colours=True)
        pages = array.shape[0] if array.ndim > 3 else 1
        return _with_note(image, f"Not read of {path.name}: {pages - 1} more pages.",
                          pages > 1)  # fmt: skip
    array = _spread(_without_alpha(array, axes, page), bits)
    note = ""
    if kind == _WHITE_IS_ZERO:
        array, note = _inverted(array, bits)
    if channels:
        return as_image(_ordered(array, channels), path, colours=True)
    image = as_image(array, path, colours=False if _are_bands(array, axes) else None)
    return _with_note(image, note, note)


def _samples_last(array: AnyArray, axes: str) -> AnyArray:
    return np.moveaxis(array, axes.index("S"), -1) if "S" in axes else array


def _first_page(array: AnyArray, n: int) -> AnyArray:
    """Return the first of several pages; each has n axes."""
    return array.reshape(-1, *array.shape[-n:])[0] if array.ndim > n else array


def _without_samples(array: AnyArray, axes: str) -> AnyArray:
    return _samples_last(array, axes)[..., 0] if "S" in axes else array


def _without_alpha(array: AnyArray, axes: str, page: TiffPage) -> AnyArray:
    """Return grey values, or bands, without transparency."""
    extra = tuple(getattr(page, "extrasamples", ()))
    if "S" not in axes or not extra or extra[-1] not in _ALPHA:
        return array
    axis = axes.index("S")
    array = np.delete(array, -1, axis=axis)
    return array.squeeze(axis) if array.shape[axis] == 1 else array


def _are_bands(array: AnyArray, axes: str) -> bool:
    """Return whether planes are stored separately, so that the last axis is columns."""
    return "S" in axes and axes.index("S") == 0 and array.ndim == 3


def _as_rgb(array: AnyArray, kind: int) -> AnyArray:
    """Return red, green and blue, also of the inks of CMYK (TIFF 6.0, section 16)."""
    if kind == _RGB:
        return array[..., :3]
    full = np.iinfo(array.dtype).max
    paper = full - array[..., :4].astype(np.float64)
    light = paper[..., :3] * paper[..., 3:] / full
    return np.asarray((light + 0.5).astype(array.dtype))


def _coloured(array: AnyArray, colormap: AnyArray) -> NDArray[np.uint8]:
    """Return the colours of a palette, which some programs write in 8 bits."""
    palette = np.asarray(colormap)
    palette = palette if palette.max(initial=0) < 256 else palette >> 8
    return np.stack([channel.astype(np.uint8)[array] for channel in palette], axis=-1)


def _spread(array: AnyArray, bits: int) -> AnyArray:
    """Return values of 1 to 7 bits scaled to eight."""
    if bits >= 8 or array.dtype.kind not in "ub":
        return array
    spread: NDArray[np.uint16] = array.astype(np.uint16) * 255 // (2**bits - 1)
    return spread.astype(np.uint8)


def _inverted(array: AnyArray, bits: int) -> tuple[AnyArray, str]:
    """Return values with white at 0 as ones with black at 0, and a note or ''.

    For real or signed numbers the tag describes their display only, so they stay.
    """
    if array.dtype.kind == "u":
        full = np.iinfo(array.dtype).max if bits < 8 else 2**bits - 1
        return (full - array).astype(array.dtype), ""
    return array, (
        "The file states that white is 0; its values are real numbers, and were read "
        "as fluxes without inversion."
    )


# -- ImageJ's channels ----------------------------------------------------------


def _channels(tiff: TiffFile, series: TiffPageSeries) -> str:
    """Return the colours in which ImageJ displays three channels, such as 'rgb', or ''.

    A composite without colour tables is red, green, blue.
    """
    metadata = getattr(tiff, "imagej_metadata", None) or {}
    counts = dict(zip(series.axes, series.shape, strict=True))
    if metadata.get("mode") not in ("composite", "color") or counts.get("C") != 3:
        return ""
    if set(series.axes) != set("CYX") or series.axes[0] != "C":
        return ""
    tables = metadata.get("LUTs")
    if not tables:
        return "rgb"
    found = [
        "".join(c for c, n in zip("rgb", t, strict=True) if n.max()) for t in tables
    ]
    return "".join(found) if sorted(found) == list("bgr") else ""


def _ordered(array: AnyArray, channels: str) -> AnyArray:
    return np.stack([array[channels.index(c)] for c in "rgb"], axis=-1)
