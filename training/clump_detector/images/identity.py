"""Finding images of the same galaxy, by content, object id and position on the sky.

Every image has keys, short texts; two images that share one of their `telling` keys are
taken to show the same galaxy. A held-out cutout is chosen by its strongest key, so that
two reviews of the same images, or of copies of them, hold out the same ones.

Positions and object ids come from the table next to an image, or else from its header.
A position is the strongest key, since a galaxy has different ids in different tables.

A position has two kinds of keys. Its wide cell on the sky decides what is held out, so
that overlapping cutouts are mostly treated alike. Images that share it may still show
different galaxies: in a deep field a wide cell holds several. The narrow cells identify
a galaxy.

A copy that another program wrote, or without its header, has other bytes but the same
pixels, which are a key, too.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

import numpy as np

from clump_detector.core.arrays import AnyArray
from clump_detector.core.errors import ClumpError, FileError
from clump_detector.core.files import sha256
from clump_detector.galaxies.sidecar import galaxy_of
from clump_detector.image_files.sources import FITS_SUFFIXES, Source
from clump_detector.images.fits.galaxy_position import HeaderGalaxy, galaxy_in_header

from .cutout import read_cutout

#: Prefixes of keys: a wide cell, an object id, the content, a narrow cell, pixels.
SKY, ID, CONTENT, AT, PIXELS = "sky:", "id:", "sha256:", "at:", "pixels:"

#: Those that can decide what is held out, the strongest first.
_DECIDING = (SKY, ID, CONTENT)

#: Those of a position.
ON_SKY = (SKY, AT)

#: Columns and header keys that name one object, not a field, group or brick.
_OBJECT_IDS = re.compile(r"id|.*(obj|object|source|src|target|galaxy|gal)id")

#: Smaller numbers are serial numbers, which are not unique to an object.
_LEAST_ID = 10_000_000

#: Least number of cutouts that share a position for their headers to be copies of one.
_ENOUGH = 10

#: Side lengths in arcsec of the wide cells, and of the narrow ones of one galaxy.
CELL, SAME = 30.0, 4.0

#: Hexadecimal digits kept of a SHA-256: 64 bits, enough for billions of images.
DIGITS = 16


def content_key(source: Source) -> str:
    """Return the key of the bytes of a cutout's files, in order.

    Raises
    ------
    FileError
        If one cannot be read.
    """
    return key_of_digests([sha256(path) for path in source.files])


def key_of_digests(digests: Sequence[str]) -> str:
    """Return the key of files from their hexadecimal SHA-256, in order."""
    whole = digests[0]
    if len(digests) > 1:
        whole = hashlib.sha256("".join(digests).encode()).hexdigest()
    return f"{CONTENT}{whole[:DIGITS]}"


def sky_keys(ra: float, dec: float) -> tuple[str, ...]:
    """Return the keys of a position: its wide cell, and four narrow ones.

    The four are cells of grids shifted by half a cell, so that two positions less than
    half a cell apart, `SAME` / 2, share one wherever the borders are.

    Parameters
    ----------
    ra, dec : float
        Degrees.

    Returns
    -------
    tuple of str
        Empty where the position is not finite or beyond a pole.
    """
    if not (math.isfinite(ra) and -90 <= dec <= 90):
        return ()
    shifts = ((0, 0), (0.5, 0), (0, 0.5), (0.5, 0.5))
    narrow = [
        f"{AT}{k}-{_cell(ra, dec, SAME, *shift)}" for k, shift in enumerate(shifts)
    ]
    return (f"{SKY}0-{_cell(ra, dec, CELL)}", *narrow)


def _cell(ra: float, dec: float, side: float, right: float = 0, up: float = 0) -> str:
    """Return row and column of a position on a grid shifted by fractions of a cell."""
    row = math.floor((dec + 90) * 3600 / side + up)
    middle = math.radians((row - up + 0.5) * side / 3600 - 90)
    n = max(round(360 * 3600 / side * max(math.cos(middle), 0.0)), 1)
    column = math.floor((ra % 360) / 360 * n + right) % n
    return f"{row}-{column}"


def id_keys(ids: Mapping[str, int]) -> tuple[str, ...]:
    """Return the keys of a galaxy's object ids, by the names of their columns.

    Serial numbers and ids of other things, such as fields, are not used.
    """
    bare = {re.sub("[^a-z0-9]", "", name.lower()): n for name, n in ids.items()}
    return tuple(
        f"{ID}{name}-{number}"
        for name, number in sorted(bare.items())
        if abs(number) >= _LEAST_ID and _OBJECT_IDS.fullmatch(name)
    )


def image_keys(source: Source) -> tuple[str, ...]:
    """Return the keys of a cutout: position, object ids and content.

    Raises
    ------
    FileError
        If a file cannot be read.
    """
    return (*catalogue_keys(source), content_key(source))


def keys_at_hand(source: Source) -> tuple[str, ...]:
    """Return those keys of a cutout that are available, also if files are missing."""
    keys = catalogue_keys(source)
    with suppress(FileError):
        keys = (*keys, content_key(source))
    return keys


def pixels_key(pixels: AnyArray) -> str:
    """Return the key of an image's pixels, independent of its file."""
    digest = hashlib.sha256(f"{pixels.shape} {pixels.dtype.str}".encode())
    digest.update(np.ascontiguousarray(pixels).tobytes())
    return f"{PIXELS}{digest.hexdigest()[:DIGITS]}"


