"""Which cutouts of a review are held out for testing: decided by their content.

Neither names nor folders nor the order of the images count, so that two reviews of the
same images hold out the same ones. A decision is never changed later.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from clump_detector.core.errors import FileError
from clump_detector.image_files.sources import Source
from clump_detector.images.identity import (
    CONTENT,
    ID,
    ON_SKY,
    believed,
    content_key,
    groups,
    is_held_out,
    key_of_digests,
    keys_at_hand,
    with_pixels,
)
from napari_clumps.review.storage.records import CutoutRecord
from napari_clumps.review.storage.store import Store

from .image_files import Fingerprint

Keys = Sequence[str]

#: The pixels of at most this many new cutouts are compared, some milliseconds each.
MOST_LOOKED_AT = 2_000


def keys_of_new(sources: Sequence[Source]) -> list[tuple[str, ...]]:
    """Return the keys of cutouts that are new in a review.

    Pixels are compared where neither a position nor an id identifies the galaxy, but
    not those of thousands of images, which would take minutes. Training compares all,
    so that no model learns from a copy of a held-out image.
    """
    keys = believed([keys_at_hand(source) for source in sources])
    bare = [k for k, own in enumerate(keys) if own and not any(map(_identifies, own))]
    if len(bare) <= MOST_LOOKED_AT:
        for k in bare:
            keys[k] = with_pixels(sources[k], keys[k])
    return keys


def _identifies(key: str) -> bool:
    return key.startswith((*ON_SKY, ID))


def held_out_by_key(store: Store) -> dict[str, bool]:
    """Return by key, content or object id, whether a review holds a cutout out."""
    found: dict[str, bool] = {}
    sql = "SELECT keys, held_out FROM cutouts WHERE keys != '[]' AND repeat_of IS NULL"
    for text, held_out in store.rows(sql):
        for key in _exact(json.loads(text)):
            found[key] = found.get(key, False) or bool(held_out)
    return found


def held_out(
    sources: Sequence[Source],
    keys: Sequence[Keys],
    share: float,
    before: Mapping[str, bool],
) -> list[bool]:
    """Return for each new cutout whether it is held out.

    Those of the same content or object id are treated alike, and like the cutouts that
    the review has already. Where the files of a cutout are missing, their names
    decide.

    Parameters
    ----------
    sources : sequence of Source
    keys : sequence of sequence of str
        Of each.
    share : float
        Of all images that is held out.
    before : mapping of str to bool
        What `held_out_by_key` returns.
    """
    exact = [_exact(own) for own in keys]
    members = defaultdict(list)
    for index, number in enumerate(groups(exact)):
        members[number].append(index)
    found = [False] * len(sources)
    for indices in members.values():
        known = [key for index in indices for key in keys[index]]
        names = [_name(sources[index].files) for index in indices]
        earlier = [before[key] for key in known if key in before]
        side = any(earlier) if earlier else is_held_out(known or names, share)
        for index in indices:
            found[index] = side
    return found


def _exact(keys: Keys) -> list[str]:
    """Return the keys that are sure; in dense fields a sky position is not."""
    return [key for key in keys if not key.startswith(ON_SKY)]


def _name(files: Sequence[Path]) -> str:
    return " ".join(path.name for path in files)


def keys_of(
    cutout: CutoutRecord, seen: Sequence[Fingerprint] | None
) -> tuple[str, ...]:
    """Return a cutout's keys, also of a review that was made before it kept them.

    Parameters
    ----------
    cutout : CutoutRecord
    seen : sequence of Fingerprint or None
        Of its files at first sight, used where they cannot be read now.
    """
    if any(key.startswith(CONTENT) for key in cutout.keys):
        return cutout.keys
    keys = cutout.keys or keys_at_hand(cutout.source)
    if any(key.startswith(CONTENT) for key in keys):
        return keys
    try:
        return (*keys, content_key(cutout.source))
    except FileError:
        digests = [str(digest) for _, _, digest in seen or ()]
        return (*keys, key_of_digests(digests)) if digests else keys
