"""Two reviewers: how far they agree, and one file of both that loses nothing."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clump_detector.core.errors import Cancelled, ReviewError
from clump_detector.image_files.sources import Source
from clump_detector.images.artefacts.kinds import Artefact
from clump_detector.labels.label_set import read_label_set, write_label_set
from napari_clumps.review import Box, Proposal, QueuePlan, Review, Status
from napari_clumps.review.comparison.agreement import (
    Agreement,
    agreement_in_words,
    cohens_kappa,
    compare_reviews,
    self_consistency,
)
from napari_clumps.review.storage.steps import run_to_end

SIZE = (100, 80)
PROPOSALS = [
    Proposal(10, 10, 20, 20, "clump", 0.9),
    Proposal(40, 40, 52, 52, "clump", 0.6),
    Proposal(70, 10, 80, 20, "clump", 0.3),
]
Pair = tuple[Review, Review]


@pytest.fixture
def pair(tmp_path: Path, make_review: Callable[..., Review]) -> Pair:
    """Return two reviewers' files of three cutouts with three proposals each."""
    ada = make_review(3, annotator="Ada")
    for i in ada.ids:
        ada.propose(i, PROPOSALS, "m", size=SIZE)
    ada.close()
    copy = tmp_path / "ben.clumps"
    shutil.copy(ada.path, copy)
    again, ben = Review.open(ada.path), Review.open(copy)
    again.annotator, ben.annotator = "Ada", "Ben"
    return again, ben


def ids(review: Review, cutout: int = 1) -> list[int]:
    return [box.id for box in review.boxes(cutout)]


def said(box: Box) -> dict[str | None, Status]:
    return {opinion.annotator: opinion.status for opinion in box.opinions}


def merge(ada: Review, ben: Review) -> list[Box]:
    ben.close()
    ada.merge(ben.path)
    assert ada.check() == []
    return ada.boxes(1)


# -- one box at a time --------------------------------------------------------


def test_what_both_say_stands(pair: Pair) -> None:
    ada, ben = pair
    for review in pair:
        one, two, _ = ids(review)
        review.accept(one)
        review.reject(two)
    one, two, three = merge(ada, ben)
    assert [b.status for b in (one, two, three)] == ["accepted", "rejected", "proposal"]
    assert one.annotator == "Ada"
    assert said(one) == {"Ada": "accepted", "Ben": "accepted"}
    assert three.opinions == ()


def test_where_they_differ_a_box_waits(pair: Pair) -> None:
    ada, ben = pair
    ada.finish(1, [ids(ada)[0]])
    ben.reject(ids(ben)[0])
    ben.set_done(1, True)
    one, *_ = merge(ada, ben)
    assert one.status is Status.PROPOSAL
    assert said(one) == {"Ada": "accepted", "Ben": "rejected"}
    assert not ada.cutout(1).done
    assert ada.disagreements == 1
    assert list(ada.queue(QueuePlan(shown="disagreements")).ids) == [1]
    ada.propose(1, [], "newer", size=SIZE)  # a model does not settle it
    assert ada.disagreements == 1
    ada.accept(one.id)
    assert ada.disagreements == 0
    assert said(ada.box(one.id)) == {"Ada": "accepted", "Ben": "rejected"}


def test_what_only_the_other_decided_is_taken_over(pair: Pair) -> None:
    ada, ben = pair
    one, two, three = ids(ben)
    ben.accept(one)
    ben.edit(two, (41, 41, 53, 53))
    ben.reject(three)
    drawn = ben.add(1, (60, 60, 70, 70), "odd clump")
    ben.set_done(1, True)
    boxes = merge(ada, ben)
    assert [b.status for b in boxes] == ["accepted", "edited", "rejected", "drawn"]
    assert boxes[1].corners == (41, 41, 53, 53)
    assert boxes[3].corners == drawn.corners
    assert {b.annotator for b in boxes} == {"Ben"}
    assert ada.cutout(1).done
    assert ada.disagreements == 0


