"""Random decisions, undo, redo, detections and reopening, against a plain model."""

import shutil
import sqlite3
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from clump_detector.core.errors import ReviewError
from clump_detector.image_files.added_light import AddedLight
from clump_detector.image_files.sources import Source
from clump_detector.images.artefacts.kinds import Artefact
from napari_clumps.review import FLAGS, Proposal, QueuePlan, Review, Status
from napari_clumps.review.storage.store import Store

CLASSES = ("clump", "odd clump")
CUTOUTS = st.integers(1, 3)
#: Boxes of a narrow grid, so that proposals often meet decided boxes.
PLACES = st.builds(
    lambda x, y, side: (x * 4.0, y * 4.0, x * 4.0 + side, y * 4.0 + side),
    st.integers(0, 1),
    st.integers(0, 1),
    st.sampled_from((8.0, 11.0)),
)
PROPOSALS = st.lists(st.tuples(PLACES, st.sampled_from(CLASSES)), max_size=4)

Key = tuple[str, int]


@dataclass
class Plain:
    """What a review should be, in dictionaries: boxes by id, done by cutout."""

    state: dict[Key, Any] = field(default_factory=dict)
    done: list[dict[Key, tuple[Any, Any]]] = field(default_factory=list)
    undone: list[dict[Key, tuple[Any, Any]]] = field(default_factory=list)

    def boxes(self, cutout: int) -> dict[int, Any]:
        return {
            k: v
            for (kind, k), v in self.state.items()
            if kind == "box" and v[0] == cutout
        }

    def decide(self, changes: dict[Key, Any]) -> None:
        step = {
            k: (self.state.get(k), v)
            for k, v in changes.items()
            if self.state.get(k) != v
        }
        if step:
            self.undone.clear()
            self.done.append(step)
            self._set({k: after for k, (_, after) in step.items()})

    def undo(self) -> bool:
        if self.done:
            self.undone.append(self.done.pop())
            self._set({k: before for k, (before, _) in self.undone[-1].items()})
            return True
        return False

    def redo(self) -> bool:
        if self.undone:
            self.done.append(self.undone.pop())
            self._set({k: after for k, (_, after) in self.done[-1].items()})
            return True
        return False

    def propose(self, cutout: int, boxes: dict[int, Any]) -> None:
        self._set(
            {
                ("box", k): None
                for k, v in self.boxes(cutout).items()
                if v[1] is Status.PROPOSAL
            }
        )
        self._set({("box", k): v for k, v in boxes.items()})
        for place in range(len(self.undone) - 1, -1, -1):
            if any(
                self._cutout_of(k, v) == cutout for k, v in self.undone[place].items()
            ):
                del self.undone[: place + 1]
                break

    def _cutout_of(self, key: Key, change: tuple[Any, Any]) -> int:
        before, after = change
        return (before or after)[0] if key[0] == "box" else key[1]

    def _set(self, values: dict[Key, Any]) -> None:
        for key, value in values.items():
            if value is None:
                self.state.pop(key, None)
            else:
                self.state[key] = value


