"""The values of a FITS image as floats, without taking more memory than they need.

Plain arrays are read piece by piece straight into the result; tile-compressed ones are
unpacked by astropy.
"""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..headers import Keys
from .fits_scan import BYTES, Part
from .fits_tiles import unpacked
from .limits import refuse_large

Values = NDArray[np.float32]

#: Values that are converted at a time.
_AT_ONCE = 4 * 2**20

_KINDS = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}


def values_of(file: IO[bytes], part: Part, path: Path) -> Values:
    """Return the values of an image, scaled, with NaN where there are none.

    Returns
    -------
    array
        float32 of `Part.shape`, native.

    Raises
    ------
    ImageError
        If it is too large or broken.
    """
    refuse_large(path, part.shape)
    values = unpacked(file, part, path) if part.packed else _plain(file, part)
    values[~np.isfinite(values)] = np.nan
    return values


def _plain(file: IO[bytes], part: Part) -> Values:
    bitpix = int(part.header["BITPIX"])
    kind = np.dtype(_KINDS[bitpix])
    keys = Keys(part.header)
    scale, zero = keys.number("BSCALE"), keys.number("BZERO")
    blank = keys.number("BLANK") if bitpix > 0 else None
    values = np.empty(prod(part.shape), dtype=np.float32)
    file.seek(part.start)
    with np.errstate(over="ignore", invalid="ignore"):
        for begin in range(0, values.size, _AT_ONCE):
            piece = values[begin : begin + _AT_ONCE]
            raw = np.frombuffer(file.read(piece.size * BYTES[bitpix]), dtype=kind)
            piece[:] = _scaled(raw, scale, zero)
            if blank is not None:
                piece[raw == blank] = np.nan
    return values.reshape(part.shape)


def _scaled(raw: NDArray[Any], scale: float | None, zero: float | None) -> NDArray[Any]:
    """Return ``raw * scale + zero`` in doubles, which keep unsigned 32-bit numbers."""
    if scale in (None, 1.0) and zero in (None, 0.0):
        return raw
    scaled = raw.astype(np.float64)
    scaled *= 1.0 if scale is None else scale
    scaled += 0.0 if zero is None else zero
    return scaled