@pytest.mark.parametrize("who", ["Ada", "Ben"])
def test_a_clump_that_one_has_and_the_other_says_is_none(pair: Pair, who: str) -> None:
    drawer, other = pair if who == "Ada" else pair[::-1]
    drawer.add(1, (60, 60, 70, 70), "clump")
    drawer.set_done(1, True)
    other.set_done(1, True)
    *_, last = merge(*pair)
    assert last.status is Status.PROPOSAL
    assert last.origin == "person"
    expected = {"Ada": Status.REJECTED, "Ben": Status.REJECTED, who: Status.DRAWN}
    assert said(last) == expected
    ada = pair[0]
    ada.accept(last.id)
    assert ada.box(last.id).status is Status.DRAWN


def test_another_class_is_a_disagreement(pair: Pair) -> None:
    ada, ben = pair
    ada.accept(ids(ada)[0])
    ben.reclassify(ids(ben)[0], "odd clump")
    one, *_ = merge(ada, ben)
    assert one.status is Status.PROPOSAL
    assert {o.cls for o in one.opinions} == {"clump", "odd clump"}


def test_flags_and_remarks_of_both(pair: Pair) -> None:
    ada, ben = pair
    ada.flag(1, ["unsure"], "a ring?")
    ben.flag(1, ["merger"], "two nuclei")
    merge(ada, ben)
    assert ada.cutout(1).flags == ("merger", "unsure")
    assert ada.cutout(1).remark == "a ring?; two nuclei"


# -- the whole file -----------------------------------------------------------


def test_artefacts_and_verdicts_of_both(pair: Pair) -> None:
    ada, ben = pair
    trail = Artefact("trail", "a bright line", (1.0, 2.0, 3.0, 4.0))
    star = Artefact("saturated_star", "a star with spikes", (5.0, 5.0, 9.0, 9.0))
    ada.note_artefacts(1, [trail, star])
    for i in (1, 2):
        ben.note_artefacts(i, [trail, star])
        ben.judge_artefact(i, "trail", False)
        ben.judge_artefact(i, "saturated_star", True)
    ada.judge_artefact(1, "trail", True)
    merge(ada, ben)
    assert ada.cutout(1).verdicts == {"trail": True, "saturated_star": True}
    assert ada.cutout(2).artefacts == (trail, star)  # Ada's was not searched
    assert ada.cutout(2).standing_artefacts == (star,)
    assert ada.cutout(3).artefacts is None
    ada.undo()
    assert ada.cutout(1).verdicts == {"trail": True}
    assert ada.check() == []


def test_the_other_file_stays_and_undo_takes_the_merge_back(pair: Pair) -> None:
    ada, ben = pair
    ada.finish(1, ids(ada)[:1])
    ben.finish(1, ids(ben)[1:2])
    ben.finish(2, ids(ben, 2))
    ben.close()
    theirs = ben.path.read_bytes()
    before = [(ada.cutout(i), ada.boxes(i)) for i in ada.ids]
    found = ada.merge(ben.path)
    assert (found.cutouts, found.added, found.boxes) == (3, 0, 3)
    assert found.disagreements == 2
    assert ben.path.read_bytes() == theirs
    assert ada.undo() == 1
    assert [(ada.cutout(i), ada.boxes(i)) for i in ada.ids] == before
    assert ada.redo() is not None
    assert ada.disagreements == 2
    assert ada.check() == []


def test_merging_again_changes_nothing(pair: Pair) -> None:
    ada, ben = pair
    ada.finish(1, ids(ada)[:1])
    ben.finish(1, ids(ben)[1:2])
    ben.flag(2, ["merger"], "two nuclei")
    ben.close()
    ada.merge(ben.path)
    for box in ada.boxes(1):
        if box.status is Status.PROPOSAL and box.opinions:
            ada.accept(box.id)
    ada.set_done(1, True)
    seq = ada.last_seq
    again = ada.merge(ben.path)
    assert (again.boxes, again.disagreements) == (0, 0)
    assert ada.last_seq == seq


def test_cutouts_only_the_other_has_come_with_all_they_have(
    pair: Pair, tmp_path: Path
) -> None:
    ada, ben = pair
    ben.add_cutouts([Source("new", (tmp_path / "images" / "new.png",))])
    ben.propose(4, PROPOSALS, "m", size=SIZE)
    ben.accept(ids(ben, 4)[0])
    merge(ada, ben)
    assert ada.cutout(4).name == "new"
    assert ada.cutout(4).model == "m"
    assert [b.status for b in ada.boxes(4)] == ["accepted", "proposal", "proposal"]