def iou(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    whole = sum((c[2] - c[0]) * (c[3] - c[1]) for c in (a, b))
    return both / (whole - both)


def same(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    """Tell whether two squares overlap enough, or have centres within one FWHM."""
    centre = [(c[0] + c[2]) / 2 - (d[0] + d[2]) / 2 for c, d in [(a, b)]]
    centre += [(a[1] + a[3]) / 2 - (b[1] + b[3]) / 2]
    fwhm = (a[2] - a[0] + b[2] - b[0]) / 2 / 2.5
    return iou(a, b) > 0.5 or (centre[0] ** 2 + centre[1] ** 2) ** 0.5 <= fwhm


def kept(value: Any) -> Any:
    """Return a box of the plain model with the status it has when it is a clump."""
    cutout, status, corners, cls, proposed = value
    if status is not Status.DRAWN:
        status = Status.ACCEPTED if (corners, cls) == proposed else Status.EDITED
    return cutout, status, corners, cls, proposed


def everything(review: Review) -> list[str]:
    copy = sqlite3.connect(":memory:")
    review._store.copy_to(copy)
    return list(copy.iterdump())


class RandomReview(RuleBasedStateMachine):
    """A box of the plain model is (cutout, status, corners, class, as proposed)."""

    @initialize()
    def make(self) -> None:
        # In memory where there is such a folder: a sync costs nothing there.
        memory = Path("/dev/shm")
        self.folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        sources = [Source(name, (self.folder / f"{name}.png",)) for name in "abc"]
        self.path = self.folder / "a.clumps"
        self.review = Review.create(self.path, sources, held_out=0.4, seed=1)
        self.held_out = {c.id for c in self.review.cutouts() if c.held_out}
        assert 0 < len(self.held_out) < 3
        self.plain = Plain({("done", i): False for i in (1, 2, 3)})
        self.plain.state |= {("blind", i): False for i in (1, 2, 3)}
        self.plain.state |= {("flag", i): () for i in (1, 2, 3)}
        self.plain.state |= {("tags", i): () for i in (1, 2, 3)}
        self.plain.state |= {("interest", i): "-" for i in (1, 2, 3)}
        self.plain.state |= {("verdict", i): "-" for i in (1, 2, 3)}
        found = Artefact("trail", "a line", (1.0, 2.0, 3.0, 4.0))
        for i in (1, 2, 3):
            self.review.note_artefacts(i, [found])
        self.touched: list[int] = []
        self.review.changed.connect(self.touched.append)
        self.review.wait_for_disk()

    def teardown(self) -> None:
        on_disk = everything(self.review)
        self.review._store.leave_disk()
        assert everything(self.review) == on_disk  # what would go on were it gone
        self.review.close()
        shutil.rmtree(self.folder)

    def pick(self, data: Any) -> tuple[int, Any]:
        key = data.draw(st.sampled_from(sorted(self.ids())))
        return key, self.plain.state["box", key]

    def ids(self) -> list[int]:
        return [k for kind, k in self.plain.state if kind == "box"]

    def some(self, data: Any) -> list[int]:
        ids = self.ids()
        return data.draw(st.lists(st.sampled_from(ids), unique=True)) if ids else []

    def has_boxes(self) -> bool:
        return bool(self.ids())

    @rule(cutout=CUTOUTS, found=PROPOSALS)
    def propose(self, cutout: int, found: list[Any]) -> None:
        proposals = [Proposal(*corners, cls, 0.5) for corners, cls in found]
        before = {box.id for box in self.review.boxes(cutout)}
        taken = self.review.propose(cutout, proposals, "m")
        if self.plain.state["done", cutout] or self.plain.state["blind", cutout]:
            assert taken == 0
            return
        decided = [
            v[2]
            for v in self.plain.boxes(cutout).values()
            if v[1] is not Status.PROPOSAL
        ]
        new = [p for p in found if all(iou(p[0], d) <= 0.5 for d in decided)]
        ids = sorted({box.id for box in self.review.boxes(cutout)} - before)
        assert taken == len(new) == len(ids)
        boxes = {
            k: (cutout, Status.PROPOSAL, corners, cls, (corners, cls))
            for k, (corners, cls) in zip(ids, new, strict=True)
        }
        self.plain.propose(cutout, boxes)

    @precondition(has_boxes)
    @rule(data=st.data())
    def accept(self, data: Any) -> None:
        key, value = self.pick(data)
        self.review.accept(key)
        self.plain.decide({("box", key): kept(value)})

    @precondition(has_boxes)
    @rule(data=st.data())
    def reject(self, data: Any) -> None:
        key, value = self.pick(data)
        self.review.reject(key)
        drawn = value[1] is Status.DRAWN
        after = None if drawn else (value[0], Status.REJECTED, *value[2:])
        self.plain.decide({("box", key): after})

    @precondition(has_boxes)
    @rule(data=st.data(), corners=PLACES)
    def edit(self, data: Any, corners: Any) -> None:
        key, value = self.pick(data)
        self.review.edit(key, corners)
        if corners != value[2]:
            after = kept((value[0], value[1], corners, *value[3:]))
            self.plain.decide({("box", key): after})

    @precondition(has_boxes)
    @rule(data=st.data(), cls=st.sampled_from(CLASSES))
    def reclassify(self, data: Any, cls: str) -> None:
        key, value = self.pick(data)
        self.review.reclassify(key, cls)
        if cls != value[3]:
            after = kept((*value[:3], cls, value[4]))
            self.plain.decide({("box", key): after})

    @rule(cutout=CUTOUTS, corners=PLACES, cls=st.sampled_from(CLASSES))
    def add(self, cutout: int, corners: Any, cls: str) -> None:
        box = self.review.add(cutout, corners, cls)
        assert ("box", box.id) not in self.plain.state
        value = (cutout, Status.DRAWN, corners, cls, None)
        self.plain.decide({("box", box.id): value})

    @rule(data=st.data())
    def accept_all(self, data: Any) -> None:
        ids = self.some(data)
        self.review.accept_all(ids)
        self.plain.decide({("box", k): kept(self.plain.state["box", k]) for k in ids})

    @rule(data=st.data(), cutout=CUTOUTS)
    def finish(self, data: Any, cutout: int) -> None:
        ids = self.some(data)
        self.review.finish(cutout, ids)
        changes = {("box", k): kept(self.plain.state["box", k]) for k in ids}
        self.plain.decide({**changes, ("done", cutout): True})

    @rule(cutout=CUTOUTS, verdict=st.sampled_from([None, True, False]))
    def judge_artefact(self, cutout: int, verdict: bool | None) -> None:
        self.review.judge_artefact(cutout, "trail", verdict)
        said = "-" if verdict is None else verdict  # None is what is not there
        self.plain.decide({("verdict", cutout): said})

    @rule(cutout=CUTOUTS, done=st.booleans())
    def set_done(self, cutout: int, done: bool) -> None:
        self.review.set_done(cutout, done)
        self.plain.decide({("done", cutout): done})

    @rule(cutout=CUTOUTS)
    def reveal(self, cutout: int) -> None:
        n = self.review.reveal(cutout)
        state, boxes = self.plain.state, self.plain.boxes(cutout)
        shown = any(b[1] not in (Status.PROPOSAL, Status.DRAWN) for b in boxes.values())
        begun = shown or state["done", cutout] or state["blind", cutout]
        if begun or cutout not in self.held_out:
            assert n == 0
            return
        open_ = {k: b[2] for k, b in boxes.items() if b[1] is Status.PROPOSAL}
        drawn = [b[2] for b in boxes.values() if b[1] is Status.DRAWN]
        gone = [k for k, b in open_.items() if any(same(b, d) for d in drawn)]
        assert n == len(open_) - len(gone)
        removed: dict[Key, Any] = {("box", k): None for k in gone}
        self.plain.decide({("blind", cutout): True, **removed})

    @rule(cutout=CUTOUTS, flags=st.sets(st.sampled_from(FLAGS)))
    def flag(self, cutout: int, flags: set[str]) -> None:
        self.review.flag(cutout, flags)
        self.plain.decide({("flag", cutout): tuple(f for f in FLAGS if f in flags)})

    @rule(cutout=CUTOUTS, tags=st.sets(st.sampled_from(("bar", "Ring", "tail"))))
    def set_tags(self, cutout: int, tags: set[str]) -> None:
        self.review.set_tags(cutout, tags)
        self.plain.decide({("tags", cutout): tuple(sorted(tags, key=str.casefold))})

    @rule(cutouts=st.sets(CUTOUTS, min_size=1), interest=st.sampled_from((None, 0, 3)))
    def rate(self, cutouts: set[int], interest: int | None) -> None:
        self.review.set_interest(cutouts, interest)
        said = "-" if interest is None else interest  # None is what is not there
        self.plain.decide({("interest", cutout): said for cutout in cutouts})

    @rule(cutout=CUTOUTS)
    def inject(self, cutout: int) -> None:
        """Simulated clumps are no decision: nothing of the three is touched."""
        light = AddedLight(5.0, 6.0, 0.1, (1.0,) * 3, (2.0,) * 3)
        (made,) = self.review.inject({cutout: [light]})
        assert self.review.cutout(made).source.added == (light,)

    @rule(shown=st.booleans())
    def show_injected(self, shown: bool) -> None:
        self.review.show_injected(shown)
        assert self.review.withdrawn is (len(self.review) > 3 and not shown)
        copies = len(self.review.injected(done=False))
        assert copies == (len(self.review) - 3 if shown else 0)
        assert self.review.counts().cutouts == 3 + copies
        assert sorted(self.review.queue(QueuePlan("random")).ids)[:3] == [1, 2, 3]
        assert len(self.review.queue(QueuePlan("random"))) == 3 + copies

    @rule(times=st.integers(1, 5))
    def undo(self, times: int) -> None:
        for _ in range(times):
            assert self.review.can_undo is bool(self.plain.done)
            assert (self.review.undo() is not None) is self.plain.undo()

    @rule()
    def redo(self) -> None:
        assert self.review.can_redo is bool(self.plain.undone)
        assert (self.review.redo() is not None) is self.plain.redo()

    @rule()
    def undo_and_redo_everything(self) -> None:
        while self.review.undo() is not None:
            assert self.plain.undo()
        self.is_the_plain_one()
        while self.review.redo() is not None:
            assert self.plain.redo()

    @rule()
    def reopen(self) -> None:
        self.review.close()
        self.review = Review.open(self.path)
        self.review.wait_for_disk()
        self.review.changed.connect(self.touched.append)

    @invariant()
    def is_the_plain_one(self) -> None:
        found: dict[Key, Any] = {}
        for i in (1, 2, 3):
            found["done", i] = self.review.cutout(i).done
            found["flag", i] = self.review.cutout(i).flags
            found["blind", i] = self.review.cutout(i).blind
            found["tags", i] = self.review.cutout(i).tags
            found["verdict", i] = self.review.cutout(i).verdicts.get("trail", "-")
            interest = self.review.cutout(i).interest
            found["interest", i] = "-" if interest is None else interest
            for box in self.review.boxes(i):
                proposed = box.proposed and (box.proposed[:4], box.proposed[4])
                value = (i, box.status, box.corners, box.cls, proposed)
                found["box", box.id] = value
        assert found == self.plain.state

    @invariant()
    def is_the_replay_of_its_log(self) -> None:
        assert self.review.check() == []


RandomReview.TestCase.settings = settings(
    max_examples=50,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestRandomReview = RandomReview.TestCase


def test_check_notices_a_snapshot_that_is_not_the_log(review: Review) -> None:
    store = review._store
    box = review.boxes(1)[0]
    with store.transaction():
        store.rows("UPDATE boxes SET x1 = x1 + 1 WHERE id = ?", (box.id,))
    assert review.check() == [f"The boxes [{box.id}] differ from the log."]
    with store.transaction():
        store.rows("UPDATE cutouts SET done = 1 WHERE id = 2")
    assert "The cutouts [2] differ from the log." in review.check()
    with store.transaction():
        store.rows("UPDATE tally SET proposal = proposal + 1 WHERE done = 0")
    assert "The counts differ from the boxes and cutouts." in review.check()


@pytest.mark.parametrize("sql", ["DELETE FROM log", "UPDATE log SET annotator = 'X'"])
def test_the_log_is_append_only(review: Review, sql: str) -> None:
    store: Store = review._store
    with pytest.raises(ReviewError, match="append-only"), store.transaction():
        store.rows(sql)
    assert review.check() == []
