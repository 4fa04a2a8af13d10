"""Reading the values of a FITS image as floats, without extra memory.

Plain arrays are read piece by piece into the result; tile-compressed ones are unpacked
by astropy.
"""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import AnyArray
from clump_detector.core.fits_header import HeaderKeys
from clump_detector.images.pixels.limits import refuse_large
from clump_detector.images.pixels.precision import level_of

from .scan import BYTES, Part
from .tiles import unpacked

Values = NDArray[np.float32]

#: Values that are converted at a time.
_AT_ONCE = 4 * 2**20

#: Pieces that are tested for whether singles are precise enough, and values of one.
_PIECES, _PIECE = 32, 4096

_KINDS = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}


def values_of(file: IO[bytes], part: Part, path: Path) -> Values:
    """Return the values of an image, scaled, with NaN where they are undefined.

    Parameters
    ----------
    file : binary file
    part : Part
    path : path
        For messages.

    Returns
    -------
    float32 array of shape `Part.shape`
        In native byte order.

    Raises
    ------
    ImageError
        If it is too large or broken.
    """
    return _finite(_read(file, part, path, np.dtype(np.float32)))


def fluxes_of(file: IO[bytes], part: Part, path: Path) -> AnyArray:
    """Return the same as `values_of`, in doubles where singles may lose a signal.

    Parameters
    ----------
    file : binary file
    part : Part
    path : path
        For messages.

    Raises
    ------
    ImageError
        If it is too large or broken.
    """
    refuse_large(path, part.shape)
    if part.packed:
        return _finite(unpacked(file, part, path))
    fine = _may_lose(part) and any(level_of(row) for row in _sample(file, part))
    return _finite(_plain(file, part, np.dtype(np.float64 if fine else np.float32)))


def whole_numbers_of(file: IO[bytes], part: Part, path: Path) -> NDArray[np.int64]:
    """Return the values of an image of flags with all their 32 bits.

    Parameters
    ----------
    file : binary file
    part : Part
    path : path
        For messages.

    Returns
    -------
    int64 array of shape `Part.shape`
        0 where a value is undefined.

    Raises
    ------
    ImageError
        If it is too large or broken.
    """
    values = _read(file, part, path, np.dtype(np.float64))
    with np.errstate(invalid="ignore"):
        whole: NDArray[np.int64] = np.nan_to_num(values).astype(np.int64)
    return whole


def _read(
    file: IO[bytes], part: Part, path: Path, kind: np.dtype[np.generic]
) -> AnyArray:
    refuse_large(path, part.shape)
    if not part.packed:
        return _plain(file, part, kind)
    found = unpacked(file, part, path)
    return found.astype(kind) if kind.itemsize > 4 else _singles(found)


def _singles(values: AnyArray) -> Values:
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(values, dtype=np.float32)


def _finite(values: AnyArray) -> AnyArray:
    values[~np.isfinite(values)] = np.nan
    return values


def _may_lose(part: Part) -> bool:
    """Return whether an image may hold more digits than a single does."""
    bitpix = int(part.header["BITPIX"])
    return bitpix in (32, 64, -64) or _scale_of(part) != (1.0, 0.0)


def _scale_of(part: Part) -> tuple[float, float]:
    keys = HeaderKeys(part.header)
    scale, zero = keys.number("BSCALE"), keys.number("BZERO")
    return (1.0 if scale is None else scale), (0.0 if zero is None else zero)


def _plain(file: IO[bytes], part: Part, to: np.dtype[np.generic]) -> AnyArray:
    values = np.empty(prod(part.shape), dtype=to)
    file.seek(part.start)
    with np.errstate(over="ignore", invalid="ignore"):
        for begin in range(0, values.size, _AT_ONCE):
            piece = values[begin : begin + _AT_ONCE]
            piece[:] = _next(file, part, piece.size)
    return values.reshape(part.shape)


def _sample(file: IO[bytes], part: Part) -> NDArray[np.float64]:
    """Return pieces from all over an image, one per row."""
    size = prod(part.shape)
    length = min(_PIECE, size)
    rows = []
    for begin in np.linspace(0, size - length, min(_PIECES, -(-size // length))):
        file.seek(part.start + int(begin) * BYTES[int(part.header["BITPIX"])])
        rows.append(np.asarray(_next(file, part, length), dtype=np.float64))
    return np.stack(rows)


def _next(file: IO[bytes], part: Part, n: int) -> AnyArray:
    """Return the next values of a file, scaled, NaN where they equal BLANK.

    Scaling is done in doubles, which hold unsigned 32-bit numbers exactly.
    """
    bitpix = int(part.header["BITPIX"])
    raw = np.frombuffer(file.read(n * BYTES[bitpix]), dtype=np.dtype(_KINDS[bitpix]))
    scale, zero = _scale_of(part)
    blank = HeaderKeys(part.header).number("BLANK") if bitpix > 0 else None
    if (scale, zero) == (1.0, 0.0) and blank is None:
        return raw
    values = raw.astype(np.float64)
    if (scale, zero) != (1.0, 0.0):
        values *= scale
        values += zero
    if blank is not None:
        values[raw == blank] = np.nan
    return values
