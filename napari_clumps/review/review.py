"""A review: its cutouts, its boxes, and the rules by which a person decides on them."""

from __future__ import annotations

import math
import os
import random
import secrets
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from psygnal import Signal

from clump_detector import boxes as geometry
from clump_detector.errors import ClumpError, ReviewError
from clump_detector.images import Source
from clump_detector.labels import DEFAULT_CLASSES, LabelSet

from . import history, whereabouts
from .export import label_set
from .history import Change
from .lock import WriterLock
from .model import (
    KEPT,
    Box,
    Corners,
    Counts,
    CutoutRecord,
    Decision,
    Proposal,
    Status,
)
from .store import Store, box_values, load

#: Kinds of log rows that a person caused.
DECISIONS = frozenset(
    ("accept", "reject", "edit", "reclassify", "add", "done", "undo", "redo")
)

#: A proposal that overlaps a decided box by more than this IoU is that box again.
SAME_CLUMP = 0.5

_RECORD = "id, name, files, bands, done, held_out, model, width, height"
_PAGE = 1000


class Review:
    """An open review file. Make one with `create` or `open`.

    Every method that changes something has it on disk when it returns, and raises
    `ReviewError`, with nothing changed, where it cannot: on a full disk, on a review
    that is open for reading only, for a box or class that does not exist.

    Signals
    -------
    changed(cutout id): the boxes or the state of a cutout changed, and are on disk.
    """

    changed = Signal(int)

    def __init__(self, path: Path, store: Store, lock: WriterLock | None) -> None:
        self._store = store
        self._lock = lock
        self._unchanged: dict[int, tuple[int, ...]] = {}
        self.path = path
        meta = store.meta()
        self.id: str = meta["id"]
        self.classes: tuple[str, ...] = tuple(meta["classes"])
        self.annotator: str | None = meta["annotator"]
        self.read_only_reason: str | None = None
        if lock is None:
            self.read_only_reason = f"{path.name} was opened for reading only."
        elif lock.acquire():
            store.writable = True
        else:
            self.read_only_reason = lock.reason

    # -- opening and closing ------------------------------------------------

    @classmethod
    def create(
        cls,
        path: str | Path,
        sources: Sequence[Source],
        *,
        classes: Sequence[str] = DEFAULT_CLASSES,
        held_out: float = 0.2,
        seed: int | None = None,
        annotator: str | None = None,
    ) -> Review:
        """Make a review and open it for writing.

        Parameters
        ----------
        path : path
            The file to make, usually ``*.clumps``.
        sources : sequence of Source
            Its cutouts, in the order of the queue.
        classes : sequence of str
            What a box can be; the first is what a drawn box is.
        held_out : float
            Share of the cutouts, chosen at random, that is kept for testing.
        seed : int, optional
            Of that choice.
        annotator : str, optional
            Who decides.

        Raises
        ------
        ReviewError
            If there is such a file already, there is no cutout, or it cannot be
            written; then nothing is left of it.
        """
        path = _absolute(path)
        _refuse_plan(path, sources, classes, held_out)
        with Store.making(path) as store:
            store.put_meta(
                id=str(uuid.uuid4()),
                created=history.now(),
                classes=list(classes),
                held_out=held_out,
                seed=secrets.randbits(32) if seed is None else seed,
                annotator=annotator,
            )
            _add_sources(store, sources, path.parent, annotator)
        return cls.open(path)

    @classmethod
    def open(cls, path: str | Path, *, read_only: bool = False) -> Review:
        """Open a review; for reading only if another process has it for writing.

        Raises
        ------
        ReviewError
            If it is no review, is damaged, or was made by a newer program.
        """
        path = _absolute(path)
        store = Store(path)
        try:
            return cls(path, store, None if read_only else WriterLock(path))
        except BaseException:
            store.close()
            raise

    def close(self) -> None:
        """Close the file and let others write to it. May be called again."""
        self._store.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Review:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def read_only(self) -> bool:
        """Whether nothing can be decided; `read_only_reason` says why."""
        return self.read_only_reason is not None

    # -- looking ------------------------------------------------------------

    def __len__(self) -> int:
        return int(self._store.value("SELECT max(id) FROM cutouts") or 0)

    @property
    def ids(self) -> Sequence[int]:
        """The ids of all cutouts, in the order of the queue."""
        return range(1, len(self) + 1)

    def cutout(self, cutout_id: int) -> CutoutRecord:
        """Return a cutout's state."""
        rows = self._store.rows(
            f"SELECT {_RECORD} FROM cutouts WHERE id = ?", (cutout_id,)
        )
        if not rows:
            raise ReviewError(f"there is no cutout {cutout_id}", self.path)
        return self._record(rows[0])

    def cutouts(self) -> Iterator[CutoutRecord]:
        """Yield every cutout's state, in the order of the queue."""
        last = 0
        while rows := self._store.rows(
            f"SELECT {_RECORD} FROM cutouts WHERE id > ? ORDER BY id LIMIT {_PAGE}",
            (last,),
        ):
            yield from map(self._record, rows)
            last = rows[-1][0]

    def find(self, name: str) -> CutoutRecord | None:
        """Return the first cutout of that name, or None."""
        rows = self._store.rows(
            f"SELECT {_RECORD} FROM cutouts WHERE name = ? ORDER BY id LIMIT 1", (name,)
        )
        return self._record(rows[0]) if rows else None

    def undone_after(self, cutout_id: int) -> int | None:
        """Return the first cutout later in the queue that is not done, or None."""
        found = self._store.value(
            "SELECT min(id) FROM cutouts WHERE done = 0 AND id > ?", (cutout_id,)
        )
        return None if found is None else int(found)

    def _record(self, row: tuple[Any, ...]) -> CutoutRecord:
        number, name, files, bands, done, held_out, model, width, height = row
        home = self.path.parent
        places = tuple(whereabouts.locate(kept, home) for kept in load(files))
        source = Source(name, places, tuple(load(bands)))
        return CutoutRecord(
            number, name, source, bool(done), bool(held_out), model, width, height
        )

    def boxes(self, cutout_id: int) -> list[Box]:
        """Return a cutout's boxes, decided or not, in the order in which they came."""
        return self._store.boxes(cutout_id)

    def box(self, box_id: int) -> Box:
        """Return a box."""
        box = self._store.box(box_id)
        if box is None:
            raise ReviewError(f"there is no box {box_id}", self.path)
        return box

    def counts(self) -> Counts:
        """Return how far the review is."""
        rows = self._tally()
        return Counts(
            cutouts=sum(r["cutouts"] for r in rows),
            done=sum(r["cutouts"] for r in rows if r["done"]),
            boxes_by_status={s: sum(r[s.value] for r in rows) for s in Status},
            detected=sum(r["detected"] for r in rows),
            held_out=sum(r["cutouts"] for r in rows if r["held_out"]),
            held_out_done=sum(
                r["cutouts"] for r in rows if r["held_out"] and r["done"]
            ),
        )

    def learning_counts(self) -> dict[str, int]:
        """Return what there is to learn from, and what is kept for testing.

        Returns
        -------
        dict
            Of the cutouts that are not held out: ``cutouts`` that are done or have a
            decided box, ``done``, ``boxes``, ``rejected``, and the ``ignored``
            proposals. Of the others ``held_out``, ``held_out_done``, and the
            ``held_out_boxes`` on done ones.
        """
        rows = self._tally()
        learn = [r for r in rows if not r["held_out"] and (r["done"] or r["decided"])]
        kept = [r for r in rows if r["held_out"]]
        tested = [r for r in kept if r["done"]]
        return {
            "cutouts": sum(r["cutouts"] for r in learn),
            "done": sum(r["cutouts"] for r in learn if r["done"]),
            "boxes": sum(r[s.value] for r in learn for s in KEPT),
            "rejected": sum(r[Status.REJECTED.value] for r in learn),
            "ignored": sum(r[Status.PROPOSAL.value] for r in learn if not r["done"]),
            "held_out": sum(r["cutouts"] for r in kept),
            "held_out_done": sum(r["cutouts"] for r in tested),
            "held_out_boxes": sum(r[s.value] for r in tested for s in KEPT),
        }

    def _tally(self) -> list[dict[str, int]]:
        names = ["held_out", "done", "decided", "cutouts", "detected", *Status]
        rows = self._store.rows(f"SELECT {', '.join(names)} FROM tally")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def decisions(self, cutout_id: int | None = None) -> Iterator[Decision]:
        """Yield what was decided, undo and redo included, oldest first."""
        for row in history.read_log(self._store, cutout_id):
            if row.kind in DECISIONS:
                before, after = row.before, row.after
                if row.kind in ("undo", "redo"):
                    before, after = None, {"step": row.step}
                yield Decision(
                    row.seq, row.time, row.annotator, row.kind, row.cutout, row.box,
                    before, after,
                )  # fmt: skip

    @property
    def last_seq(self) -> int:
        """The sequence number of the newest row of the log."""
        return history.last_seq(self._store)

    def check(self) -> list[str]:
        """Return what is wrong with the file, in sentences; nothing if all is well.

        Reads the whole log, so it takes seconds on a large review.
        """
        return history.check(self._store)

    # -- deciding -----------------------------------------------------------

    @contextmanager
    def _writing(self, touched: list[int]) -> Iterator[None]:
        """Run one transaction, then tell which cutouts it touched."""
        if self.read_only_reason is not None:
            raise ReviewError(self.read_only_reason.rstrip("."))
        with self._store.transaction():
            yield
        for cutout_id in dict.fromkeys(touched):
            self.changed.emit(cutout_id)

    def _decide(self, decide: Any) -> list[Change]:
        """Log the changes that ``decide(time)`` returns as one step."""
        touched: list[int] = []
        with self._writing(touched):
            time = history.now()
            changes: list[Change] = decide(time)
            if changes:
                history.decide(self._store, changes, self.annotator, time)
                touched += [change.cutout for change in changes]
        return changes

    def accept(self, box_id: int) -> None:
        """Say that a box is a clump.

        A rejected box that was edited before is ``edited`` again.
        """
        self._decide(lambda time: self._accepted([box_id], time))

    def accept_all(self, box_ids: Iterable[int]) -> int:
        """Say of several boxes that they are clumps, in one step.

        Returns
        -------
        int
            How many were not so before.
        """
        ids = list(dict.fromkeys(box_ids))
        return len(self._decide(lambda time: self._accepted(ids, time)))

    def finish(self, cutout_id: int, box_ids: Iterable[int]) -> None:
        """Accept boxes and set a cutout done, in one step."""
        ids = list(dict.fromkeys(box_ids))
        self._decide(
            lambda time: [*self._accepted(ids, time), *self._done(cutout_id, True)]
        )

    def set_done(self, cutout_id: int, done: bool) -> None:
        """Say that every clump of a cutout is boxed, or take that back."""
        self._decide(lambda time: self._done(cutout_id, done))

    def reject(self, box_id: int) -> None:
        """Say that a box is no clump. A drawn box goes; undo brings it back."""

        def decide(time: str) -> list[Change]:
            box = self.box(box_id)
            if box.status is Status.REJECTED:
                return []
            if box.status is Status.DRAWN:
                return [Change("reject", box.cutout, box.id, box_values(box), None)]
            return [self._change("reject", box, time, status=Status.REJECTED)]

        self._decide(decide)

    def edit(self, box_id: int, corners: Sequence[float]) -> None:
        """Move a box's corners (x1, y1, x2, y2); it is a clump then."""

        def decide(time: str) -> list[Change]:
            box = self.box(box_id)
            new = self._fitting(corners, self.cutout(box.cutout))
            if new == box.corners:
                return []
            x1, y1, x2, y2 = new
            return [
                self._altered("edit", replace(box, x1=x1, y1=y1, x2=x2, y2=y2), time)
            ]

        self._decide(decide)

    def reclassify(self, box_id: int, cls: str) -> None:
        """Give a box another class; it is a clump of that class then."""

        def decide(time: str) -> list[Change]:
            self._refuse_class(cls)
            box = self.box(box_id)
            if cls == box.cls:
                return []
            return [self._altered("reclassify", replace(box, cls=cls), time)]

        self._decide(decide)

    def add(self, cutout_id: int, corners: Sequence[float], cls: str) -> Box:
        """Draw a box."""

        def decide(time: str) -> list[Change]:
            self._refuse_class(cls)
            x1, y1, x2, y2 = self._fitting(corners, self.cutout(cutout_id))
            box = Box(
                self._store.next_box_id(), cutout_id, x1, y1, x2, y2, cls,
                Status.DRAWN, "person", annotator=self.annotator, time=time,
            )  # fmt: skip
            return [Change("add", cutout_id, box.id, None, box_values(box))]

        (change,) = self._decide(decide)
        assert change.box is not None
        return self.box(change.box)

    def _accepted(self, box_ids: Sequence[int], time: str) -> list[Change]:
        boxes = [self.box(box_id) for box_id in box_ids]
        return [
            self._altered("accept", box, time)
            for box in boxes
            if box.status in (Status.PROPOSAL, Status.REJECTED)
        ]

    def _done(self, cutout_id: int, done: bool) -> list[Change]:
        if self.cutout(cutout_id).done is done:
            return []
        return [Change("done", cutout_id, None, {"done": not done}, {"done": done})]

    def _altered(self, kind: str, box: Box, time: str) -> Change:
        """Return the change to a box that a person sees a clump in."""
        status = box.status
        if status is not Status.DRAWN:
            status = Status.ACCEPTED if box.as_proposed else Status.EDITED
        return self._change(kind, box, time, status=status)

    def _change(self, kind: str, box: Box, time: str, *, status: Status) -> Change:
        after = replace(box, status=status, annotator=self.annotator, time=time)
        before = self.box(box.id)
        return Change(kind, box.cutout, box.id, box_values(before), box_values(after))

    def _refuse_class(self, cls: str) -> None:
        if cls not in self.classes:
            raise ReviewError(
                f"this review has no class {cls!r}",
                self.path,
                f"Its classes are {', '.join(self.classes)}.",
            )

    def _fitting(self, corners: Sequence[float], cutout: CutoutRecord) -> Corners:
        """Return corners in order and cut to the image, or refuse them."""
        fitted = _fit(corners, cutout.size)
        if fitted is None:
            where = (
                "the cutout"
                if cutout.size is None
                else f"{cutout.width} x {cutout.height} pixels"
            )
            raise ReviewError(
                f"a box at {_written(corners)} has no area inside {where}",
                cutout.source.path,
                "Draw it across the clump.",
            )
        return fitted

    # -- undo ---------------------------------------------------------------

    @property
    def can_undo(self) -> bool:
        """Whether there is a decision to take back."""
        return not self.read_only and history.next_step(self._store, "undo") is not None

    @property
    def can_redo(self) -> bool:
        """Whether there is a decision to do again."""
        return not self.read_only and history.next_step(self._store, "redo") is not None

    def undo(self) -> int | None:
        """Take back the newest step; return the cutout it touched, or None."""
        return self._travel("undo")

    def redo(self) -> int | None:
        """Do the step again that was undone last; return its cutout, or None."""
        return self._travel("redo")

    def _travel(self, kind: str) -> int | None:
        touched: list[int] = []
        with self._writing(touched):
            found = history.travel(self._store, kind, self.annotator)
            if found is None:
                return None
            touched += found[1]
        return found[0]

    # -- detection ----------------------------------------------------------

    def propose(
        self,
        cutout_id: int,
        proposals: Sequence[Proposal],
        model: str,
        *,
        size: tuple[int, int] | None = None,
    ) -> int:
        """Take in what a model found on a cutout. Not a step of undo.

        The undecided proposals of earlier detections go. Proposals on a decided box
        (IoU above 0.5), rejected ones included, are left out, so that nobody decides
        twice. A done cutout is left as it is.

        Parameters
        ----------
        cutout_id : int
        proposals : sequence of Proposal
        model : str
            The model's id.
        size : (int, int), optional
            Width and height of the image in pixels.

        Returns
        -------
        int
            How many proposals were taken in.
        """
        touched: list[int] = []
        taken = 0
        with self._writing(touched):
            cutout = self.cutout(cutout_id)
            if not cutout.done:
                change = self._proposed(cutout, proposals, model, size)
                history.forget_redo(self._store, cutout_id)
                history.note(self._store, [change], None, history.now())
                taken = len((change.after or {})["boxes"])
                touched.append(cutout_id)
        return taken

    def _proposed(
        self,
        cutout: CutoutRecord,
        proposals: Sequence[Proposal],
        model: str,
        size: tuple[int, int] | None,
    ) -> Change:
        boxes = self.boxes(cutout.id)
        decided = [box.corners for box in boxes if box.decided]
        size = self._size_now(cutout, size, bool(decided))
        rows: list[list[Any]] = []
        first = self._store.next_box_id()
        for proposal in proposals:
            self._refuse_class(proposal.cls)
            corners = _fit(proposal.corners, size)
            if corners is None or not math.isfinite(proposal.score):
                continue
            if not _overlaps(corners, decided):
                # A thousandth of a pixel says all that a detector knows.
                place = [round(value, 3) for value in corners]
                score = round(proposal.score, 5)
                rows.append([first + len(rows), *place, proposal.cls, score])
        width, height = size or (None, None)
        before = {
            "boxes": [b.id for b in boxes if not b.decided],
            "model": cutout.model,
        }
        after = {"boxes": rows, "model": model, "width": width, "height": height}
        return Change("propose", cutout.id, None, before, after)

    def _size_now(
        self, cutout: CutoutRecord, size: tuple[int, int] | None, decided: bool
    ) -> tuple[int, int] | None:
        if size is None:
            return cutout.size
        size = int(size[0]), int(size[1])
        if decided and cutout.size not in (None, size):
            raise ReviewError(
                f"it has {size[0]} x {size[1]} pixels now, but "
                f"{cutout.width} x {cutout.height} when its boxes were decided on",
                cutout.source.path,
                "Put the old image back, or make a new review for the new one.",
            )
        return size

    # -- images -------------------------------------------------------------

    def note_seen(self, cutout_id: int, size: tuple[int, int]) -> None:
        """Remember what a cutout's files look like, the first time they are seen.

        Parameters
        ----------
        cutout_id : int
        size : (int, int)
            Width and height in pixels.
        """
        if self._seen(cutout_id) is not None:
            return
        cutout = self.cutout(cutout_id)
        try:
            seen = [whereabouts.fingerprint(path) for path in cutout.source.files]
        except (OSError, ClumpError):
            return  # it went since it was read: `check_source` will say so
        width, height = cutout.size or (int(size[0]), int(size[1]))
        before = {"seen": None, "width": cutout.width, "height": cutout.height}
        after = {"seen": seen, "width": width, "height": height}
        with self._writing([]):
            change = Change("seen", cutout_id, None, before, after)
            history.note(self._store, [change], self.annotator, history.now())

    def _seen(self, cutout_id: int) -> Any:
        return load(
            self._store.value("SELECT seen FROM cutouts WHERE id = ?", (cutout_id,))
        )

    def check_source(self, cutout_id: int) -> str | None:
        """Return a sentence if a cutout's files moved away or changed, else None."""
        files = self.cutout(cutout_id).source.files
        state = _stamp(files)
        if state and self._unchanged.get(cutout_id) == state:
            return None
        said = whereabouts.problem(files, self._seen(cutout_id))
        if said is None:
            self._unchanged[cutout_id] = state
        return said

    def relocate(self, folder: str | Path) -> int:
        """Look below a folder for the images that are missing, by their names.

        Returns
        -------
        int
            How many cutouts have their images again. One of several files of the same
            name is taken only if it is clear which.
        """
        found = whereabouts.files_below(_absolute(folder))
        touched: list[int] = []
        with self._writing(touched):
            for cutout in self.cutouts():
                places = self._found_again(cutout, found)
                if places:
                    self._move(cutout, places)
                    touched.append(cutout.id)
        return len(touched)

    def _found_again(
        self, cutout: CutoutRecord, found: dict[str, list[Path]]
    ) -> list[Path]:
        """Return where all files of a cutout are now, if one was missing."""
        files = cutout.source.files
        if all(path.is_file() for path in files):
            return []
        seen = self._seen(cutout.id) or [None] * len(files)
        places = [
            path if path.is_file()
            else whereabouts.best_match(path, found.get(path.name, ()), mark)
            for path, mark in zip(files, seen, strict=True)
        ]  # fmt: skip
        return [] if None in places else [place for place in places if place]

    def _move(self, cutout: CutoutRecord, places: Sequence[Path]) -> None:
        old = self._store.value("SELECT files FROM cutouts WHERE id = ?", (cutout.id,))
        new = [whereabouts.keep(place, self.path.parent) for place in places]
        change = Change("moved", cutout.id, None, {"files": load(old)}, {"files": new})
        history.note(self._store, [change], self.annotator, history.now())

    def add_cutouts(self, sources: Sequence[Source]) -> int:
        """Add the cutouts whose images are not in the review yet, at the queue's end.

        The held-out share is kept, at random among the new ones.

        Returns
        -------
        int
            How many were new.
        """
        if self.read_only:
            return 0
        with self._writing([]):
            known = {cutout.source.files for cutout in self.cutouts()}
            absolute = (
                replace(s, files=tuple(_absolute(path) for path in s.files))
                for s in sources
            )
            new = [s for s in dict.fromkeys(absolute) if s.files not in known]
            _add_sources(self._store, new, self.path.parent, self.annotator)
        return len(new)

    # -- leaving ------------------------------------------------------------

    def label_set(self, *, include_undone: bool = True) -> LabelSet:
        """Freeze the boxes for training, testing and other programs.

        Done cutouts are complete: their undecided proposals are background. On the
        others, unless left out, undecided proposals are ignored and decided boxes
        count. Rejected boxes stand apart. Cutouts with nothing decided are left out.
        """
        return label_set(self, include_undone=include_undone)


