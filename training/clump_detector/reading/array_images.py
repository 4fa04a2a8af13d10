"""Images that are no FITS: pictures, TIFF, and numpy's files."""

from __future__ import annotations

import math
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ImageError
from . import roles
from .axes import MOST_BANDS
from .bands import band_in
from .limits import (
    refuse_bomb,
    refuse_emptiness,
    refuse_large,
    refuse_promise,
)
from .logs import quiet
from .orientation import orientation_in, orientation_of_page, upright
from .planes import Planes, Values

#: Formats that a picture may be in whatever its name says. The library knows more, some
#: of which run other programs.
_PICTURES = ("PNG", "JPEG", "MPO", "GIF", "BMP")


def read_picture(path: Path) -> NDArray[Any]:
    """Return the pixels of a PNG or JPEG file, turned as its orientation tag says."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # the limits here are its
    with Image.open(path, formats=_PICTURES) as picture:
        refuse_large(path, (picture.height, picture.width), picture=True)
        pixels = picture.height * picture.width
        refuse_emptiness(path, pixels, path.stat().st_size)
        orientation = orientation_in(picture)
        if picture.mode not in ("L", "RGB", "RGBA", "I;16", "I", "F"):
            return upright(np.asarray(picture.convert("RGB")), orientation)
        return upright(np.asarray(picture), orientation)


def read_tiff(path: Path) -> NDArray[Any]:
    """Return the pixels of a TIFF file, turned as its orientation tag says."""
    import tifffile

    size = path.stat().st_size
    with quiet("tifffile"), tifffile.TiffFile(path) as tiff:
        series = tiff.series[0]
        refuse_large(path, series.shape)
        values = math.prod(series.shape)
        first = series.pages[0]
        stored = sum(getattr(first, "databytecounts", ()))
        refuse_promise(path, stored, size)
        if getattr(first, "compression", 1) == 1:
            refuse_promise(path, series.nbytes, size)
        refuse_emptiness(path, values, size)
        pixels = np.asarray(series.asarray())
        if pixels.ndim != len(series.axes) or not {"Y", "X"} <= set(series.axes):
            return pixels
        rows, columns = series.axes.index("Y"), series.axes.index("X")
        return upright(pixels, orientation_of_page(first), rows, columns)


# -- numpy --------------------------------------------------------------------


def read_npy(path: Path) -> NDArray[Any]:
    """Return the array of a .npy file."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        return _npy(file, size, path)


