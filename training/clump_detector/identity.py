"""Which images show the same galaxy: by content, object id and position on the sky.

Every image has keys, short texts; two images with a key in common are taken for the
same galaxy. A held-out cutout is chosen by its strongest key, so that two reviews of
the same images, or a copy of them elsewhere, hold out the same ones.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence

from .files import sha256
from .galaxies.beside import galaxy_of
from .sources import Source

#: Beginnings of keys, the strongest first.
ID, SKY, CONTENT = "id:", "sky:", "sha256:"

#: Arcsec a side of the cells in which positions count as the same.
CELL = 30.0

#: Hexadecimal digits that are kept of a SHA-256: 64 bits tell billions of images apart.
DIGITS = 16


def content_key(source: Source) -> str:
    """Return the key of the bytes of a cutout's files, in their order.

    Raises
    ------
    FileError
        If one cannot be read.
    """
    digests = [sha256(path) for path in source.files]
    whole = digests[0]
    if len(digests) > 1:
        whole = hashlib.sha256("".join(digests).encode()).hexdigest()
    return f"{CONTENT}{whole[:DIGITS]}"


def sky_keys(ra: float, dec: float) -> tuple[str, ...]:
    """Return the keys of a position in degrees: its cells on four grids.

    The grids are shifted by half a cell, so that two positions less than half a
    cell apart, `CELL` / 2, have a key in common wherever the borders are.
    """
    if not (math.isfinite(ra) and -90 <= dec <= 90):
        return ()
    keys = []
    for which, (right, up) in enumerate(((0, 0), (0.5, 0), (0, 0.5), (0.5, 0.5))):
        row = math.floor((dec + 90) * 3600 / CELL + up)
        middle = math.radians((row - up + 0.5) * CELL / 3600 - 90)
        n = max(round(360 * 3600 / CELL * max(math.cos(middle), 0.0)), 1)
        column = math.floor((ra % 360) / 360 * n + right) % n
        keys.append(f"{SKY}{which}-{row}-{column}")
    return tuple(keys)


def id_keys(ids: Mapping[str, int]) -> tuple[str, ...]:
    """Return the keys of a galaxy's object ids, by the names of their columns."""
    return tuple(f"{ID}{name.lower()}-{number}" for name, number in sorted(ids.items()))


def image_keys(source: Source) -> tuple[str, ...]:
    """Return the keys of a cutout: ids and position that a table tells, and content.

    Raises
    ------
    FileError
        If a file cannot be read.
    """
    galaxy, _ = galaxy_of(source)
    keys: list[str] = []
    if galaxy is not None:
        keys += id_keys(galaxy.ids)
        if galaxy.ra is not None and galaxy.dec is not None:
            keys += sky_keys(galaxy.ra, galaxy.dec)
    return (*keys, content_key(source))


def deciding_key(keys: Iterable[str]) -> str:
    """Return the strongest of an image's keys: an id, a position, or its content."""
    return min(keys, key=lambda key: (_rank(key), key))


def _rank(key: str) -> int:
    return next((i for i, kind in enumerate((ID, SKY)) if key.startswith(kind)), 2)


def is_held_out(keys: Iterable[str], share: float) -> bool:
    """Tell whether an image belongs to the share of all images that is held out."""
    digest = hashlib.sha256(f"held out {deciding_key(keys)}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def groups(keys: Sequence[Iterable[str]]) -> list[int]:
    """Return a number for each image, equal where images share a key.

    Parameters
    ----------
    keys : sequence of iterables of str
        The keys of each image.
    """
    parent = list(range(len(keys)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[str, int] = {}
    for i, own in enumerate(keys):
        for key in own:
            j = root(first.setdefault(key, i))
            parent[root(i)] = j
    return [root(i) for i in range(len(keys))]