def _absolute(path: str | Path) -> Path:
    return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100


def _refuse_plan(
    path: Path, sources: Sequence[Source], classes: Sequence[str], held_out: float
) -> None:
    if path.exists():
        raise ReviewError(
            "there is a file of this name already",
            path,
            "Open it, or choose another name.",
        )
    if not sources:
        raise ReviewError("a review needs a cutout", path, "Give images or a folder.")
    if not classes or len(set(classes)) != len(classes) or not all(classes):
        raise ReviewError(
            f"these are no classes: {list(classes)}", path, "Give names that differ."
        )
    if not 0 <= held_out < 1:
        raise ReviewError(
            f"{held_out} cutouts cannot be held out",
            path,
            "Give a share from 0 to 0.9.",
        )


def _add_sources(
    store: Store, sources: Sequence[Source], home: Path, annotator: str | None
) -> None:
    """Add cutouts, the review's share of them held out at random."""
    meta = store.meta()
    ((n, held),) = store.rows(
        "SELECT count(*), coalesce(sum(held_out), 0) FROM cutouts"
    )
    wanted = round((n + len(sources)) * meta["held_out"]) - held
    chance = random.Random(f"{meta['seed']} {n}")
    chosen = chance.sample(range(len(sources)), min(max(wanted, 0), len(sources)))
    held_out = set(chosen)
    changes = (
        Change(
            "cutout",
            n + 1 + place,
            after={
                "name": source.name,
                "files": [whereabouts.keep(path, home) for path in source.files],
                "bands": list(source.bands),
                "held_out": place in held_out,
                **dict.fromkeys(("model", "width", "height", "seen")),
                "done": False,
            },
        )
        for place, source in enumerate(sources)
    )
    history.note(store, changes, annotator, history.now())


