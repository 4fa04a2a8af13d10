"""Reading files of numpy, and arrays as pictures or as fluxes."""

from __future__ import annotations

import math
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import IO

import numpy as np

from clump_detector.core.arrays import AnyArray
from clump_detector.core.errors import ImageError
from clump_detector.images.pixels import plane_roles
from clump_detector.images.pixels.axes import MOST_BANDS
from clump_detector.images.pixels.band_names import band_in
from clump_detector.images.pixels.limits import (
    refuse_bomb,
    refuse_large,
    refuse_promise,
)
from clump_detector.images.pixels.planes import ColourImage, Planes
from clump_detector.images.pixels.precision import (
    as_singles,
    eight_bits,
    precision_in_words,
)


def read_npy(path: Path) -> AnyArray:
    """Return the array of a .npy file."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        return _npy(file, size, path)


def _npy(file: IO[bytes], size: int, path: Path) -> AnyArray:
    """Read an array, after its header was checked against the bytes that are there."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, fortran, kind = np.lib.format.read_array_header_1_0(file)
    else:
        shape, fortran, kind = np.lib.format.read_array_header_2_0(file)
    if kind.hasobject:
        raise ImageError(
            "this file is damaged or not an image (it holds objects)",
            path,
            "Save an array of numbers.",
        )
    refuse_large(path, shape)
    wanted = math.prod(shape) * kind.itemsize
    refuse_promise(path, wanted, size - file.tell())
    array = np.frombuffer(file.read(wanted), dtype=kind)
    return array.reshape(shape, order="F" if fortran else "C")


def read_npz(path: Path) -> tuple[AnyArray, Planes | None]:
    """Return the image of a .npz file, and its planes if there are bands or errors.

    Returns
    -------
    (array, Planes or None)
        None unless the file also holds names of bands or errors.

    Raises
    ------
    ImageError
        If not exactly one of the arrays can be the image.
    """
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if n.endswith(".npy")]
        shapes = {name: _shape(archive, name, path) for name in names}
        image = _one_image(shapes, path)
        array = _member(archive, image, path)
        bands = _band_names(archive, shapes, path)
        error = _error_name(shapes, array.shape)
        if error is None and len(bands) != (array.shape[0] if array.ndim == 3 else 1):
            return array, None
        planes = as_planes(array, path)
        if len(bands) == len(planes.fluxes):
            planes = replace(
                planes, by_header=bands, named_by="the names next to the image"
            )
        if error is not None:
            errors = as_planes(_member(archive, error, path), path).fluxes
            role = str(plane_roles.role_in(Path(error).stem))
            pairs = zip(errors, planes.fluxes, strict=True)
            variance = np.stack([plane_roles.as_variance(role, e, f) for e, f in pairs])
            planes = replace(planes, variance=variance, facts=(f"errors from {error}",))
        return array, planes


def _error_name(
    shapes: dict[str, tuple[int, ...]], wanted: tuple[int, ...]
) -> str | None:
    """Return the name of the first array that is named as errors and has a shape."""
    return next(
        (
            name
            for name, shape in shapes.items()
            if plane_roles.role_in(Path(name).stem) in plane_roles.ERRORS
            and shape == wanted
        ),
        None,
    )


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
        name: plane_roles.role_in(Path(name).stem)
        for name, shape in shapes.items()
        if len(shape) in (2, 3) and min(shape) > 0 and sorted(shape)[-2] > MOST_BANDS
    }
    for kinds in ((plane_roles.FLUX,), (None,)):
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
        f"it is ambiguous which of these arrays is the image: {names}",
        path,
        "Save the image alone, or under the name image.",
    )


def _member(archive: zipfile.ZipFile, name: str, path: Path) -> AnyArray:
    info = archive.getinfo(name)
    refuse_bomb(path, info.file_size, info.compress_size)
    with archive.open(name) as file:
        return _npy(file, info.file_size, path)


def _band_names(
    archive: zipfile.ZipFile, shapes: dict[str, tuple[int, ...]], path: Path
) -> tuple[str, ...]:
    """Return the bands that an array of texts names, such as ``filters``."""
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


def as_image(
    array: AnyArray, path: Path, *, colours: bool | None = None
) -> ColourImage | Planes:
    """Return an array as a picture or as fluxes.

    Parameters
    ----------
    array : array
        (height, width), (bands, height, width) or (height, width, 3 or 4).
    path : path
        For messages.
    colours : bool, optional
        Whether the last axis is red, green and blue; by default it is if its length is
        three or four.

    Raises
    ------
    ImageError
        If it is not an image or too large.
    """
    array = np.asarray(array)
    _refuse_words(array, path)
    if colours and (array.ndim != 3 or array.shape[2] not in (3, 4)):
        raise _not_a_cutout(array.shape, path)
    if not colours:
        array = _bands_first_or_colour_last(array, path)
    colour = _is_colour(array) if colours is None else colours
    if colour and array.dtype in (np.uint8, np.uint16):
        refuse_large(path, array.shape[:2])
        seen, bits = eight_bits(array[:, :, :3])
        words = "a picture" if bits in (8, 16) else f"a picture, {bits} bits in 16"
        return ColourImage(path, np.ascontiguousarray(seen), words)
    if array.ndim == 2 and array.dtype == np.uint8:
        refuse_large(path, array.shape)
        return ColourImage(path, np.repeat(array[:, :, None], 3, axis=2))
    return _planes(array, path, colour=colour)


def as_planes(array: AnyArray, path: Path) -> Planes:
    """Return an array as planes of fluxes.

    Parameters
    ----------
    array : array
        (height, width), (bands, height, width) or (height, width, 3 or 4).
    path : path
        For messages.

    Raises
    ------
    ImageError
        If it is not an image or too large.
    """
    array = np.asarray(array)
    _refuse_words(array, path)
    array = _bands_first_or_colour_last(array, path)
    return _planes(array, path, colour=_is_colour(array))


def _planes(array: AnyArray, path: Path, *, colour: bool) -> Planes:
    refuse_large(path, array.shape[:2] if colour else array.shape)
    if colour:
        array = np.moveaxis(array[:, :, :3], 2, 0)
    fluxes, levels = as_singles(array if array.ndim == 3 else array[None])
    facts = (precision_in_words(levels),) if any(levels) else ()
    return Planes(path, fluxes, facts=facts, red_first=colour)


def _is_colour(array: AnyArray) -> bool:
    return array.ndim == 3 and array.shape[2] in (3, 4) and array.shape[0] > 4


def _refuse_words(array: AnyArray, path: Path) -> None:
    if array.dtype.kind not in "uifb":
        raise ImageError(
            f"its values are {array.dtype}, not numbers", path, "Give real numbers."
        )


def _bands_first_or_colour_last(array: AnyArray, path: Path) -> AnyArray:
    shape = array.shape
    good = array.ndim == 2 or (
        array.ndim == 3 and (shape[0] <= MOST_BANDS or shape[2] <= MOST_BANDS)
    )
    if not good or 0 in shape:
        raise _not_a_cutout(shape, path)
    if array.ndim == 3 and shape[0] > MOST_BANDS and shape[2] not in (3, 4):
        return np.moveaxis(array, 2, 0)
    return array


def _not_a_cutout(shape: tuple[int, ...], path: Path) -> ImageError:
    return ImageError(
        f"an array of shape {shape} is not a cutout",
        path,
        "Give (height, width), (bands, height, width) or (height, width, 3).",
    )