def test_a_third_opinion_does_not_settle_it_silently(pair: Pair) -> None:
    ada, ben = pair
    eve_path = ada.path.with_name("eve.clumps")
    shutil.copy(ben.path, eve_path)
    ada.accept(ids(ada)[0])
    ben.reject(ids(ben)[0])
    with Review.open(eve_path) as eve:
        eve.annotator = "Eve"
        eve.accept(ids(eve)[0])
    merge(ada, ben)
    ada.merge(eve_path)
    one = ada.boxes(1)[0]
    assert one.status is Status.PROPOSAL
    assert said(one) == {"Ada": "accepted", "Ben": "rejected", "Eve": "accepted"}


def test_an_image_of_another_size_is_left_out_by_name(pair: Pair) -> None:
    ada, ben = pair
    for review, size in ((ada, SIZE), (ben, (50, 40))):
        review.propose(2, PROPOSALS[:1], "n", size=size)
    ben.accept(ids(ben, 2)[0])
    ben.close()
    assert ada.merge(ben.path).skipped == ("galaxy 2",)
    assert all(b.status is Status.PROPOSAL for b in ada.boxes(2))


def test_what_cannot_be_merged_is_said(
    pair: Pair, make_review: Callable[..., Review], tmp_path: Path
) -> None:
    ada, ben = pair
    other = Review.create(tmp_path / "x.clumps", [Source("x", (tmp_path / "x.png",))])
    other.close()
    with pytest.raises(ReviewError, match="none of the cutouts"):
        ada.merge(other.path)
    with pytest.raises(ReviewError, match="the review itself"):
        ada.merge(ada.path)
    with pytest.raises(ReviewError, match="no such review"):
        ada.merge(tmp_path / "nothing.clumps")
    with (
        Review.open(ben.path, read_only=True) as reader,
        pytest.raises(ReviewError, match="reading only"),
    ):
        reader.merge(ada.path)
    assert ada.check() == []


def test_the_consensus_says_who_said_what(pair: Pair, tmp_path: Path) -> None:
    ada, ben = pair
    ada.finish(1, ids(ada)[:1])
    ben.finish(1, ids(ben)[:1])
    merge(ada, ben)
    write_label_set(ada.label_set(), tmp_path / "labels.json")
    (cutout,) = read_label_set(tmp_path / "labels.json").cutouts
    (box,) = cutout.boxes
    names = [opinion["annotator"] for opinion in box.extra["opinions"]]
    assert names == ["Ada", "Ben"]


ACTIONS = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.sampled_from(("accept", "reject", "class", "edit", "draw", "done")),
        st.integers(0, 2),
    ),
    max_size=12,
)


def act(review: Review, actions: list[tuple[int, str, int]]) -> None:
    for cutout, action, place in actions:
        boxes = ids(review, cutout)
        box = boxes[place % len(boxes)]
        if action == "draw":
            review.add(cutout, (5 + 30 * place, 60, 17 + 30 * place, 72), "clump")
        elif action == "done":
            review.set_done(cutout, True)
        elif action == "edit":
            x1, y1, x2, y2 = review.box(box).corners
            review.edit(box, (x1 + 1, y1, x2 + 1, y2))
        elif action == "class":
            review.reclassify(box, "odd clump")
        else:
            getattr(review, action)(box)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(ACTIONS, ACTIONS)
