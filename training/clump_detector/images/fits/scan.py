"""Checking the structure of a FITS file before memory is allocated for its data.

astropy reads good files well, but accepts the claim of a broken one that there are 10^9
axes, or a terabyte of pixels. Here the headers are read one by one and every size is
compared with the bytes that are there, so that the result is safe to decode.
"""

from __future__ import annotations

import bz2
import gzip
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, TYPE_CHECKING

from clump_detector.core.errors import ImageError
from clump_detector.core.fits_header import as_number, value_of
from clump_detector.images.pixels.limits import refuse_bomb, refuse_promise

if TYPE_CHECKING:
    from astropy.io.fits import Header

_BLOCK = 2880
_CARD = 80

#: Most bytes of a header; those of surveys may have a megabyte of history.
_LONGEST_HEADER = 2000 * _BLOCK

#: Parts of a file that are read.
_MOST_PARTS = 1000

#: Bytes of one value by BITPIX.
BYTES = {8: 1, 16: 2, 32: 4, 64: 8, -32: 4, -64: 8}


@dataclass(frozen=True)
class Part:
    """One header and its data (an HDU).

    Attributes
    ----------
    header : astropy.io.fits.Header
    header_start, start : int
        Positions of its header and of its data in the unpacked file.
    size : int
        Bytes of its data.
    shape : tuple of int
        The image's shape in array order; empty if it is not an image.
    packed : bool
        Whether the image is tile-compressed in a table.
    """

    header: Header
    header_start: int
    start: int
    size: int
    shape: tuple[int, ...]
    packed: bool


@contextmanager
def opened(path: Path) -> Iterator[tuple[IO[bytes], int]]:
    """Open a FITS file, unpacked in memory where it is gzip or bzip2.

    Yields
    ------
    (file, size)
        A seekable file, and its size in bytes.
    """
    with path.open("rb") as file:
        magic = file.read(3)
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        if magic[:2] == b"\x1f\x8b":
            with gzip.open(file) as packed:
                content = _unpacked(packed, size, path)
        elif magic == b"BZh":
            with bz2.open(file) as packed:
                content = _unpacked(packed, size, path)
        else:
            yield file, size
            return
    yield io.BytesIO(content), len(content)


def _unpacked(packed: gzip.GzipFile | bz2.BZ2File, size: int, path: Path) -> bytes:
    """Return all bytes of a compressed file, unless it expands too much."""
    chunks, total = [], 0
    while chunk := packed.read(2**20):
        chunks.append(chunk)
        total += len(chunk)
        refuse_bomb(path, total, size)
    return b"".join(chunks)


def scan(file: IO[bytes], size: int, path: Path) -> list[Part]:
    """Return the parts of a FITS file.

    Parameters
    ----------
    file : binary file
    size : int
        The file's bytes.
    path : path
        For messages.

    Raises
    ------
    ImageError
        If it is not a FITS file, a header is broken or has no end, or one claims more
        data than the file holds.
    """
    parts: list[Part] = []
    position = 0
    while position < size and len(parts) < _MOST_PARTS:
        text = _header_text(file, position, path, first=not parts)
        if not text:
            break  # bytes after the last part are ignored
        part = _part(_parsed(text), position, len(text), path, first=not parts)
        refuse_promise(path, part.size, size - part.start)
        parts.append(part)
        position = part.start + -(-part.size // _BLOCK) * _BLOCK
    if not parts:
        raise _broken(path, "it is empty")
    return parts


def _broken(path: Path, reason: str) -> ImageError:
    return ImageError(
        f"this file is damaged or not an image ({reason})", path, "Get the file again."
    )


def _header_text(file: IO[bytes], position: int, path: Path, *, first: bool) -> bytes:
    """Return a header's bytes in complete blocks, or none where no header begins."""
    file.seek(position)
    blocks: list[bytes] = []
    while len(blocks) * _BLOCK < _LONGEST_HEADER:
        block = file.read(_BLOCK)
        if not blocks and not block.startswith(b"SIMPLE  =" if first else b"XTENSION="):
            if first:
                raise _broken(path, "it does not begin like a FITS file")
            return b""
        blocks.append(block)
        if _has_end(block):
            return b"".join(blocks)
        if len(block) < _BLOCK:
            break
    raise _broken(path, "a header has no end")


def _has_end(block: bytes) -> bool:
    at = block.find(b"END")
    while at >= 0:
        if at % _CARD == 0 and not block[at + 3 : at + _CARD].strip(b" \0"):
            return True
        at = block.find(b"END", at + 1)
    return False


def _parsed(text: bytes) -> Header:
    from astropy.io.fits import Header

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about bytes that are not ASCII
        return Header.fromstring(text)


def _part(
    header: Header, position: int, length: int, path: Path, *, first: bool
) -> Part:
    """Return the part of a file that a header describes."""
    bitpix = _whole(header, "BITPIX", path)
    if bitpix not in BYTES:
        raise _broken(path, f"BITPIX = {bitpix}")
    axes = _axes(header, "NAXIS", path)
    groups = first and value_of(header, "GROUPS") is True and axes[:1] == [0]
    parameters = _whole(header, "PCOUNT", path, 0)
    copies = _whole(header, "GCOUNT", path, 1)
    if min(parameters, copies) < 0:
        raise _broken(path, f"PCOUNT = {parameters}, GCOUNT = {copies}")
    values = prod(axes[1:] if groups else axes) if axes else 0
    plain = not groups and (first or value_of(header, "XTENSION") == "IMAGE")
    packed = not first and value_of(header, "ZIMAGE") is True
    shape: list[int] = []
    if packed:
        shape = _axes(header, "ZNAXIS", path)
    elif plain and values:
        shape = axes
    size = BYTES[bitpix] * copies * (parameters + values)
    start = position + length
    return Part(header, position, start, size, tuple(shape[::-1]), packed)


def _axes(header: Header, key: str, path: Path) -> list[int]:
    number = _whole(header, key, path)
    if not 0 <= number <= 999:
        raise _broken(path, f"{key} = {number}")
    axes = [_whole(header, f"{key}{i}", path) for i in range(1, number + 1)]
    if min(axes, default=0) < 0:
        raise _broken(path, f"{key}{axes.index(min(axes)) + 1} = {min(axes)}")
    return axes


def _whole(header: Header, key: str, path: Path, default: int | None = None) -> int:
    """Return an integer that a header has to give."""
    value = value_of(header, key)
    if value is None and default is not None and key not in header:
        return default
    number = as_number(value)
    if value is None or isinstance(value, str) or number is None or number % 1:
        stated = "missing" if value is None else f"{value!r:.40}"
        raise _broken(path, f"{key} is {stated}")
    return int(value)
