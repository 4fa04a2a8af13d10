"""The queue: which cutouts, in which order, and where one was."""

from collections.abc import Callable

import pytest

from clump_detector.core.errors import ReviewError
from clump_detector.images.artefacts.kinds import Artefact
from napari_clumps.review import (
    ORDERS,
    RANKED,
    SHOWN,
    Proposal,
    QueuePlan,
    Review,
)

MakeReview = Callable[..., Review]

#: Scores of the proposals on each of five cutouts.
SCORES = {1: [0.3], 2: [0.9, 0.1, 0.2], 3: [], 4: [0.52, 0.95], 5: [0.1]}


@pytest.fixture
def review(make_review: MakeReview) -> Review:
    made = make_review(5)
    for cutout, scores in SCORES.items():
        boxes = [
            Proposal(20 * i, 10, 20 * i + 12, 22, "clump", s)
            for i, s in enumerate(scores)
        ]
        made.propose(cutout, boxes, "m", size=(100, 80))
    return made


@pytest.mark.parametrize(
    ("order", "ids"),
    [
        ("catalogue", [1, 2, 3, 4, 5]),
        ("highest score", [4, 2, 1, 5, 3]),
        ("least certain", [4, 1, 2, 5, 3]),
        ("most proposals", [2, 4, 1, 5, 3]),
    ],
)
def test_orders(review: Review, order: str, ids: list[int]) -> None:
    assert list(review.queue(QueuePlan(order)).ids) == ids


def test_proposals_below_the_threshold_are_not_counted(review: Review) -> None:
    queue = review.queue(QueuePlan("most proposals"), least=lambda _: 0.5)
    assert list(queue.ids) == [4, 2, 1, 3, 5]


def test_each_model_has_a_threshold_of_its_own(review: Review) -> None:
    other = [Proposal(0, 0, 9, 9, "clump", 0.2)] * 4
    review.propose(3, other, "other", size=(100, 100))
    plan = QueuePlan("most proposals")
    least = {"other": 0.1}
    queue = review.queue(plan, least=lambda model: least.get(model, 0.5))
    assert next(iter(queue.ids)) == 3
    assert 3 in list(review.queue(plan, least=lambda _: 0.5).ids)[-2:]


def test_random_is_an_order_of_its_own_and_stays(make_review: MakeReview) -> None:
    review = make_review(50)
    ids = list(review.queue(QueuePlan("random")).ids)
    assert sorted(ids) == list(review.ids) != ids
    with Review.open(review.path, read_only=True) as again:
        assert list(again.queue(QueuePlan("random")).ids) == ids


def test_by_hand_comes_first_and_is_kept(review: Review) -> None:
    review.custom_order = (4, 2, 4)
    review.queue_plan = QueuePlan("custom list")
    review.close()
    with Review.open(review.path) as again:
        assert again.custom_order == (4, 2)
        assert list(again.queue().ids) == [4, 2, 1, 3, 5]
        with pytest.raises(ReviewError, match="no cutout 9"):
            again.custom_order = (9,)


def test_the_order_of_an_earlier_version_goes_by_its_new_name(review: Review) -> None:
    review.custom_order = [3]
    review._remember(queue_plan=["by hand", "not done"])
    assert review.queue_plan == QueuePlan("custom list", "not done")
    assert review.queue().ids[0] == 3


def test_held_out_cutouts_make_a_queue(make_review: MakeReview) -> None:
    review = make_review(10, held_out=0.3)
    held_out = [c.id for c in review.cutouts() if c.held_out]
    assert held_out
    queue = review.queue(QueuePlan(shown="held out"))
    assert list(queue.ids) == held_out
    review.set_done(held_out[0], True)
    assert queue.next_undone() == (held_out[1] if len(held_out) > 1 else None)


def test_what_is_shown(review: Review) -> None:
    review.set_done(2, True)
    review.flag(3, ["merger"])
    review.flag(5, [], "a ring?")
    assert list(review.queue(QueuePlan(shown="not done")).ids) == [1, 3, 4, 5]
    assert list(review.queue(QueuePlan(shown="flagged")).ids) == [3, 5]
    assert list(review.queue(QueuePlan(shown="disagreements")).ids) == []
    both = QueuePlan("highest score", "not done")
    assert list(review.queue(both).ids) == [4, 1, 5, 3]


