"""Name and state of cutouts, read without checking their files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from napari_clumps.review.storage.store import Store, load


@dataclass(frozen=True, slots=True)
class CutoutSummary:
    """Name and state of a cutout, as the filmstrip shows them.

    ``interest`` and ``remarks`` (flags and tags) are what the user said of it.
    """

    id: int
    name: str
    done: bool
    interest: int | None = None
    remarks: tuple[str, ...] = ()


def read_summaries(store: Store, cutout_ids: Iterable[int]) -> dict[int, CutoutSummary]:
    """Read some cutouts in one statement; unknown ids are left out.

    Parameters
    ----------
    store : Store
    cutout_ids : iterable of int
    """
    rows = store.rows(
        "SELECT id, name, done, interest, flags, tags FROM cutouts "
        "WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(cutout_ids)),),
    )
    return {
        number: CutoutSummary(
            number, name, bool(done), interest, (*load(flags), *load(tags))
        )
        for number, name, done, interest, flags, tags in rows
    }
