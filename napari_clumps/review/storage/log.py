"""The log of a review: how its rows change the state, and undo and redo.

A row holds the state of one box or one cutout before and after. Rows of one key press
are one step. A row of kind ``undo`` or ``redo`` names the step that it undoes or
redoes; a new decision drops the steps that were undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Protocol

from .connection import SqlValue
from .records import Change, LogRow, LogValues
from .snapshot import Snapshot
from .store import SqlRow, Store, dump, load

DONE, UNDONE, DROPPED = "done", "undone", "dropped"

_COLUMNS = "seq, time, annotator, kind, step, cutout, box, before, after"
_PAGE = 2000


class DecisionTarget(Protocol):
    """A state that changes can be applied to: the snapshot, or one in memory."""

    def put_box(self, box_id: int, cutout: int, values: LogValues | None) -> None:
        """Set a box, or remove it.

        Parameters
        ----------
        box_id, cutout : int
        values : dict or None
            Of `snapshot.box_values`; None removes the box.
        """

    def put_second(self, box_id: int, score: float) -> None:
        """Set the score that another model gave to a box.

        Parameters
        ----------
        box_id : int
        score : float
        """

    def put_cutout(self, cutout_id: int, values: LogValues) -> None:
        """Set some values of a cutout, or add it.

        Parameters
        ----------
        cutout_id : int
        values : dict
            By column of the table ``cutouts``.
        """


def apply(target: DecisionTarget, change: Change) -> None:
    """Apply a row of the log to a state.

    Parameters
    ----------
    target : DecisionTarget
    change : Change
    """
    if change.box is not None:
        target.put_box(change.box, change.cutout, change.after)
        return
    after = dict(change.after or {})
    for box_id in (change.before or {}).get("boxes", ()):
        target.put_box(box_id, change.cutout, None)
    for box_id, values in proposed_boxes(after.pop("boxes", ()), after.get("model")):
        target.put_box(box_id, change.cutout, values)
    for box_id, score in after.pop("seconds", ()):
        target.put_second(box_id, score)
    target.put_cutout(change.cutout, after)


def revert(target: DecisionTarget, change: Change) -> None:
    """Undo a row of the log on a state.

    Parameters
    ----------
    target : DecisionTarget
    change : Change
        Of a decision; detections cannot be undone.
    """
    if change.box is not None:
        target.put_box(change.box, change.cutout, change.before)
    else:
        target.put_cutout(change.cutout, change.before or {})


def proposed_boxes(
    rows: Iterable[SqlRow], model: str | None
) -> Iterator[tuple[int, LogValues]]:
    """Yield ids and values of the boxes that the log row of a detection lists.

    Parameters
    ----------
    rows : iterable of sequences
        Id, x1, y1, x2, y2, class, score, and the second score where there is one.
    model : str or None
        Id of the model.
    """
    for box_id, x1, y1, x2, y2, cls, score, *second in rows:
        yield box_id, {
            "x1": x1, "y1": y1, "x2": x2, "y2": y2, "cls": cls,
            "status": "proposal", "origin": "model", "score": score, "model": model,
            "annotator": None, "time": None, "proposed": [x1, y1, x2, y2, cls],
            "second": second[0] if second else None,
        }  # fmt: skip


# -- writing ----------------------------------------------------------------


def now() -> str:
    """Return the current time as the log keeps it: ISO 8601, UTC, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def decide(
    store: Store,
    changes: Sequence[Change],
    annotator: str | None,
    time: str,
    should_go_on: Callable[[], None] = lambda: None,
) -> None:
    """Log changes as one step of undo, and apply them.

    Parameters
    ----------
    store : Store
        Inside a transaction.
    changes : sequence of Change
        At least one.
    annotator : str or None
    time : str
        From `now`.
    should_go_on : callable
        Called before each change; an exception it raises ends the transaction.
    """
    _drop(store, 0)
    snapshot = Snapshot(store)
    first = last_seq(store) + 1
    for number, change in enumerate(changes):
        should_go_on()
        _append(store, first + number, change, annotator, time, first)
        apply(snapshot, change)
    store.rows(
        "INSERT INTO steps VALUES (?, ?, ?, ?)",
        (first, first + len(changes) - 1, changes[0].cutout, DONE),
    )


def note(
    store: Store, changes: Iterable[Change], annotator: str | None, time: str
) -> None:
    """Log changes that are no decision of the user, and apply them.

    Parameters
    ----------
    store : Store
        Inside a transaction.
    changes : iterable of Change
    annotator : str or None
    time : str
        From `now`.
    """
    snapshot = Snapshot(store)
    for seq, change in enumerate(changes, start=last_seq(store) + 1):
        _append(store, seq, change, annotator, time, None)
        apply(snapshot, change)


def forget_redo(store: Store, cutout_id: int) -> None:
    """Drop the undone steps from the first that touches a cutout.

    A new detection replaces boxes that redoing them would bring back.

    Parameters
    ----------
    store : Store
        Inside a transaction.
    cutout_id : int
    """
    first = store.value(
        "SELECT min(s.id) FROM steps AS s JOIN log AS l "
        "ON l.seq BETWEEN s.id AND s.last WHERE s.state = ? AND l.cutout = ?",
        (UNDONE, cutout_id),
    )
    if first is not None:
        _drop(store, first)