def with_pixels(source: Source, keys: Sequence[str]) -> tuple[str, ...]:
    """Return a cutout's keys with the key of its pixels, for which it is read.

    Parameters
    ----------
    source : Source
    keys : sequence of str

    Returns
    -------
    tuple of str
        The same keys if the image cannot be read or has this key already.
    """
    if any(key.startswith(PIXELS) for key in keys):
        return tuple(keys)
    try:
        return (*keys, pixels_key(read_cutout(source).pixels))
    except ClumpError:
        return tuple(keys)


def catalogue_keys(source: Source) -> tuple[str, ...]:
    """Return the position and id keys from the table next to a cutout or its header."""
    galaxy, _ = galaxy_of(source)
    ids = dict(galaxy.ids) if galaxy is not None else {}
    header = HeaderGalaxy()
    if source.path.name.lower().endswith(FITS_SUFFIXES):
        header = galaxy_in_header(source.path)
    position = header.position
    if galaxy is not None and galaxy.ra is not None and galaxy.dec is not None:
        position = galaxy.ra, galaxy.dec
    on_sky = sky_keys(*position) if position is not None else ()
    return (*on_sky, *id_keys({**header.ids, **ids}))


def believed(keys: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Return the keys of images without a position that most of them share.

    Programs that cut an array and keep its header give all cutouts one position.
    """
    n = Counter(key for own in keys for key in set(own) if key.startswith(ON_SKY))
    limit = max(len(keys) / 2, _ENOUGH)
    crowded = {key for key, count in n.items() if count >= limit}
    return [
        tuple(k for k in own if not k.startswith(ON_SKY))
        if crowded.intersection(own)
        else tuple(own)
        for own in keys
    ]


def deciding_key(keys: Iterable[str]) -> str:
    """Return the strongest of an image's keys: a position, an id, or its content."""
    return min(keys, key=lambda key: (_rank(key), key))


def _rank(key: str) -> int:
    n = len(_DECIDING)
    return next((i for i, kind in enumerate(_DECIDING) if key.startswith(kind)), n)


def is_held_out(keys: Iterable[str], share: float) -> bool:
    """Return whether an image is held out for testing.

    Parameters
    ----------
    keys : iterable of str
        The image's keys.
    share : float
        Fraction of all images that is held out, 0 to 1.
    """
    return _chance("a test galaxy", keys) < share


def is_for_validation(keys: Iterable[str], share: float) -> bool:
    """Return whether an image of the training data is used for validation.

    The choice is independent of `is_held_out`.

    Parameters
    ----------
    keys : iterable of str
        The image's keys.
    share : float
        Fraction of all images that is used for validation, 0 to 1.
    """
    return _chance("validation", keys) < share


def _chance(purpose: str, keys: Iterable[str]) -> float:
    """Return a number from 0 to 1 that is fixed for an image and a purpose."""
    digest = hashlib.sha256(f"{purpose} {deciding_key(keys)}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def telling(keys: Iterable[str]) -> tuple[str, ...]:
    """Return those of an image's keys that identify its galaxy."""
    return tuple(key for key in keys if not key.startswith(SKY))


def groups(keys: Sequence[Iterable[str]]) -> list[int]:
    """Return a number for each image, equal where images show the same galaxy.

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
        for key in telling(own):
            j = root(first.setdefault(key, i))
            parent[root(i)] = j
    return [root(i) for i in range(len(keys))]
