"""Limits of image files, so that a broken one does not fill the memory."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path

from clump_detector.core.errors import ImageError

#: More values than this, all bands together, are refused before they fill the memory:
#: as 32-bit floats they take a gigabyte.
MOST_PIXELS = 16_000 * 16_000

#: More pixels than this of a compressed picture are refused: while it is decoded, its
#: library holds several copies.
MOST_PICTURE_PIXELS = 10_000 * 10_000

#: Most values for each byte of a compressed file. The tightest code in use (zlib, 1032
#: to 1) stays below it.
MOST_VALUES_PER_BYTE = 2_000

#: Unpacked bytes that are allowed for any file, and the multiple of its own size above.
UNPACKED_ANYWAY = 64 * 2**20
MOST_UNPACKED = 250


def refuse_large(path: Path, shape: Sequence[int], *, picture: bool = False) -> None:
    """Refuse an image of too many values.

    Parameters
    ----------
    path : path
        For the message.
    shape : sequence of int
        In array order.
    picture : bool
        Whether the lower limit of compressed pictures applies.

    Raises
    ------
    ImageError
    """
    most = MOST_PICTURE_PIXELS if picture else MOST_PIXELS
    if prod(shape) <= most:
        return
    sizes = " x ".join(f"{n:,}" if n >= 10_000 else str(n) for n in reversed(shape))
    raise ImageError(
        f"{sizes} pixels are too many for one cutout",
        path,
        f"Cut out parts with sides of at most {int(most**0.5):,} pixels.",
    )


def refuse_promise(path: Path, promised: int, held: int) -> None:
    """Refuse a file whose header claims more bytes than the file holds.

    Parameters
    ----------
    path : path
        For the message.
    promised, held : int
        Bytes that the header claims and that are there.

    Raises
    ------
    ImageError
    """
    if promised > held:
        raise ImageError(
            f"this file is damaged: its header claims {in_bytes(promised)} of data "
            f"and {in_bytes(max(held, 0))} are there",
            path,
            "Get the file again.",
        )


def refuse_bomb(path: Path, unpacked: int, packed: int) -> None:
    """Refuse a compressed file that expands to far more than an image does.

    Parameters
    ----------
    path : path
        For the message.
    unpacked, packed : int
        Bytes after and before expansion.

    Raises
    ------
    ImageError
    """
    most = max(UNPACKED_ANYWAY, MOST_UNPACKED * packed)
    if unpacked > most:
        raise ImageError(
            f"{in_bytes(packed)} expand to more than {in_bytes(most)}, which no image "
            "does",
            path,
            "Get the file again.",
        )


def refuse_emptiness(path: Path, values: int, held: int) -> None:
    """Refuse more values than the compressed bytes of an image can hold.

    Parameters
    ----------
    path : path
        For the message.
    values : int
        Number of the image's values.
    held : int
        Compressed bytes.

    Raises
    ------
    ImageError
    """
    if values > MOST_VALUES_PER_BYTE * max(held, 1):
        raise ImageError(
            f"this file is damaged: {in_bytes(held)} cannot hold {values:,} values",
            path,
            "Get the file again.",
        )


def in_bytes(n: int) -> str:
    """Return a number of bytes with a unit, for messages."""
    for power, unit in enumerate(("bytes", "kB", "MB", "GB")):
        if n < 1000 ** (power + 1):
            return f"{n // 1000**power} {unit}"
    return f"{n // 1000**4:,} TB" if n < 10**18 else "more than a million TB"
