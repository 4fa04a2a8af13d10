"""Counts of a review, from sixteen rows that triggers of the file keep up to date."""

from __future__ import annotations

from napari_clumps.review.storage.records import KEPT, Counts, Status
from napari_clumps.review.storage.store import Store


def _rows(store: Store) -> list[dict[str, int]]:
    names = ["held_out", "done", "decided", "repeated", "cutouts", "detected", *Status]
    rows = store.rows(f"SELECT {', '.join(names)} FROM tally")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _withdrawn(store: Store) -> list[dict[str, int]]:
    """Return what the rows count too many: galaxies with clumps that are not shown."""
    found = store.rows(
        f"SELECT -1, -done, -(model IS NOT NULL), {', '.join(f'-{s}' for s in Status)} "
        "FROM cutouts WHERE injected IS NOT NULL AND withdrawn"
    )
    names = ["cutouts", "done", "detected", *Status]
    return [{"held_out": 0, **dict(zip(names, row, strict=True))} for row in found]


def counts(store: Store) -> Counts:
    """Return the numbers of cutouts, and of boxes by status."""
    rows = [*_rows(store), *_withdrawn(store)]
    held_out = [row for row in rows if row["held_out"]]
    return Counts(
        cutouts=sum(row["cutouts"] for row in rows),
        done=sum(row["cutouts"] for row in rows if row["done"]),
        boxes_by_status={s: sum(row[s] for row in rows) for s in Status},
        detected=sum(row["detected"] for row in rows),
        held_out=sum(row["cutouts"] for row in held_out),
        held_out_done=sum(row["cutouts"] for row in held_out if row["done"]),
    )


def learning_counts(store: Store) -> dict[str, int]:
    """Return the numbers of boxes to learn from, and of held-out ones.

    Returns
    -------
    dict
        Of the cutouts that are not held out: ``cutouts`` that are done or have a
        decided box, ``done``, ``boxes``, ``rejected``, and the ``ignored``
        proposals. Of the others ``held_out``, ``held_out_done``, and the
        ``held_out_boxes`` on done ones.
    """
    rows = [row for row in _rows(store) if not row["repeated"]]
    learn = [r for r in rows if not r["held_out"] and (r["done"] or r["decided"])]
    held_out = [r for r in rows if r["held_out"]]
    tested = [r for r in held_out if r["done"]]
    return {
        "cutouts": sum(r["cutouts"] for r in learn),
        "done": sum(r["cutouts"] for r in learn if r["done"]),
        "boxes": sum(r[status] for r in learn for status in KEPT),
        "rejected": sum(r[Status.REJECTED] for r in learn),
        "ignored": sum(r[Status.PROPOSAL] for r in learn if not r["done"]),
        "held_out": sum(r["cutouts"] for r in held_out),
        "held_out_done": sum(r["cutouts"] for r in tested),
        "held_out_boxes": sum(r[status] for r in tested for status in KEPT),
    }


def disagreements(store: Store) -> int:
    """Return the number of boxes on which reviewers differ, still to be resolved."""
    sql = (
        "SELECT count(*) FROM boxes WHERE status = 'proposal' AND opinions IS NOT NULL"
    )
    return int(store.value(sql))
