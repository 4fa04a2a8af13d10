"""How many boxes of a review have each class, or had it once."""

from __future__ import annotations

from collections import Counter

from napari_clumps.review.storage.records import KEPT
from napari_clumps.review.storage.store import Store

#: The class of a box is the last value of each of its opinions.
_OPINIONS = (
    "SELECT json_extract(value, '$[7]'), boxes.id "
    "FROM boxes, json_each(boxes.opinions) WHERE boxes.opinions IS NOT NULL"
)

#: Undo and redo bring back what a row of the log holds.
_LOGGED = (
    "SELECT json_extract({column}, '$.cls'), box FROM log "
    "WHERE box IS NOT NULL AND {column} IS NOT NULL"
)


def class_counts(store: Store) -> Counter[str]:
    """Return the number of boxes by class, those of the past included.

    A box counts for each class that it has, was proposed with, had before a decision,
    or has in the opinion of a reviewer.

    Parameters
    ----------
    store : Store
    """
    found: set[tuple[str, int]] = set()
    for sql in (
        "SELECT cls, id FROM boxes",
        "SELECT json_extract(proposed, '$[4]'), id FROM boxes",
        _OPINIONS,
        _LOGGED.format(column="before"),
        _LOGGED.format(column="after"),
    ):
        found.update((row[0], row[1]) for row in store.rows(sql) if row[0] is not None)
    return Counter(cls for cls, _ in found)


def taught_by_class(store: Store) -> dict[str, int]:
    """Return the number of boxes that teach, by class.

    Kept boxes of galaxies that are held out, repeated or injected teach nothing.

    Parameters
    ----------
    store : Store
    """
    kept = ", ".join(f"'{status.value}'" for status in KEPT)
    rows = store.rows(
        "SELECT cls, count(*) FROM boxes JOIN cutouts ON cutouts.id = boxes.cutout "
        f"WHERE status IN ({kept}) AND NOT held_out AND repeat_of IS NULL "
        "AND injected IS NULL GROUP BY cls"
    )
    return {row[0]: row[1] for row in rows}
