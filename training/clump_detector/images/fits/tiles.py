"""Checking tile-compressed FITS images, and unpacking them with astropy.

Its decoders are in C and do not check the shapes, positions and lengths of the tiles
and the settings of the scheme that the table gives. All of that is checked here first.
Two old schemes have no bounds inside their tiles either, and are decoded in a separate
process.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import warnings
import zlib
from math import prod
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import AnyArray
from clump_detector.core.errors import ImageError
from clump_detector.core.fits_header import value_of
from clump_detector.images.pixels.limits import refuse_emptiness

from .scan import BYTES, Part

if TYPE_CHECKING:
    from astropy.io.fits import Header

#: Schemes whose decoders stay inside their tiles, and those that may crash.
_SAFE = {"RICE_1", "RICE_ONE", "GZIP_1", "GZIP_2", "NOCOMPRESS"}
_UNSAFE = {"HCOMPRESS_1", "PLIO_1"}

#: Settings of the schemes, and their valid values.
_SETTINGS = {
    "BLOCKSIZE": range(1, 1025),
    "BYTEPIX": (1, 2, 4),
    "SCALE": range(2**20),
    "SMOOTH": (0, 1),
}

#: Bytes of the two numbers that give the length and the position of a tile.
_DESCRIPTOR = {"P": 8, "Q": 16}

#: Bytes of one entry of a column by the letter of its format.
_WIDTHS = {
    "L": 1, "B": 1, "A": 1, "I": 2, "J": 4, "E": 4, "K": 8, "D": 8, "C": 8, "M": 16
}  # fmt: skip

#: Seconds after which a decoder is stopped.
_PATIENCE = 120

#: Reads a file from stdin and writes the values of its image.
_CHILD = """
import io, sys, warnings
import numpy as np
from astropy.io import fits
warnings.simplefilter("ignore")
with fits.open(io.BytesIO(sys.stdin.buffer.read())) as hdus:
    sys.stdout.buffer.write(np.asarray(hdus[1].data, dtype=np.float64).tobytes())
