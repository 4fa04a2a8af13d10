"""External labels in a review: nothing decided is lost, and undo takes it back."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from clump_detector.core.errors import LabelError, ReviewError
from clump_detector.image_files.sources import Source
from clump_detector.labels.classes.matching import class_names
from clump_detector.labels.label_set import read_label_set, write_label_set
from napari_clumps.io.import_labels import add_labels, find_labels
from napari_clumps.review import Box, Label, Proposal, QueuePlan, Review, Status

SIZE = (100, 80)
HERE, THERE = (10.0, 10.0, 20.0, 20.0), (60.0, 40.0, 72.0, 52.0)


def label(
    corners: tuple[float, ...] = HERE, cls: str = "clump", **more: object
) -> Label:
    x1, y1, x2, y2 = corners
    whole = Label(x1, y1, x2, y2, cls, "Clump Scout")
    return replace(whole, **more)  # type: ignore[arg-type]


def take(
    review: Review, *labels: Label, accepted: bool = False, cutout: int = 1
) -> str:
    said = review.add_labels({cutout: labels}, accepted=accepted).in_words()
    assert review.check() == []
    return " ".join(said)


def by_origin(review: Review, cutout: int = 1) -> list[Box]:
    return [b for b in review.boxes(cutout) if b.origin == "Clump Scout"]


# -- what becomes of a label --------------------------------------------------


def test_as_proposals_they_wait_with_their_origin(review: Review) -> None:
    take(review, label(THERE, score=0.4), label((80, 10, 90, 20), "odd clump"))
    one, two = by_origin(review)
    assert (one.status, one.score, one.model) == (Status.PROPOSAL, 0.4, None)
    assert (two.cls, two.score, two.annotator) == ("odd clump", None, None)
    assert two.proposed == (80, 10, 90, 20, "odd clump")
    review.accept(one.id)
    review.edit(two.id, (80, 11, 90, 21))
    assert [b.status for b in by_origin(review)] == ["accepted", "edited"]
    review.reject(one.id)
    assert by_origin(review)[0].status is Status.REJECTED


def test_as_accepted_they_count_by_the_persons_word(review: Review) -> None:
    take(review, label(THERE), accepted=True)
    (box,) = by_origin(review)
    assert (box.status, box.annotator) == (Status.ACCEPTED, "Ada")
    assert box.time is not None
    assert not review.cutout(1).done


def test_a_box_drawn_elsewhere_is_a_drawn_box(review: Review) -> None:
    drawn = label(THERE, origin="person", annotator="Eve", time="2024-05-01T00:00:00")
    take(review, drawn, accepted=True)
    box = review.boxes(1)[-1]
    assert (box.status, box.annotator) == (Status.DRAWN, "Eve")
    assert box.time == "2024-05-01T00:00:00"


@pytest.mark.parametrize("accepted", [False, True])
def test_what_is_decided_stands(review: Review, accepted: bool) -> None:
    kept, rejected = (box.id for box in review.boxes(1))
    review.accept(kept)
    review.reject(rejected)
    before = review.boxes(1)
    said = take(
        review, label((11, 10, 20, 22)), label((40, 40, 55, 52)), accepted=accepted
    )
    assert review.boxes(1) == before
    assert "2 left out: you have decided on a box there" in said
    assert said.startswith("0 boxes imported")


@pytest.mark.parametrize("accepted", [False, True])
def test_a_done_cutout_stands(review: Review, accepted: bool) -> None:
    review.set_done(1, True)
    before = review.boxes(1)
    said = take(review, label(THERE), accepted=accepted)
    assert review.boxes(1) == before
    assert "1 left out: its cutout is done" in said


@pytest.mark.parametrize("accepted", [False, True])
def test_a_label_takes_the_place_of_a_models_proposal(
    review: Review, accepted: bool
) -> None:
    first, second = review.boxes(1)
    said = take(review, label((10, 10, 20, 22)), accepted=accepted)
    assert "1 replaced a model's proposal" in said
    boxes = review.boxes(1)
    assert [b.id for b in boxes] == [second.id, 3]
    assert boxes[1].second == first.score == 0.9
    review.undo()
    assert review.boxes(1) == [first, second]


def test_two_labels_on_one_proposal(review: Review) -> None:
    before = review.boxes(1)
    said = take(review, label((10, 10, 20, 21)), label((10, 11, 20, 22)))
    assert "1 replaced" in said
    first, second = by_origin(review)
    assert (first.second, second.second) == (0.9, None)
    review.undo()
    assert review.boxes(1) == before


def test_taking_in_twice_changes_nothing(review: Review) -> None:
    take(review, label(THERE))
    seq = review.last_seq
    assert "waits for your decision already" in take(review, label(THERE))
    assert review.last_seq == seq
    take(review, label(THERE), accepted=True)  # now they are clumps
    assert [b.status for b in by_origin(review)] == ["accepted"]
    seq = review.last_seq
    assert "you have decided" in take(review, label(THERE), accepted=True)
    assert review.last_seq == seq


def test_a_new_detection_leaves_them_and_says_what_it_thinks(review: Review) -> None:
    take(review, label(THERE))
    again = [Proposal(*THERE, "clump", 0.7), Proposal(30, 60, 40, 70, "clump", 0.2)]
    review.propose(1, again, "starter-1", size=SIZE)
    (box,) = by_origin(review)
    assert box.status is Status.PROPOSAL
    assert box.second == 0.7
    assert len(review.boxes(1)) == 2
    assert review.check() == []
    review.undo()
    assert by_origin(review) == []
    assert review.check() == []


def test_labels_outside_the_image_and_over_its_rim(review: Review) -> None:
    said = take(review, label((-9, 5, 5, 15)), label((200, 5, 220, 15)))
    assert by_origin(review)[0].corners == (-0.5, 5, 5, 15)
    assert "1 left out: it lies outside the image" in said


def test_one_step_of_undo_across_cutouts(make_review: Callable[..., Review]) -> None:
    review = make_review(4)
    labels = {i: [label(HERE), label(THERE)] for i in review.ids}
    told: list[int] = []
    review.changed.connect(told.append)
    counts = review.add_labels(labels, accepted=True)
    assert (counts.boxes, len(counts.cutouts)) == (8, 4)
    assert sorted(told) == [1, 2, 3, 4]
    kinds = {d.kind for d in review.decisions()}
    assert kinds == {"import"}
    assert review.undo() is not None
    assert all(review.boxes(i) == [] for i in review.ids)
    assert not review.can_undo
    assert review.redo() is not None
    assert sum(len(review.boxes(i)) for i in review.ids) == 8
    path = review.path
    review.close()
    with Review.open(path) as again:
        assert again.check() == []
        assert sum(len(again.boxes(i)) for i in again.ids) == 8


def test_the_person_stays_where_he_was(make_review: Callable[..., Review]) -> None:
    review = make_review(4)
    review.add(2, HERE, "clump")
    review.add_labels({4: [label()]}, accepted=True)
    assert review.position == 2


def test_unscored_proposals_are_in_the_queue(
    make_review: Callable[..., Review],
) -> None:
    review = make_review(3)
    review.propose(1, [Proposal(*HERE, "clump", 0.1)], "m", size=SIZE)
    review.add_labels({3: [label(), label(THERE)]}, accepted=False)
    queue = review.queue(QueuePlan("most proposals"), least=lambda _: 0.3)
    assert queue.ids[0] == 3


def test_what_cannot_be_taken_in_changes_nothing(review: Review) -> None:
    before = review.boxes(1), review.last_seq
    with pytest.raises(ReviewError, match="no class 'knot'"):
        review.add_labels({1: [label(), label(THERE, "knot")]}, accepted=True)
    with pytest.raises(ReviewError, match="no cutout 9"):
        review.add_labels({1: [label(THERE)], 9: [label()]}, accepted=True)
    with (
        Review.open(review.path, read_only=True) as reader,
        pytest.raises(ReviewError, match="reading only"),
    ):
        reader.add_labels({1: [label()]}, accepted=True)
    assert (review.boxes(1), review.last_seq) == before


def test_the_label_set_says_where_they_are_from(review: Review, tmp_path: Path) -> None:
    take(review, label(THERE), accepted=True)
    write_label_set(review.label_set(), tmp_path / "l.json")
    (cutout,) = read_label_set(tmp_path / "l.json").cutouts
    (box,) = [b for b in cutout.boxes if b.origin != "model"]
    assert (box.origin, box.status, box.annotator) == ("Clump Scout", "accepted", "Ada")


# -- from a file ----------------------------------------------------------------


def run(work):  # type: ignore[no-untyped-def]
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def coco(folder: Path, *names: str, **more: object) -> Path:
    """Write a COCO file with one box of class ``knot`` on each of some images."""
    images = [{"id": i, "file_name": f"{n}.png"} for i, n in enumerate(names)]
    boxes = [
        {"image_id": i, "category_id": 1, "bbox": [60.5, 40.5, 12, 12], **more}
        for i in range(len(names))
    ]
    content = {
        "images": images,
        "annotations": boxes,
        "categories": [{"id": 1, "name": "knot"}],
    }
    path = folder / "others.json"
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def known(review: Review) -> Review:
    """Return a review that knows the size of its images, which do not exist."""
    for i in review.ids:
        review.propose(i, [], "starter-1", size=SIZE)
    return review


def test_a_file_becomes_proposals(known: Review, tmp_path: Path) -> None:
    path = coco(tmp_path, "galaxy 1", "galaxy 2", "galaxy 7")
    found = run(find_labels(known, path))
    words = " ".join(found.in_words())
    assert "2 boxes lie on 2 cutouts" in words
    assert "1 left out: no cutout here shows it (such as galaxy 7.png)" in words
    said = add_labels(known, found, "proposals")
    assert said[0] == "2 boxes imported on 2 cutouts."
    assert "2 boxes of the class “knot” became “clump”." in said
    (box,) = known.boxes(2)
    assert (box.corners, box.origin) == ((60, 40, 72, 52), "others.json")
    assert known.undo() is not None
    assert known.boxes(2) == []
    assert known.check() == []


def test_none_of_it_lies_on_a_cutout(known: Review, tmp_path: Path) -> None:
    found = run(find_labels(known, coco(tmp_path, "elsewhere")))
    with pytest.raises(LabelError, match="none of its boxes"):
        add_labels(known, found, "proposals")
    assert not known.can_undo


def test_repeats_get_no_labels(known: Review, tmp_path: Path) -> None:
    known.set_done(2, True)
    known.show_again(1)
    found = run(find_labels(known, coco(tmp_path, "galaxy 2")))
    assert set(found.placed.boxes) == {2}


def test_our_own_label_set_goes_round(known: Review, tmp_path: Path) -> None:
    """Every decision comes into another review of the same images as it was."""
    known.annotator = "Eve"
    drawn = known.add(2, THERE, "odd clump")
    other = known.add(3, HERE, "clump")
    known.set_done(3, True)
    path = tmp_path / "l.json"
    write_label_set(known.label_set(), path)
    sources = [known.cutout(i).source for i in known.ids]
    with Review.create(tmp_path / "new.clumps", sources) as new:
        for i in new.ids:
            new.propose(i, [], "m", size=SIZE)
        add_labels(new, run(find_labels(new, path)), "accepted")
        (again,) = new.boxes(2)
        assert again.corners == pytest.approx(drawn.corners, abs=1e-3)
        assert (again.cls, again.status) == ("odd clump", Status.DRAWN)
        assert (again.annotator, again.origin) == ("Eve", "person")
        assert new.boxes(3)[0].corners == pytest.approx(other.corners, abs=1e-3)
        assert new.check() == []


def test_undecided_and_rejected_boxes_of_a_file(review: Review, tmp_path: Path) -> None:
    first, second = review.boxes(1)
    review.reject(second.id)
    review.add(1, THERE, "clump")
    path = tmp_path / "l.json"
    write_label_set(review.label_set(), path)
    source = review.cutout(1).source
    for how, statuses in (("accepted", ["drawn"]), ("proposals", ["proposal"] * 2)):
        with Review.create(tmp_path / f"{how}.clumps", [source]) as new:
            new.propose(1, [], "m", size=SIZE)
            said = " ".join(add_labels(new, run(find_labels(new, path)), how))
            assert [b.status for b in new.boxes(1)] == statuses
            assert "1 left out: a box that was rejected there." in said
            assert ("undecided there" in said) is (how == "accepted")
    assert first.score == 0.9


@pytest.mark.parametrize(
    ("found", "chosen", "names"),
    [
        (
            ["clumpy", "clumpy, odd"],
            None,
            {"clumpy": "clump", "clumpy, odd": "odd clump"},
        ),
        (["Clump", "ODD CLUMP"], None, {"Clump": "clump", "ODD CLUMP": "odd clump"}),
        (["1", "2", ""], None, {"1": "clump", "2": "odd clump", "": "clump"}),
        (["clump", "galaxy"], None, {"clump": "clump", "galaxy": None}),
        (["knot", ""], None, {"knot": "clump", "": "clump"}),
        (["clump", "x"], "odd clump", {"clump": "odd clump", "x": "odd clump"}),
    ],
)
def test_names_of_classes(
    found: list[str], chosen: str | None, names: dict[str, str | None]
) -> None:
    assert class_names(found, ("clump", "odd clump"), chosen) == names


# -- anything in any order ------------------------------------------------------

PLACES = st.sampled_from(
    [HERE, (12.0, 10.0, 22.0, 20.0), THERE, (62.0, 41.0, 73.0, 52.0)]
)
CUTOUTS = st.integers(1, 2)


class Imports(RuleBasedStateMachine):
    """Decides, detects, takes labels in, undoes and redoes, in any order."""

    @initialize()
    def make(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        sources = [Source(f"g{i}", (self.folder / f"g{i}.png",)) for i in (1, 2)]
        self.review = Review.create(
            self.folder / "r.clumps", sources, seed=1, held_out=0, annotator="Ada"
        )

    def everything(self) -> list[object]:
        review = self.review
        return [(review.cutout(i), review.boxes(i)) for i in review.ids]

    @rule(
        cutout=CUTOUTS, places=st.lists(PLACES, max_size=3), model=st.sampled_from("ab")
    )
    def detect(self, cutout: int, places: list[tuple[float, ...]], model: str) -> None:
        before = [b for b in self.review.boxes(cutout) if b.origin == "Clump Scout"]
        proposals = [Proposal(*p, "clump", 0.5) for p in places]
        self.review.propose(cutout, proposals, model, size=SIZE)
        after = [b for b in self.review.boxes(cutout) if b.origin == "Clump Scout"]
        assert [replace(b, second=None) for b in after] == [
            replace(b, second=None) for b in before
        ]

    @rule(
        labels=st.dictionaries(CUTOUTS, st.lists(PLACES, min_size=1, max_size=3)),
        accepted=st.booleans(),
    )
    def import_(
        self, labels: dict[int, list[tuple[float, ...]]], accepted: bool
    ) -> None:
        before = self.everything()
        decided = {
            b.id: b for i in self.review.ids for b in self.review.boxes(i) if b.decided
        }
        given = {i: [label(p) for p in found] for i, found in labels.items()}
        counts = self.review.add_labels(given, accepted=accepted)
        n = sum(map(len, given.values()))
        assert n == (
            counts.boxes + counts.decided + counts.there + counts.done + counts.outside
        )
        after = {b.id: b for i in self.review.ids for b in self.review.boxes(i)}
        assert {i: after[i] for i in decided} == decided
        if counts.boxes:
            whole = self.everything()
            assert self.review.undo() is not None
            assert self.everything() == before
            assert self.review.redo() is not None
            assert self.everything() == whole
        else:
            assert self.everything() == before

    @rule(cutout=CUTOUTS, place=st.integers(0, 3), action=st.integers(0, 3))
    def decide(self, cutout: int, place: int, action: int) -> None:
        boxes = self.review.boxes(cutout)
        if action == 3:
            self.review.set_done(cutout, not self.review.cutout(cutout).done)
        elif boxes:
            box = boxes[place % len(boxes)]
            act = (self.review.accept, self.review.reject,
                   lambda i: self.review.edit(i, (14.0, 14.0, 30.0, 30.0)))  # fmt: skip
            act[action](box.id)

    @rule(back=st.booleans())
    def travel(self, back: bool) -> None:
        (self.review.undo if back else self.review.redo)()

    @rule()
    def reopen(self) -> None:
        before = self.everything()
        self.review.close()
        self.review = Review.open(self.review.path)
        self.review.annotator = "Ada"
        assert self.everything() == before

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "review"):
            assert self.review.check() == []

    def teardown(self) -> None:
        if hasattr(self, "review"):
            self.review.close()


TestImports = Imports.TestCase
TestImports.settings = settings(
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