def travel(store: Store, kind: str, annotator: str | None) -> list[int]:
    """Undo or redo one step.

    Parameters
    ----------
    store : Store
    kind : str
        ``undo`` or ``redo``.
    annotator : str or None

    Returns
    -------
    list of int
        The cutouts that the step touched, its own first; none if there is no step.
    """
    step = next_step(store, kind)
    if step is None:
        return []
    first, last, cutout = step
    rows = list(_read(store, "WHERE seq BETWEEN ? AND ?", (first, last)))
    snapshot = Snapshot(store)
    for row in rows if kind == "redo" else reversed(rows):
        (apply if kind == "redo" else revert)(snapshot, row.change)
    state = DONE if kind == "redo" else UNDONE
    store.rows("UPDATE steps SET state = ? WHERE id = ?", (state, first))
    _append(store, last_seq(store) + 1, Change(kind, cutout), annotator, now(), first)
    return list(dict.fromkeys([cutout, *(row.cutout for row in rows)]))


def next_step(store: Store, kind: str) -> tuple[int, int, int] | None:
    """Return first row, last row and cutout of the step to undo or redo, or None.

    Parameters
    ----------
    store : Store
    kind : str
        ``undo`` or ``redo``.
    """
    order, state = ("DESC", DONE) if kind == "undo" else ("ASC", UNDONE)
    found = store.rows(
        "SELECT id, last, cutout FROM steps WHERE state = ? "
        f"ORDER BY id {order} LIMIT 1",
        (state,),
    )
    return found[0] if found else None


def last_seq(store: Store) -> int:
    """Return the number of the newest row of the log."""
    return int(store.value("SELECT max(seq) FROM log") or 0)


def newest(store: Store, kinds: Iterable[str]) -> tuple[int, int] | None:
    """Return row number and cutout of the newest step of some kinds, or None.

    Parameters
    ----------
    store : Store
    kinds : iterable of str
        Kinds of log rows.
    """
    marks = ", ".join(f"'{kind}'" for kind in sorted(kinds))
    # Through the steps, since a log may end in 100,000 rows without a decision.
    rows = store.rows(
        "SELECT log.seq, log.cutout FROM steps CROSS JOIN log ON log.seq = steps.last "
        f"WHERE log.kind IN ({marks}) ORDER BY steps.id DESC LIMIT 1"
    )
    return rows[0] if rows else None


def newest_on(store: Store, cutout_id: int, kinds: Iterable[str]) -> int:
    """Return the number of the newest row of some kinds on a cutout, 0 without one.

    Parameters
    ----------
    store : Store
    cutout_id : int
    kinds : iterable of str
    """
    marks = ", ".join(f"'{kind}'" for kind in sorted(kinds))
    sql = f"SELECT max(seq) FROM log WHERE cutout = ? AND kind IN ({marks})"
    return int(store.value(sql, (cutout_id,)) or 0)


def newest_annotator(store: Store, kinds: Iterable[str]) -> str | None:
    """Return who took the newest step of some kinds, where known.

    Parameters
    ----------
    store : Store
    kinds : iterable of str
        Kinds of log rows.
    """
    found = newest(store, kinds)
    if found is None:
        return None
    name = store.value("SELECT annotator FROM log WHERE seq = ?", found[:1])
    return None if name is None else str(name)


def _drop(store: Store, first: int) -> None:
    store.rows(
        "UPDATE steps SET state = ? WHERE state = ? AND id >= ?",
        (DROPPED, UNDONE, first),
    )


def _append(
    store: Store,
    seq: int,
    change: Change,
    annotator: str | None,
    time: str,
    step: int | None,
) -> None:
    store.rows(
        f"INSERT INTO log ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            seq, time, annotator, change.kind, step, change.cutout, change.box,
            dump(change.before), dump(change.after),
        ),
    )  # fmt: skip


# -- reading ----------------------------------------------------------------


def read_log(store: Store, cutout_id: int | None = None) -> Iterator[LogRow]:
    """Yield the rows of the log in order, a page at a time.

    Parameters
    ----------
    store : Store
    cutout_id : int, optional
        By default the rows of all cutouts.
    """
    seq = 0
    where = "WHERE seq > ?" if cutout_id is None else "WHERE seq > ? AND cutout = ?"
    while True:
        values = (seq,) if cutout_id is None else (seq, cutout_id)
        page = _read(store, f"{where} ORDER BY seq LIMIT {_PAGE}", values)
        yield from page
        if len(page) < _PAGE:
            return
        seq = page[-1].seq


def _read(store: Store, where: str, values: Sequence[SqlValue]) -> list[LogRow]:
    rows = store.rows(f"SELECT {_COLUMNS} FROM log {where}", values)
    return [
        LogRow(seq, time, annotator, kind, step, cutout, box, load(before), load(after))
        for seq, time, annotator, kind, step, cutout, box, before, after in rows
    ]