@pytest.mark.parametrize("plan", [("nonsense", "all"), ("random", "nonsense")])
def test_a_queue_that_is_none_is_refused(plan: tuple[str, str]) -> None:
    with pytest.raises(ReviewError, match="there is no queue"):
        QueuePlan(*plan)


def test_every_plan_gives_each_cutout_once_or_not_at_all(review: Review) -> None:
    for order in ORDERS:
        for shown in SHOWN:
            ids = list(review.queue(QueuePlan(order, shown)).ids)
            assert len(ids) == len(set(ids))
            assert set(ids) <= set(review.ids)


def test_steps(review: Review) -> None:
    queue = review.queue(QueuePlan("highest score"))  # 4 2 1 5 3
    assert [queue.neighbour(i, +1) for i in (4, 2, 3)] == [2, 1, None]
    assert [queue.neighbour(i, -1) for i in (4, 2, 3)] == [None, 4, 5]
    rest = review.queue(QueuePlan(shown="flagged"))
    assert rest.neighbour(1, +1) is None
    assert rest.next_undone() is None
    review.flag(5, ["unsure"])
    assert review.queue(QueuePlan(shown="flagged")).neighbour(1, +1) == 5


def test_next_undone_goes_round(review: Review) -> None:
    queue = review.queue(QueuePlan("highest score"))  # 4 2 1 5 3
    assert queue.next_undone() == 4
    review.set_done(2, True)
    assert queue.next_undone(4) == 1
    assert queue.next_undone(3) == 4
    for i in (1, 3, 4):
        review.set_done(i, True)
    assert queue.next_undone(5) == 5
    review.set_done(5, True)
    assert queue.next_undone(5) is None


def test_next_undone_is_found_behind_many_done_ones(make_review: MakeReview) -> None:
    review = make_review(1200)
    for i in review.ids:
        if i != 1100:
            review._snapshot.put_cutout(i, {"done": True})
    assert review.queue().next_undone(1) == 1100
    assert review.queue().next_undone(1150) == 1100


def test_a_person_comes_back_to_where_he_was(review: Review) -> None:
    assert review.position is None
    review.set_done(2, True)
    assert review.position == 2
    review.position = 4
    assert review.position == 4
    review.propose(1, [], "other")  # nobody's decision
    assert review.position == 4
    review.flag(3, ["artefact"])  # a later decision, and then the power went
    with Review.open(review.path, read_only=True) as again:
        assert again.position == 3


@pytest.mark.parametrize(
    ("text", "after", "found"),
    [
        ("galaxy 3", 0, 3), ("LAXY", 0, 1), ("laxy", 1, 2), ("laxy", 5, 1),
        ("galaxy 3", 3, 3), ("%", 0, None), ("galaxy_3", 0, None), ("", 2, 3),
    ],
)  # fmt: skip
def test_search(review: Review, text: str, after: int, found: int | None) -> None:
    assert review.search(text, after) == found


def test_flags_are_decisions(review: Review) -> None:
    review.flag(1, ["unsure", "artefact"], "  a satellite trail ")
    cutout = review.cutout(1)
    assert cutout.flags == ("artefact", "unsure")
    assert cutout.remark == "a satellite trail"
    review.flag(1, ["artefact", "unsure"], "a satellite trail")
    assert [d.kind for d in review.decisions()] == ["flag"]
    assert review.undo() == 1
    assert review.cutout(1).flags == ()
    assert review.redo() == 1
    with pytest.raises(ReviewError, match="no flag 'pretty'"):
        review.flag(1, ["pretty"])
    assert review.check() == []


# -- orders that a model gives ----------------------------------------------------

MODEL_S = [order for order in RANKED if order != "check again"]


@pytest.mark.parametrize("order", MODEL_S)
def test_what_a_model_ranks_comes_first(review: Review, order: str) -> None:
    asked = []

    def ranking(name: str) -> list[int]:
        asked.append(name)
        return [5, 3, 99]

    queue = review.queue(QueuePlan(order), ranking=ranking)
    assert list(queue.ids) == [5, 3, 1, 2, 4]
    assert asked == [order]
    assert queue.note == ""