"""


def unpacked(file: IO[bytes], part: Part, path: Path) -> AnyArray:
    """Return a tile-compressed image, scaled, in singles or doubles.

    Parameters
    ----------
    file : binary file
    part : Part
        A part with ``packed``.
    path : path
        For messages.

    Returns
    -------
    float32 or float64 array of shape `Part.shape`

    Raises
    ------
    ImageError
        If the table of its tiles is inconsistent, or its scheme is not supported.
    """
    refuse_emptiness(path, prod(part.shape), part.size)
    file.seek(part.start)
    data = file.read(part.size)
    scheme = _check(part, data, path)
    file.seek(part.header_start)
    header = file.read(part.start - part.header_start)
    alone = _alone(header, data)
    found = _decoded_apart(alone) if scheme in _UNSAFE else _decoded(alone)
    if found.size != prod(part.shape):
        raise _broken(path, "its tiles do not make up the image")
    return found.reshape(part.shape)


def _alone(header: bytes, data: bytes) -> bytes:
    """Return a FITS file with nothing but one extension."""
    from astropy.io import fits

    out = io.BytesIO()
    fits.PrimaryHDU().writeto(out)
    return out.getvalue() + header + data + bytes(-len(data) % 2880)


def _decoded(content: bytes) -> AnyArray:
    from astropy.io import fits

    with (
        warnings.catch_warnings(),
        fits.open(io.BytesIO(content), memmap=False) as hdus,
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        data = hdus[1].data
        small = data.dtype.itemsize <= (4 if data.dtype.kind == "f" else 2)
        return np.array(data, dtype=np.float32 if small else np.float64)


def _decoded_apart(content: bytes) -> AnyArray:
    done = subprocess.run(
        [sys.executable, "-c", _CHILD],
        input=content,
        capture_output=True,
        timeout=_PATIENCE,
        check=False,
    )
    if done.returncode:
        raise ValueError("its tiles cannot be unpacked")
    return np.frombuffer(done.stdout, dtype=np.float64).copy()


# -- what is checked ----------------------------------------------------------


def _check(part: Part, data: bytes, path: Path) -> str:
    """Check the table of tiles against the data, and return the scheme."""
    header = part.header
    scheme = str(value_of(header, "ZCMPTYPE") or "").strip()
    if scheme not in _SAFE | _UNSAFE:
        raise ImageError(
            f"its compression {scheme or 'without a name'} is not supported",
            path,
            "Unpack it with funpack first.",
        )
    _check_settings(header, path)
    tiles, pixels = _tiles(header, part.shape, path)
    width, rows = int(header["NAXIS1"]), int(header["NAXIS2"])
    if value_of(header, "NAXIS") != 2 or tiles != rows:
        raise _broken(path, f"{tiles} tiles in {rows} rows")
    heap = value_of(header, "THEAP")
    heap = width * rows if heap is None else heap
    if not isinstance(heap, int) or not width * rows <= heap <= len(data):
        raise _broken(path, f"THEAP = {heap}")
    table = np.frombuffer(data, np.uint8, width * rows).reshape(rows, width)
    for offset, letter, item in _tile_columns(header, width, path):
        size = _DESCRIPTOR[letter]
        raw = np.ascontiguousarray(table[:, offset : offset + size])
        descriptors = raw.view(f">i{size // 2}").astype(np.int64)
        _check_column(descriptors, item, memoryview(data)[heap:], pixels, path)
    return scheme


def _check_settings(header: Header, path: Path) -> None:
    for i in range(1, 1000):
        if f"ZNAME{i}" not in header:
            break  # as astropy does
        name = str(value_of(header, f"ZNAME{i}") or "").strip().upper()
        value = value_of(header, f"ZVAL{i}")
        if name in _SETTINGS and value not in _SETTINGS[name]:
            raise _broken(path, f"{name} = {value}")
    if value_of(header, "ZBITPIX") not in BYTES:
        raise _broken(path, f"ZBITPIX = {value_of(header, 'ZBITPIX')}")
    dithered = "DITHER_" in str(value_of(header, "ZQUANTIZ"))
    seed = value_of(header, "ZDITHER0")
    if dithered and not (isinstance(seed, int) and 1 <= seed <= 10_000):
        raise _broken(path, f"ZDITHER0 = {seed}")


def _tiles(header: Header, shape: tuple[int, ...], path: Path) -> tuple[int, int]:
    """Return the number of tiles, and the pixels of the largest."""
    count = pixels = 1
    for i, length in enumerate(shape[::-1], start=1):
        side = value_of(header, f"ZTILE{i}")
        if side is None:
            side = length if i == 1 else 1
        if isinstance(side, bool) or not isinstance(side, int) or side < 1:
            raise _broken(path, f"ZTILE{i} = {side}")
        count *= -(-length // side)
        pixels *= min(side, length)
    return count, pixels


def _tile_columns(header: Header, width: int, path: Path) -> list[tuple[int, str, int]]:
    """Return (offset in a row, P or Q, bytes of an item) of the columns with tiles."""
    columns, offset = [], 0
    fields = value_of(header, "TFIELDS")
    if not isinstance(fields, int) or not 1 <= fields <= 100:
        raise _broken(path, f"TFIELDS = {fields}")
    for i in range(1, fields + 1):
        form = re.match(r"(\d*)([A-Z])([A-Z]?)", str(value_of(header, f"TFORM{i}")))
        repeat, letter = (int(form[1] or 1), form[2]) if form else (2, "P")
        if letter in _DESCRIPTOR and repeat > 1:
            raise _broken(path, f"TFORM{i}")
        if letter in _DESCRIPTOR and repeat:
            columns.append((offset, letter, _WIDTHS.get(form[3] if form else "", 1)))
        offset += repeat * (_DESCRIPTOR.get(letter) or _WIDTHS.get(letter, 1))
    if offset != width or not columns:
        raise _broken(path, f"rows of {width} bytes for columns of {offset}")
    return columns


def _check_column(
    descriptors: NDArray[np.int64], item: int, heap: memoryview, pixels: int, path: Path
) -> None:
    """Refuse tiles outside the file, and ones that expand beyond their pixels."""
    lengths, starts = descriptors.T
    if (lengths < 0).any() or (starts < 0).any() or (lengths > len(heap)).any():
        raise _broken(path, "a tile of an impossible length")
    ends = starts + lengths * item
    if (ends[lengths > 0] > len(heap)).any() or lengths.sum() * item > 2 * len(heap):
        raise _broken(path, "a tile outside the file")
    for start, end in zip(starts[lengths > 0], ends[lengths > 0], strict=True):
        _refuse_bomb(bytes(heap[start:end]), pixels, path)


def _refuse_bomb(tile: bytes, pixels: int, path: Path) -> None:
    most = 8 * pixels
    if tile[:2] != b"\x1f\x8b" or 1032 * len(tile) <= most + 2**20:
        return
    try:
        content = zlib.decompressobj(wbits=31).decompress(tile, most + 1)
    except zlib.error:
        return  # astropy will raise
    if len(content) > most:
        raise _broken(path, "a tile of more pixels than it has")


def _broken(path: Path, reason: str) -> ImageError:
    return ImageError(f"this file is damaged ({reason})", path, "Get the file again.")
