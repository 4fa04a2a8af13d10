"""Repeated cutouts, which measure the self-consistency of a reviewer."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from napari_clumps.review.storage.records import Change, LogValues
from napari_clumps.review.storage.snapshot import Snapshot
from napari_clumps.review.storage.store import Store

from .cutouts import Cutouts

#: The state of a repeated cutout that differs from the first time.
_FRESH = {"held_out": False, "done": False}


def repeat_changes(
    cutouts: Cutouts, store: Store, n: int, seed: int
) -> Iterator[Change]:
    """Yield the changes that repeat up to n done cutouts, as a model had proposed them.

    Each is repeated once at most; chance selects them.

    Parameters
    ----------
    cutouts : Cutouts
    store : Store
    n : int
    seed : int
        Of the choice.
    """
    rows = store.rows(
        "SELECT id FROM cutouts WHERE done AND repeat_of IS NULL AND id NOT IN "
        "(SELECT repeat_of FROM cutouts WHERE repeat_of IS NOT NULL "
        "AND injected IS NULL) ORDER BY id"
    )
    ids = [row[0] for row in rows]
    chosen = random.Random(f"{seed} {len(cutouts)}").sample(ids, min(n, len(ids)))
    snapshot = Snapshot(store)
    first_box = snapshot.next_box_id()
    records = [cutouts.get(cutout_id) for cutout_id in chosen]
    again = list(cutouts.adopt_changes(records))
    for record, change in zip(records, again, strict=True):
        after = {**(change.after or {}), **_FRESH, "repeat_of": record.id}
        yield replace(change, after=after)
        boxes = [box for box in snapshot.boxes(record.id) if box.proposed is not None]
        rows_of_boxes: list[list[str | float | None]] = []
        for box in boxes:
            assert box.proposed is not None
            rows_of_boxes.append([first_box, *box.proposed, box.score])
            first_box += 1
        proposed = {
            "boxes": rows_of_boxes, "model": record.model,
            "width": record.width, "height": record.height,
        }  # fmt: skip
        before: LogValues = {"boxes": [], "model": None}
        yield Change("propose", change.cutout, None, before, proposed)
