"""The tables of cutouts and boxes: the state that the log describes, kept beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from .records import Box, LogValues, Opinion, Status
from .store import SqlRow, Store, dump

BOX_COLUMNS = tuple(Box.__dataclass_fields__)
_BOX_SELECT = f"SELECT {', '.join(BOX_COLUMNS)} FROM boxes"
_BOX_PUT = (
    f"INSERT INTO boxes ({', '.join(BOX_COLUMNS)}) "
    f"VALUES ({', '.join('?' * len(BOX_COLUMNS))}) ON CONFLICT (id) DO UPDATE SET "
    + ", ".join(f"{c} = excluded.{c}" for c in BOX_COLUMNS[1:])
)

#: The columns of a cutout that a log row may set.
CUTOUT_COLUMNS = (
    "name", "files", "bands", "held_out", "done", "model", "width", "height", "seen",
    "flags", "remark", "repeat_of", "keys", "blind", "tags", "interest",
    "injected", "withdrawn", "artefacts", "verdicts",
)  # fmt: skip

#: Columns of both tables that hold JSON.
JSON_COLUMNS = {
    "files", "bands", "seen", "flags", "keys", "tags", "injected", "proposed",
    "opinions", "artefacts", "verdicts",
}  # fmt: skip

#: Values that a row of the log lacks where it is of an older format.
NEW_BOX = {"second": None, "opinions": None}
NEW_CUTOUT: LogValues = {
    "flags": [], "remark": "", "repeat_of": None, "keys": [], "blind": False,
    "tags": [], "interest": None, "injected": None, "withdrawn": False,
    "artefacts": None, "verdicts": {},
}  # fmt: skip


class Snapshot:
    """The cutouts and boxes of a review as they are now.

    Parameters
    ----------
    store : Store
        Inside a transaction where something is written.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def box(self, box_id: int) -> Box | None:
        """Return a box, or None."""
        rows = self._store.rows(f"{_BOX_SELECT} WHERE id = ?", (box_id,))
        return _box(rows[0]) if rows else None

    def boxes(self, cutout_id: int) -> list[Box]:
        """Return a cutout's boxes in the order of their ids."""
        rows = self._store.rows(
            f"{_BOX_SELECT} WHERE cutout = ? ORDER BY id", (cutout_id,)
        )
        return [_box(row) for row in rows]

    def put_box(self, box_id: int, cutout: int, values: LogValues | None) -> None:
        """Set a box of the snapshot, or remove it.

        Parameters
        ----------
        box_id, cutout : int
        values : dict or None
            Of `box_values`; None removes the box.
        """
        if values is None:
            self._store.rows("DELETE FROM boxes WHERE id = ?", (box_id,))
            return
        values = NEW_BOX | values
        row = [
            dump(values[c]) if c in JSON_COLUMNS else values[c] for c in BOX_COLUMNS[2:]
        ]
        self._store.rows(_BOX_PUT, [box_id, cutout, *row])

    def put_second(self, box_id: int, score: float) -> None:
        """Set the score that another model gave to a box of the snapshot.

        Parameters
        ----------
        box_id : int
        score : float
        """
        self._store.rows("UPDATE boxes SET second = ? WHERE id = ?", (score, box_id))

    def put_cutout(self, cutout_id: int, values: LogValues) -> None:
        """Set some columns of a cutout of the snapshot, or add it.

        Parameters
        ----------
        cutout_id : int
        values : dict
            Some of `CUTOUT_COLUMNS`; a ``name`` adds the cutout.
        """
        if "name" in values:
            values = NEW_CUTOUT | values
        row = [dump(v) if c in JSON_COLUMNS else v for c, v in values.items()]
        if "name" in values:
            names = ", ".join(values)
            marks = ", ".join("?" * len(row))
            sql = f"INSERT INTO cutouts ({names}, id) VALUES ({marks}, ?)"
        else:
            sets = ", ".join(f"{column} = ?" for column in values)
            sql = f"UPDATE cutouts SET {sets} WHERE id = ?"
        if values:
            self._store.rows(sql, [*row, cutout_id])

    def next_box_id(self) -> int:
        """Return an id that no box of this review ever had."""
        last = self._store.value("SELECT seq FROM sqlite_sequence WHERE name = 'boxes'")
        return int(last or 0) + 1


def box_values(box: Box) -> LogValues:
    """Return the values of a box in the log, without its id and its cutout."""
    values = {column: getattr(box, column) for column in BOX_COLUMNS[2:]}
    values["status"] = box.status.value
    if box.proposed is not None:
        values["proposed"] = list(box.proposed)
    values["opinions"] = [list(astuple(o)) for o in box.opinions] or None
    return {k: v for k, v in values.items() if k not in NEW_BOX or v is not None}


def box_of(box_id: int, cutout: int, values: LogValues) -> Box:
    """Return a box from its values in the log.

    Parameters
    ----------
    box_id, cutout : int
    values : dict
        Of `box_values`.
    """
    values = NEW_BOX | values
    return _box((box_id, cutout, *(values[column] for column in BOX_COLUMNS[2:])))


def _box(row: SqlRow) -> Box:
    fields = dict(zip(BOX_COLUMNS, row, strict=True))
    for column in ("proposed", "opinions"):
        if isinstance(fields[column], str):
            fields[column] = json.loads(fields[column])
    if fields["proposed"] is not None:
        fields["proposed"] = tuple(fields["proposed"])
    fields["opinions"] = tuple(map(_opinion, fields["opinions"] or ()))
    return Box(**{**fields, "status": Status(fields["status"])})


def _opinion(row: Sequence[Any]) -> Opinion:
    annotator, time, status, *rest = row
    return Opinion(annotator, time, Status(status), *rest)
