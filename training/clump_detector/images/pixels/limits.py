"""How much an image file may ask for, so that no broken one fills the memory."""

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

#: More values than this for each byte of a compressed file are no image of the sky.
#: The tightest code in use (zlib, 1032 to 1) stays below it.
MOST_VALUES_PER_BYTE = 2_000

#: Unpacked bytes that any file may have, and how many times its own size from there on.
UNPACKED_ANYWAY = 64 * 2**20
MOST_UNPACKED = 250


def refuse_large(path: Path, shape: Sequence[int], *, picture: bool = False) -> None:
    """Refuse an image of too many values; its shape is in array order."""
    most = MOST_PICTURE_PIXELS if picture else MOST_PIXELS
    if prod(shape) <= most:
        return
    sizes = " x ".join(f"{n:,}" if n >= 10_000 else str(n) for n in reversed(shape))
    raise ImageError(
        f"{sizes} pixels are too many for one cutout",
        path,
        f"Cut it into parts of at most {int(most**0.5):,} pixels a side.",
    )


def refuse_promise(path: Path, promised: int, held: int) -> None:
    """Refuse a file whose header promises more bytes than the file holds."""
    if promised > held:
        raise ImageError(
            f"this file is damaged: its header promises {in_bytes(promised)} of data "
            f"and {in_bytes(max(held, 0))} are there",
            path,
            "Get the file again.",
        )


def refuse_bomb(path: Path, unpacked: int, packed: int) -> None:
    """Refuse so many bytes from so few: what zeros are packed into is no image."""
    most = max(UNPACKED_ANYWAY, MOST_UNPACKED * packed)
    if unpacked > most:
        raise ImageError(
            f"{in_bytes(packed)} unpack to more than {in_bytes(most)}, which no image "
            "does",
            path,
            "Get the file again.",
        )


def refuse_emptiness(path: Path, values: int, held: int) -> None:
    """Refuse so many values from so few compressed bytes."""
    if values > MOST_VALUES_PER_BYTE * max(held, 1):
        raise ImageError(
            f"this file is damaged: {in_bytes(held)} cannot hold {values:,} values",
            path,
            "Get the file again.",
        )


def in_bytes(n: int) -> str:
    """Return a number of bytes as people say it."""
    for power, unit in enumerate(("bytes", "kB", "MB", "GB")):
        if n < 1000 ** (power + 1):
            return f"{n // 1000**power} {unit}"
    return f"{n // 1000**4:,} TB" if n < 10**18 else "more than a million TB"