def _fit(corners: Sequence[float], size: tuple[int, int] | None) -> Corners | None:
    """Return corners in order and cut to an image, or None if nothing is left."""
    values = [float(value) for value in corners]
    if len(values) != 4 or not all(map(math.isfinite, values)):
        return None
    (x1, x2), (y1, y2) = sorted(values[::2]), sorted(values[1::2])
    if size is not None:
        x1, x2 = max(x1, -0.5), min(x2, size[0] - 0.5)
        y1, y2 = max(y1, -0.5), min(y2, size[1] - 0.5)
    smallest = geometry.SMALLEST_SIDE
    return (x1, y1, x2, y2) if x2 - x1 >= smallest and y2 - y1 >= smallest else None


def _written(corners: Sequence[float]) -> str:
    return ", ".join(f"{float(value):.1f}" for value in corners)


def _overlaps(corners: Corners, others: Sequence[Corners]) -> bool:
    if not others:
        return False
    overlap = geometry.iou(geometry.as_boxes(corners), geometry.as_boxes(others))
    return bool(overlap.max() > SAME_CLUMP)


def _stamp(files: Sequence[Path]) -> tuple[int, ...]:
    try:
        states = [path.stat() for path in files]
    except OSError:
        return ()
    return tuple(v for s in states for v in (s.st_size, s.st_mtime_ns))