@pytest.mark.parametrize("order", MODEL_S)
def test_before_a_model_has_said_anything_another_order_stands_in(
    review: Review, order: str
) -> None:
    for ranking in (None, lambda _: []):
        queue = review.queue(QueuePlan(order), ranking=ranking)
        assert list(queue.ids) == [4, 1, 2, 5, 3]
        assert "least certain" in queue.note


def test_held_out_cutouts_are_in_no_order_of_a_model_s(make_review: MakeReview) -> None:
    review = make_review(60, held_out=0.3)
    held_out = {c.id for c in review.cutouts() if c.held_out}
    assert held_out
    every = list(review.ids)
    for order in RANKED:
        queue = review.queue(QueuePlan(order), ranking=lambda _: every)
        assert set(queue.ids) == set(every) - held_out
        assert not held_out & set(review.queue(QueuePlan(order)).ids)
    apart = review.queue(QueuePlan("diverse", "held out"), ranking=lambda _: every)
    assert set(apart.ids) == held_out


def test_only_labels_in_doubt_are_checked_again(review: Review) -> None:
    review.set_done(2, True)
    plan = QueuePlan("check again", "not done")
    assert list(review.queue(plan, ranking=lambda _: [2]).ids) == [2]
    nothing = review.queue(plan, ranking=lambda _: [])
    assert list(nothing.ids) == []
    assert "No label is in doubt" in nothing.note


# -- what is noted of them --------------------------------------------------------


def test_the_share_by_which_a_cutout_came_is_noted_once(review: Review) -> None:
    review.note_arm(3, "random")
    review.note_arm(1, "chosen")
    review.note_arm(3, "chosen")
    review.close()
    with Review.open(review.path, read_only=True) as again:
        assert again.arms == {3: "random", 1: "chosen"}


def test_confirmed_labels_are_so_until_they_change(review: Review) -> None:
    box = review.boxes(2)[0].id
    review.accept(box)
    review.set_done(2, True)
    review.confirm_labels(2)
    review.accept(review.boxes(4)[0].id)
    assert review.confirmed == {2}
    review.reject(box)
    assert review.confirmed == set()
    review.confirm_labels(2)
    review.close()
    with Review.open(review.path, read_only=True) as again:
        assert again.confirmed == {2}


TRAIL = Artefact("trail", "a bright line of 90 pixels", (1.0, 2.0, 30.0, 60.0))
STAR = Artefact("saturated_star", "a star with spikes", (5.0, 5.0, 9.0, 9.0))


def test_artefacts_stand_until_they_are_refused(review: Review) -> None:
    assert review.cutout(1).artefacts is None  # not searched
    review.note_artefacts(1, [TRAIL, STAR])
    review.note_artefacts(2, [STAR])
    review.note_artefacts(3, [])
    assert review.cutout(1).artefacts == (TRAIL, STAR)
    assert review.cutout(3).artefacts == ()
    with_some = QueuePlan(shown="artefacts")
    assert list(review.queue(with_some).ids) == [1, 2]
    assert review.undo() is None  # finding is no decision
    review.judge_artefact(1, "trail", False)
    assert review.cutout(1).standing_artefacts == (STAR,)
    review.judge_artefact(2, "saturated_star", False)
    assert list(review.queue(with_some).ids) == [1]
    review.judge_artefact(1, "saturated_star", True)
    review.note_artefacts(1, [TRAIL, STAR])  # found again
    assert review.cutout(1).verdicts == {"trail": False, "saturated_star": True}
    assert [d.kind for d in review.decisions()] == ["flag"] * 3
    assert review.undo() == 1
    assert review.cutout(1).verdicts == {"trail": False}
    assert review.check() == []
    review.judge_artefact(1, "trail", None)
    assert review.cutout(1).standing_artefacts == (TRAIL, STAR)
    with Review.open(review.path, read_only=True) as again:
        assert again.cutout(1).artefacts == (TRAIL, STAR)
        assert again.check() == []


def test_what_was_not_found_cannot_be_judged(review: Review) -> None:
    review.note_artefacts(1, [TRAIL])
    with pytest.raises(ReviewError, match="no 'seam' was found"):
        review.judge_artefact(1, "seam", False)
    with pytest.raises(ReviewError, match="was found"):
        review.judge_artefact(2, "trail", True)