def _npy(file: IO[bytes], size: int, path: Path) -> NDArray[Any]:
    """Read an array, once its header has been held against the bytes that are there."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, fortran, kind = np.lib.format.read_array_header_1_0(file)
    else:
        shape, fortran, kind = np.lib.format.read_array_header_2_0(file)
    if kind.hasobject:
        raise ImageError(
            "this file is damaged or no image (it holds objects)",
            path,
            "Save numbers.",
        )
    refuse_large(path, shape)
    wanted = math.prod(shape) * kind.itemsize
    refuse_promise(path, wanted, size - file.tell())
    array = np.frombuffer(file.read(wanted), dtype=kind)
    return array.reshape(shape, order="F" if fortran else "C")


def read_npz(path: Path) -> tuple[NDArray[Any], Planes | None]:
    """Return the one image of a .npz file, and its planes where it tells bands.

    Returns
    -------
    (array, planes)
        Planes are None unless names of bands or errors stand beside the image.

    Raises
    ------
    ImageError
        If no array or more than one looks like an image.
    """
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if n.endswith(".npy")]
        shapes = {name: _shape(archive, name, path) for name in names}
        image = _one_image(shapes, path)
        array = _member(archive, image, path)
        bands = _band_names(archive, shapes, path)
        error = next(
            (
                n
                for n, shape in shapes.items()
                if roles.role_in(Path(n).stem) in roles.ERRORS and shape == array.shape
            ),
            None,
        )
        if error is None and len(bands) != (array.shape[0] if array.ndim == 3 else 1):
            return array, None
        planes = as_planes(array, path)
        if len(bands) == len(planes.fluxes):
            planes = replace(planes, by_header=bands, said_by="the names beside it")
        if error is not None:
            told = finite(_member(archive, error, path)).reshape(planes.fluxes.shape)
            role = str(roles.role_in(Path(error).stem))
            pairs = zip(told, planes.fluxes, strict=True)
            variance = np.stack([roles.as_variance(role, t, f) for t, f in pairs])
            planes = replace(planes, variance=variance, facts=(f"errors from {error}",))
        return array, planes


def _shape(archive: zipfile.ZipFile, name: str, path: Path) -> tuple[int, ...]:
    """Return the shape of an array of numbers, or () for any other."""
    with archive.open(name) as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0
        if version != (1, 0):
            read = np.lib.format.read_array_header_2_0
        shape, _, kind = read(file)
    return shape if kind.kind in "uifb" or kind.kind == "U" else ()


def _one_image(shapes: dict[str, tuple[int, ...]], path: Path) -> str:
    """Return the name of the one array that is an image."""
    likely = {
        name: roles.role_in(Path(name).stem)
        for name, shape in shapes.items()
        if len(shape) in (2, 3) and min(shape) > 0 and sorted(shape)[-2] > MOST_BANDS
    }
    for kinds in ((roles.FLUX,), (None,)):
        found = [name for name, role in likely.items() if role in kinds]
        if len(found) == 1:
            return found[0]
        if found:
            break
    else:
        found = list(likely) if len(likely) == 1 else []
    if len(found) == 1:
        return found[0]
    names = ", ".join(Path(name).stem for name in shapes) or "nothing"
    raise ImageError(
        f"which array is the image is not clear among {names}",
        path,
        "Save the image alone, or under the name image.",
    )


def _member(archive: zipfile.ZipFile, name: str, path: Path) -> NDArray[Any]:
    info = archive.getinfo(name)
    refuse_bomb(path, info.file_size, info.compress_size)
    with archive.open(name) as file:
        return _npy(file, info.file_size, path)


def _band_names(
    archive: zipfile.ZipFile, shapes: dict[str, tuple[int, ...]], path: Path
) -> tuple[str, ...]:
    """Return the bands that an array of words names, such as ``filters``."""
    for name, shape in shapes.items():
        word = Path(name).stem.lower()
        if word not in ("filters", "filter", "bands", "band") or len(shape) != 1:
            continue
        words = _member(archive, name, path)
        bands = [band_in(str(text)) for text in words]
        if all(bands):
            return tuple(str(band) for band in bands)
    return ()


# -- one of two forms ---------------------------------------------------------


def as_planes(array: NDArray[Any], path: Path) -> Planes:
    """Return an array of fluxes, (height, width) or (bands, height, width)."""
    pixels = as_pixels(array, path, linear=True)
    return Planes(path, pixels)


def as_pixels(array: NDArray[Any], path: Path, *, linear: bool = False) -> NDArray[Any]:
    """Bring an array into one of the two forms of `images.Cutout.pixels`.

    Raises
    ------
    ImageError
        If it is no image or too large.
    """
    array = np.asarray(array)
    if array.dtype.kind not in "uifb":
        raise ImageError(
            f"its values are {array.dtype}, not numbers", path, "Give real numbers."
        )
    array = _bands_first_or_colour_last(array, path)
    colour = array.ndim == 3 and array.shape[2] in (3, 4) and array.shape[0] > 4
    refuse_large(path, array.shape[:2] if colour else array.shape)
    if not linear and array.dtype == np.uint8:
        if array.ndim == 2:
            return np.repeat(array[:, :, None], 3, axis=2)
        if colour:
            return np.ascontiguousarray(array[:, :, :3])
    if not linear and array.dtype == np.uint16 and colour:
        return np.ascontiguousarray((array[:, :, :3] >> 8).astype(np.uint8))
    if colour:
        array = np.moveaxis(array[:, :, :3], 2, 0)
    if array.ndim == 2:
        array = array[None]
    return finite(array)


def _bands_first_or_colour_last(array: NDArray[Any], path: Path) -> NDArray[Any]:
    shape = array.shape
    good = array.ndim == 2 or (
        array.ndim == 3 and (shape[0] <= MOST_BANDS or shape[2] <= 4)
    )
    if not good or 0 in shape:
        raise ImageError(
            f"an array of shape {shape} is no cutout",
            path,
            "Give (height, width), (bands, height, width) or (height, width, 3).",
        )
    if array.ndim == 3 and shape[0] > MOST_BANDS and shape[2] not in (3, 4):
        return np.moveaxis(array, 2, 0)
    return array


def finite(array: NDArray[Any]) -> Values:
    """Return native float32 with NaN where there is no data.

    Fluxes as small as 1e-12 keep their digits in float32; ones that would overflow are
    no data.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        pixels = np.array(array, dtype=np.float32)
    pixels[~np.isfinite(pixels)] = np.nan
    return pixels