def test_nothing_that_either_said_is_lost(
    tmp_path_factory: pytest.TempPathFactory,
    first: list[tuple[int, str, int]],
    second: list[tuple[int, str, int]],
) -> None:
    folder = tmp_path_factory.mktemp("pair")
    sources = [Source(name, (folder / f"{name}.png",)) for name in "abc"]
    with Review.create(folder / "ada.clumps", sources, annotator="Ada") as ada:
        for i in ada.ids:
            ada.propose(i, PROPOSALS, "m", size=SIZE)
    shutil.copy(folder / "ada.clumps", folder / "ben.clumps")
    told = []
    for name, actions in (("ada", first), ("ben", second)):
        with Review.open(folder / f"{name}.clumps") as review:
            review.annotator = name
            act(review, actions)
            for i in review.ids:
                told += [b for b in review.boxes(i) if b.decided]
    with Review.open(folder / "ada.clumps") as ada:
        before = [(ada.cutout(i), ada.boxes(i)) for i in ada.ids]
        found = ada.merge(folder / "ben.clumps")
        kept = {
            (i, *row)
            for i in ada.ids
            for b in ada.boxes(i)
            for row in (
                (b.annotator, b.time, b.status, b.corners, b.cls),
                *(
                    (o.annotator, o.time, o.status, o.corners, o.cls)
                    for o in b.opinions
                ),
            )
        }
        for b in told:
            row = (b.cutout, b.annotator, b.time, b.status, b.corners, b.cls)
            assert row in kept
        assert ada.disagreements == found.disagreements
        for i in ada.ids:
            open_ = [b for b in ada.boxes(i) if b.opinions and not b.decided]
            assert not (ada.cutout(i).done and open_)
        assert ada.check() == []
        if ada.last_seq > 6 and ada.can_undo and found.boxes + found.disagreements:
            ada.undo()
            assert [(ada.cutout(i), ada.boxes(i)) for i in ada.ids] == before
            assert ada.check() == []
    shutil.rmtree(folder)


# -- agreement ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "kappa"),
    [
        # Worked out by hand: observed 0.7; chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5.
        ((20, 5, 10, 15), 0.4),
        ((10, 0, 0, 10), 1.0),
        ((0, 10, 10, 0), -1.0),
        ((25, 25, 25, 25), 0.0),
        ((10, 0, 0, 0), None),
        ((0, 0, 0, 0), None),
    ],
)
def test_kappa(table: tuple[int, ...], kappa: float | None) -> None:
    found = cohens_kappa(*table)
    assert found == (None if kappa is None else pytest.approx(kappa))


@settings(deadline=None)
@given(st.tuples(*[st.integers(0, 20)] * 4))
def test_kappa_is_that_of_scikit_learn(table: tuple[int, int, int, int]) -> None:
    ours = cohens_kappa(*table)
    if ours is None:
        return
    metrics = pytest.importorskip("sklearn.metrics")
    both, first, second, none = table
    one = [1] * (both + first) + [0] * (second + none)
    two = [1] * both + [0] * first + [1] * second + [0] * none
    assert ours == pytest.approx(metrics.cohen_kappa_score(one, two))


def test_agreement_of_a_case_worked_out_by_hand(pair: Pair) -> None:
    ada, ben = pair
    # Cutout 1: one kept by both, one by Ada only, one rejected by both; Ben draws one.
    ada.finish(1, ids(ada)[:2])
    ada.reject(ids(ada)[2])
    ben.finish(1, ids(ben)[:1])
    ben.reject(ids(ben)[1])
    ben.reject(ids(ben)[2])
    ben.add(1, (60, 60, 70, 70), "clump")
    # Cutout 2: one kept by both, of another class; cutout 3 is not done by Ben.
    ada.finish(2, ids(ada, 2)[:1])
    ben.reclassify(ids(ben, 2)[0], "odd clump")
    ben.set_done(2, True)
    ada.finish(3, ids(ada, 3))
    found = compare_reviews(ada, ben)
    assert found.kappa_interval is not None
    expected = Agreement(
        "Ada", "Ben", cutouts=2, boxes_first=3, boxes_second=3, boxes_both=2,
        same_class=1, kept_both=2, kept_first=1, kept_second=0, rejected_both=1,
        kappa_interval=found.kappa_interval,
    )  # fmt: skip
    assert found == expected
    assert found.completeness_of_first == found.completeness_of_second == 2 / 3
    assert found.kappa == pytest.approx(0.5)  # observed 3/4, by chance 1/2
    words = " ".join(agreement_in_words(found))
    assert "2 cutouts done by Ada and by Ben" in words
    assert "3 of 4 proposals are decided alike: Cohen's kappa 0.50" in words


