"""The state of a review from its log alone, and the check of the snapshot."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .log import DONE, DROPPED, UNDONE, apply, read_log, revert
from .records import LogRow, LogValues, Status
from .snapshot import BOX_COLUMNS, CUTOUT_COLUMNS, JSON_COLUMNS, NEW_BOX, NEW_CUTOUT
from .store import SqlRow, Store, load


@dataclass
class State:
    """The state that a log describes: cutouts, boxes, and the state of every step."""

    cutouts: dict[int, LogValues] = field(default_factory=dict)
    boxes: dict[int, LogValues] = field(default_factory=dict)
    steps: dict[int, str] = field(default_factory=dict)

    def put_box(self, box_id: int, cutout: int, values: LogValues | None) -> None:
        """Set a box, or remove it.

        Parameters
        ----------
        box_id, cutout : int
        values : dict or None
            Of `snapshot.box_values`; None removes the box.
        """
        if values is None:
            self.boxes.pop(box_id, None)
        else:
            self.boxes[box_id] = {"cutout": cutout, **NEW_BOX, **values}

    def put_second(self, box_id: int, score: float) -> None:
        """Set the score that another model gave to a box.

        Parameters
        ----------
        box_id : int
        score : float
        """
        self.boxes[box_id]["second"] = score

    def put_cutout(self, cutout_id: int, values: LogValues) -> None:
        """Set some values of a cutout, or add it.

        Parameters
        ----------
        cutout_id : int
        values : dict
            By column of the table ``cutouts``.
        """
        self.cutouts.setdefault(cutout_id, dict(NEW_CUTOUT)).update(values)


def replay(rows: Iterable[LogRow]) -> State:
    """Return the state that the rows of a log make, from nothing."""
    machine = _Replay()
    for row in rows:
        machine.take(row)
    return machine.state


class _Replay:
    """Reads a log row by row."""

    def __init__(self) -> None:
        self.state = State()
        self._members: dict[int, list[LogRow]] = {}
        self._undone: list[int] = []  # the next to redo, which is the oldest, is last

    def take(self, row: LogRow) -> None:
        if row.kind == "undo":
            self._undo(row.step)
        elif row.kind == "redo":
            self._redo(row.step)
        elif row.step is not None:
            self._decide(row, row.step)
        else:
            if row.kind == "propose":
                self._drop(self._first_undone_on(row.cutout))
            apply(self.state, row.change)

    def _decide(self, row: LogRow, step: int) -> None:
        if step not in self._members:
            self._drop(0)
            self._members[step] = []
            self.state.steps[step] = DONE
        self._members[step].append(row)
        apply(self.state, row.change)

    def _undo(self, step: int | None) -> None:
        assert step is not None
        for member in reversed(self._members[step]):
            revert(self.state, member.change)
        self.state.steps[step] = UNDONE
        self._undone.append(step)

    def _redo(self, step: int | None) -> None:
        assert step is not None
        for member in self._members[step]:
            apply(self.state, member.change)
        self.state.steps[step] = DONE
        self._undone.remove(step)

    def _first_undone_on(self, cutout: int) -> float:
        touching = (
            step
            for step in self._undone
            if any(member.cutout == cutout for member in self._members[step])
        )
        return min(touching, default=math.inf)

    def _drop(self, first: float) -> None:
        for step in self._undone:
            if step >= first:
                self.state.steps[step] = DROPPED
        self._undone = [step for step in self._undone if step < first]


def kept_state(store: Store) -> State:
    """Return the state that the snapshot tables hold."""
    cutouts = store.rows(f"SELECT id, {', '.join(CUTOUT_COLUMNS)} FROM cutouts")
    boxes = store.rows(f"SELECT {', '.join(BOX_COLUMNS)} FROM boxes")
    state = State(steps=dict(store.rows("SELECT id, state FROM steps")))
    for number, *values in cutouts:
        state.cutouts[number] = _loaded(CUTOUT_COLUMNS, tuple(values))
    for number, *values in boxes:
        state.boxes[number] = _loaded(BOX_COLUMNS[1:], tuple(values))
    return state


def _loaded(columns: Sequence[str], values: SqlRow) -> LogValues:
    row = dict(zip(columns, values, strict=True))
    return {c: load(v) if c in JSON_COLUMNS else v for c, v in row.items()}


def check(store: Store) -> list[str]:
    """Return problems of a review file, in sentences; empty if there are none."""
    problems = [
        f"SQLite reports: {row[0]}."
        for row in store.rows("PRAGMA integrity_check")
        if row[0] != "ok"
    ]
    replayed, kept = replay(read_log(store)), kept_state(store)
    for name in ("cutouts", "boxes", "steps"):
        ours, theirs = getattr(replayed, name), getattr(kept, name)
        wrong = [k for k in {*ours, *theirs} if ours.get(k) != theirs.get(k)]
        if wrong:
            problems.append(f"The {name} {sorted(wrong)[:5]} differ from the log.")
    return problems + _check_tally(store)


def _check_tally(store: Store) -> list[str]:
    counted: dict[str, int] = dict(
        store.rows("SELECT status, count(*) FROM boxes GROUP BY 1")
    )
    summed = {s: store.value(f"SELECT sum({s}) FROM tally") for s in Status}
    cutouts = store.rows("SELECT count(*), count(model), sum(done) FROM cutouts")
    tally = store.rows(
        "SELECT sum(cutouts), sum(detected), sum(cutouts * done) FROM tally"
    )
    if summed != {s: counted.get(s, 0) for s in Status} or cutouts != tally:
        return ["The counts differ from the boxes and cutouts."]
    return []
