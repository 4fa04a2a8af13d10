"""How a review goes, against times and outcomes counted by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from napari_clumps.review import Outcome, Proposal, Review, statistics_in_words
from napari_clumps.review.storage import log

START = datetime(2026, 5, 1, 20, 0, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch):
    """A clock of our own: set its seconds."""

    class Clock:
        seconds = 0.0

        def at(self, seconds):
            self.seconds = seconds
            return self

    clock = Clock()
    monkeypatch.setattr(
        log,
        "now",
        lambda: (START + timedelta(seconds=clock.seconds)).isoformat(),
    )
    return clock


@pytest.fixture
def busy(make_review, clock):
    """A review of four cutouts with ten decisions and a break of an hour."""
    review = make_review(4)
    scores = (0.95, 0.9, 0.41, 0.4, 1.0)
    for cutout in (1, 2):
        proposals = [
            Proposal(10 * i, 10, 10 * i + 8, 20, "clump", score)
            for i, score in enumerate(scores)
        ]
        review.propose(cutout, proposals, f"model-{cutout}", size=(100, 80))
    first, second = review.boxes(1), review.boxes(2)
    clock.at(10)
    review.accept(first[0].id)
    clock.at(14)
    review.accept(first[1].id)
    clock.at(16)
    review.reject(first[2].id)
    clock.at(21)
    review.edit(first[3].id, (30, 11, 39, 22))
    clock.at(22)
    review.finish(1, [first[4].id])  # two decisions, one key
    clock.at(3622)  # back from a walk
    review.add(2, (60, 60, 70, 70), "clump")
    clock.at(3625)
    review.reject(second[0].id)
    clock.at(3626)
    review.undo()
    clock.at(3631)
    review.reject(second[1].id)
    return review


def test_times_are_counted_without_breaks(busy):
    pace = busy.statistics()
    assert pace.decisions == 9
    # 4 + 2 + 5 + 1, then a break, 3, and 6 with the undo between.
    assert pace.active_seconds == pytest.approx(21)
    assert pace.seconds_per_decision == pytest.approx(3.5)
    assert pace.decisions_per_hour == pytest.approx(3600 * 9 / 21)
    assert (pace.cutouts, pace.done) == (4, 1)
    assert pace.hours_left == pytest.approx(3 * 21 / 3600)


def test_what_became_of_proposals(busy):
    pace = busy.statistics()
    assert pace.models == {
        "model-1": Outcome(accepted=3, edited=1, rejected=1, open=0),
        "model-2": Outcome(accepted=0, edited=0, rejected=1, open=4),
    }
    assert pace.scores == {
        0.4: Outcome(accepted=0, edited=1, rejected=1, open=2),
        0.9: Outcome(accepted=3, edited=0, rejected=1, open=2),
    }
    assert pace.models["model-1"].share_kept == pytest.approx(0.8)
    assert pace.drawn == 1


def test_two_people_do_not_make_each_other_faster(busy, clock):
    before = busy.statistics()
    busy.annotator = "Ben"
    clock.at(3632)
    busy.accept(busy.boxes(2)[2].id)
    clock.at(3642)
    busy.accept(busy.boxes(2)[3].id)
    after = busy.statistics()
    assert after.decisions == before.decisions + 2
    assert after.active_seconds == pytest.approx(before.active_seconds + 10)


def test_reading_on_is_reading_anew(busy, clock):
    for k in range(3):
        busy.statistics()
        clock.at(3640 + 7 * k)
        busy.accept(busy.boxes(2)[2 + k].id)
    on = busy.statistics()
    path = busy.path
    busy.close()
    with Review.open(path) as again:
        assert again.statistics() == on


def test_before_anything_is_decided(review):
    pace = review.statistics()
    assert (pace.decisions, pace.seconds_per_decision, pace.hours_left) == (
        0,
        None,
        None,
    )
    assert pace.models["starter-1"] == Outcome(open=2)
    assert pace.models["starter-1"].share_kept is None
    assert statistics_in_words(pace) == [
        "0 decisions so far.",
        "0 of 3 cutouts are done.",
    ]


def test_in_words(busy):
    assert statistics_in_words(busy.statistics()) == [
        "9 decisions in 21 s: mostly 3.5 s each, 1543 an hour.",
        "1 of 4 cutouts are done, 21 s each on average; at this rate the rest takes "
        "63 s.",
        "1 clump drawn that no model proposed.",
    ]


def test_hidden_proposals_are_not_counted_as_undecided(busy):
    """Those below their model's threshold; what was decided on counts whatever."""
    pace = busy.statistics(lambda model: 0.5 if model == "model-2" else 0.99)
    assert pace.models["model-1"] == busy.statistics().models["model-1"]
    assert pace.models["model-2"] == Outcome(rejected=1, open=2)