def test_no_common_cutout_is_said(pair: Pair) -> None:
    assert "no cutout that" in agreement_in_words(compare_reviews(*pair))[0]


# -- the same cutout once more ----------------------------------------------------


def test_a_reviewer_against_himself(pair: Pair) -> None:
    ada, _ = pair
    for i in (1, 2):
        ada.finish(i, ids(ada, i)[:2])
        ada.reject(ids(ada, i)[2])
    learned = ada.learning_counts()
    assert ada.show_again(5) == 2
    assert ada.show_again(5) == 0  # each once more at most
    again = [ada.cutout(i) for i in (4, 5)]
    assert {c.repeat_of for c in again} == {1, 2}
    assert {c.name for c in again} == {"galaxy 1", "galaxy 2"}
    assert not any(c.done or c.held_out for c in again)
    for cutout in again:
        boxes = ada.boxes(cutout.id)
        assert [b.corners for b in boxes] == [p.corners for p in PROPOSALS]
        assert {b.status for b in boxes} == {Status.PROPOSAL}
        ada.finish(cutout.id, [boxes[0].id])
        ada.reject(boxes[1].id)
        ada.reject(boxes[2].id)
    found = self_consistency(ada)
    assert (found.cutouts, found.kept_both, found.kept_first) == (2, 2, 2)
    assert (found.kept_second, found.rejected_both) == (0, 2)
    assert ada.learning_counts() == learned
    assert len(ada.label_set().cutouts) == 2
    assert ada.check() == []


def test_repeats_come_later_in_the_queue(make_review: Callable[..., Review]) -> None:
    review = make_review(60)
    for i in range(1, 11):
        review.set_done(i, True)
    assert review.show_again(4) == 4
    ids = list(review.queue().ids)
    first = {c.id: c.repeat_of for c in review.cutouts() if c.repeat_of}
    for again, original in first.items():
        assert ids.index(again) >= ids.index(original) + 20
    assert ids[-4:] != sorted(first)
    assert list(review.queue().ids) == ids


# -- cancelled, and while decisions go on ----------------------------------------


def decided(pair: Pair) -> None:
    """Have two reviewers say different things, and one add a cutout."""
    ada, ben = pair
    for cutout in ada.ids:
        one, two, three = ids(ada, cutout)
        ada.accept_all([one, two])
        ben.reject(one)
        ben.accept(three)
    added = ben.path.parent / "elsewhere.png"
    added.write_bytes(b"")
    ben.add_cutouts([Source("elsewhere", (added,))])
    ben.add(4, (10, 10, 20, 20), "clump")
    ben.close()


def test_a_merge_that_is_cancelled_anywhere_changes_nothing(pair: Pair) -> None:
    ada, ben = pair
    decided(pair)
    before = ada.last_seq, len(ada), [ada.boxes(i) for i in ada.ids]
    for calls in range(100):
        left = calls

        def should_go_on() -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Cancelled

        steps = ada.merge_steps(ben.path, should_go_on)
        try:
            found = run_to_end(steps)
        except Cancelled:
            now = ada.last_seq, len(ada), [ada.boxes(i) for i in ada.ids]
            assert now == before
            assert ada.check() == []
        else:
            break
    assert calls > 10  # some of them in the transaction
    assert found.added == 1
    assert ada.check() == []


def test_what_is_decided_during_a_merge_is_heard(pair: Pair, tmp_path: Path) -> None:
    ada, ben = pair
    decided(pair)
    shutil.copy(ada.path, tmp_path / "later.clumps")
    with Review.open(tmp_path / "later.clumps") as later:  # decides first, then merges
        later.annotator = "Ada"
        for _ in range(2):
            later.add(1, (5, 60, 15, 70), "clump")
        expected = later.merge(ben.path)
        wanted = [[(b.status, b.corners) for b in later.boxes(i)] for i in later.ids]
    steps = ada.merge_steps(ben.path)
    next(steps)
    ada.add(1, (5, 60, 15, 70), "clump")
    next(steps)
    ada.add(1, (5, 60, 15, 70), "clump")
    found = run_to_end(steps)
    assert ada.check() == []
    assert found == expected
    assert [[(b.status, b.corners) for b in ada.boxes(i)] for i in ada.ids] == wanted
