"""Galaxies with injected clumps: hidden in the queue, and in nothing that goes out."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from clump_detector.image_files.added_light import AddedLight
from clump_detector.image_files.sources import Source
from clump_detector.images.cutout import read_cutout
from napari_clumps.active_learning.features import Features
from napari_clumps.active_learning.review_data import places_of, pool_of
from napari_clumps.io.contact_sheet.tiles import select_for_sheet
from napari_clumps.io.formats import FORMATS, export, run_to_end
from napari_clumps.io.selection import ExportOptions
from napari_clumps.review import ORDERS, SHOWN, Proposal, QueuePlan, Review
from napari_clumps.review.comparison.agreement import self_consistency
from napari_clumps.review.images.injections import APART
from napari_clumps.review.queries.injected import (
    completeness_in_words,
    completeness_rows,
)

MakeReview = Callable[..., Review]
SIZE = (100, 80)
FOUND = [
    Proposal(10, 10, 20, 22, "clump", 0.9),
    Proposal(40, 40, 55, 52, "odd clump", 0.4),
]


def clump(x: float, y: float, ratio: float = 0.05) -> AddedLight:
    return AddedLight(x, y, ratio, (3.0,) * 3, (4.0,) * 3)


def box_on(one: AddedLight, score: float) -> Proposal:
    return Proposal(*one.corners, "clump", score)


@pytest.fixture
def decided(pictures: list[Source], tmp_path: Path) -> Review:
    """Return a review of pictures, two of them done."""
    review = Review.create(
        tmp_path / "mine.clumps", pictures, held_out=0, seed=2, annotator="Ada"
    )
    for i in (1, 2, 3, 4):
        review.propose(i, FOUND, "starter-1", size=SIZE)
    for i in (1, 2):
        first, second = review.boxes(i)
        review.reject(second.id)
        review.finish(i, [first.id])
    return review


def label(review: Review, cutout_id: int) -> None:
    """Have a model propose and a person decide on a copy, as on any other."""
    review.propose(cutout_id, FOUND, "starter-1", size=SIZE)
    review.add(cutout_id, (60, 50, 70, 60), "clump")
    review.set_tags(cutout_id, ["bar"])
    review.set_interest([cutout_id], 3)
    review.finish(cutout_id, [box.id for box in review.boxes(cutout_id)])


# -- nothing goes out -----------------------------------------------------------------


def contents(path: Path) -> dict[str, bytes]:
    """Return what was written, without the moment at which it was."""
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    moment = re.compile(rb"20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*|D:20\d{12}[^)]*")
    return {p.name: moment.sub(b"", p.read_bytes()) for p in files}


@pytest.mark.parametrize(
    ("how", "ending"),
    [(how, ending) for how, (found, _) in FORMATS.items() for ending in found or ("",)],
)
def test_no_export_knows_of_them(
    decided: Review, tmp_path: Path, how: str, ending: str
) -> None:
    if how == "ds9-sky":
        pytest.skip("these pictures have no place on the sky")
    options = ExportOptions(proposals=True, undone=True)
    before, after = tmp_path / f"before/x{ending}", tmp_path / f"after/x{ending}"
    before.parent.mkdir()
    after.parent.mkdir()
    said = run_to_end(export(decided, before, how, options))
    for copy in decided.inject({1: [clump(50, 30)], 3: [clump(30, 60)]}):
        label(decided, copy)
    assert run_to_end(export(decided, after, how, options)).replace(
        str(after), ""
    ) == said.replace(str(before), "")
    if ending == ".pdf":  # compressed streams with an id of their own
        assert len(select_for_sheet(decided, options)) == 4
        return
    if ending == ".fits":
        from astropy.io import fits

        assert fits.FITSDiff(before, after, ignore_keywords=["DATE"]).identical
        return
    assert contents(after) == contents(before)


def test_no_model_learns_from_them(decided: Review) -> None:
    labels, counted = decided.label_set(), decided.learning_counts()
    for copy in decided.inject({1: [clump(50, 30)], 4: [clump(30, 60)]}):
        label(decided, copy)
    assert decided.label_set().cutouts == labels.cutouts
    assert decided.learning_counts() == counted
    assert decided.tags() == {}
    assert decided.tagged("bar") == []
    assert decided.interests() == {}
    assert [i for i, _, _ in decided.states()] == [1, 2, 3, 4]
    assert sum(o.decided for o in decided.statistics().models.values()) == 4


def test_no_order_and_no_doubt_learns_from_them(
    decided: Review, tmp_path: Path
) -> None:
    (copy,) = decided.inject({1: [clump(50, 30)]})
    features = Features(tmp_path / "mine.features", writable=False)
    assert copy not in pool_of(decided, features, "starter-1").ids
    label(decided, copy)
    kept = decided.boxes(copy)[0].corners
    rows = np.zeros(1, [("cutout", "i4"), ("corners", "f4", 4), ("unseen", "f4"),
                        ("found", "?")])  # fmt: skip
    rows["cutout"], rows["corners"], rows["found"] = copy, kept, True
    assert not [place for place in places_of(decided, rows, 0.1) if place[0] == copy]


def test_repeats_and_self_consistency_do_not_mix_with_them(decided: Review) -> None:
    (copy,) = decided.inject({1: [clump(50, 30)]})
    label(decided, copy)
    assert self_consistency(decided).cutouts == 0
    assert decided.show_again(9) == 2  # the two that are done, and not the copy
    assert decided.cutout(6).repeat_of == 1
    assert decided.check() == []


# -- the image ------------------------------------------------------------------------


def test_the_copy_has_the_clumps_and_the_galaxy_stays_as_it_is(decided: Review) -> None:
    one = AddedLight(50.0, 30.0, 0.05, (20.0,) * 3, (4.0,) * 3)
    (copy,) = decided.inject({3: [one]})
    with Review.open(decided.path, read_only=True) as again:
        first, second = again.cutout(3), again.cutout(copy)
    assert second.source.added == (one,)
    assert (second.name, second.keys, second.held_out) == (
        first.name, decided.keys(first), False,
    )  # fmt: skip
    plain, changed = read_cutout(first.source).pixels, read_cutout(second.source).pixels
    assert changed[30, 50].astype(int).sum() > plain[30, 50].astype(int).sum()
    assert (plain == read_cutout(decided.cutout(3).source).pixels).all()


# -- the queue ------------------------------------------------------------------------


def long_review(make_review: MakeReview) -> tuple[Review, list[int]]:
    """Return a review of 120 galaxies, 30 of them done, and 10 copies."""
    review = make_review(120)
    for i in range(1, 121):
        review.propose(i, FOUND[: 1 + i % 2], "m", size=SIZE)
    for i in range(1, 31):
        review.set_done(i, True)
    chosen = review.injection_candidates(10)
    return review, review.inject({i: [clump(50, 30)] for i in chosen})


@pytest.mark.parametrize("order", sorted(ORDERS))
def test_they_come_among_the_others_in_every_order(
    make_review: MakeReview, order: str
) -> None:
    review, copies = long_review(make_review)
    plan = QueuePlan(order)
    ranking = [*range(90, 50, -1)]
    ids = list(review.queue(plan, ranking=lambda _: ranking).ids)
    if order == "check again":
        assert not set(ids) & set(copies)
        return
    assert sorted(ids) == list(range(1, 131))
    places = [ids.index(copy) for copy in copies]
    for copy, place in zip(copies, places, strict=True):
        first = review.cutout(copy).repeat_of
        assert first is not None
        assert abs(ids.index(first) - place) >= APART
    assert max(places) - min(places) > 40
    assert list(review.queue(plan, ranking=lambda _: ranking).ids) == ids


def test_the_order_of_the_others_stays_as_it_was(make_review: MakeReview) -> None:
    review = make_review(60)
    before = {o: list(review.queue(QueuePlan(o)).ids) for o in ORDERS}
    copies = set(review.inject({i: [clump(50, 30)] for i in (3, 30, 50)}))
    for order, ids in before.items():
        left = [i for i in review.queue(QueuePlan(order)).ids if i not in copies]
        assert left == ids or order == "random"


def test_a_copy_keeps_its_place_while_others_are_done(make_review: MakeReview) -> None:
    review, copies = long_review(make_review)
    plan = QueuePlan("catalogue", "not done")
    before = list(review.queue(plan).ids)
    for i in before[:10]:
        review.set_done(i, True)
    assert list(review.queue(plan).ids) == before[10:]
    assert set(copies) <= set(before)


@pytest.mark.parametrize("shown", sorted(SHOWN))
def test_the_switch_takes_all_away_and_brings_it_back(
    decided: Review, shown: str
) -> None:
    plan = QueuePlan("catalogue", shown)
    without = list(decided.queue(plan).ids), decided.counts(), decided.statistics().done
    done, open_ = decided.inject({1: [clump(50, 30)], 3: [clump(30, 60)]})
    label(decided, done)
    with_them = list(decided.queue(plan).ids), decided.counts()
    crops = len(decided.crops())
    decided.show_injected(False)
    now = list(decided.queue(plan).ids), decided.counts(), decided.statistics().done
    assert now == without
    assert decided.injected_clumps() == []
    assert not {done, open_} & set(decided.crops().cutouts.tolist())
    assert decided.search("a", after=4) == 1
    assert decided.withdrawn
    assert decided.check() == []
    decided.show_injected(True)
    assert (list(decided.queue(plan).ids), decided.counts()) == with_them
    assert len(decided.crops()) == crops
    assert len(decided.injected_clumps()) == 1


def test_no_galaxy_is_chosen_twice_and_none_that_is_held_out(
    make_review: MakeReview,
) -> None:
    review = make_review(30, held_out=0.3)
    review.propose(7, FOUND, "m", size=SIZE)
    seen: set[int] = set()
    while chosen := review.injection_candidates(8):
        assert not seen & set(chosen)
        assert 7 in chosen or seen  # searched ones come first
        assert not any(review.cutout(i).held_out for i in chosen)
        review.inject({i: [clump(50, 30)] for i in chosen})
        seen |= set(chosen)
    assert len(seen) == sum(not c.held_out for c in review.cutouts() if c.id <= 30)


# -- what is told ---------------------------------------------------------------------


def test_who_found_what(decided: Review) -> None:
    bright, faint, other = clump(50, 30, 0.1), clump(20, 60, 0.004), clump(80, 60, 0.02)
    first, second, third = decided.inject({1: [bright, faint], 2: [other], 3: [other]})
    boxes = [box_on(bright, 0.9), box_on(faint, 0.3)]
    decided.propose(first, boxes, "starter-1", size=SIZE)
    decided.reject(decided.boxes(first)[0].id)  # seen by the model alone
    decided.add(first, (17, 57, 23, 63), "clump")
    decided.set_done(first, True)
    decided.set_done(second, True)  # no model has searched it
    found = decided.injected_clumps(lambda _: 0.5)
    told = [(c.cutout, c.ratio, c.found, c.proposed, c.model) for c in found]
    assert told == [
        (first, 0.1, False, True, "starter-1"),
        (first, 0.004, True, False, "starter-1"),
        (second, 0.02, False, None, None),
    ]
    assert [c.proposed for c in decided.injected_clumps()] == [True, True, None]
    rows = completeness_rows(found)
    assert [(r.clumps, r.found, r.searched, r.proposed) for r in rows] == [
        (1, 1, 1, 0), (1, 0, 0, 0), (0, 0, 0, 0), (1, 0, 1, 1), (3, 1, 2, 1),
    ]  # fmt: skip
    assert (rows[0].by_person, rows[1].by_model, rows[2].by_person) == (
        "1 of 1", "–", "–",
    )  # fmt: skip
    words = completeness_in_words(found, len(decided.injected(done=False)))
    assert words.startswith("3 injected clumps on 2 galaxies that you set done; 1 more")
    assert "Model: starter-1" in words
    assert "Fewer than 50" in words
    assert "none is done yet" in completeness_in_words([], 1)
    assert decided.injected(done=False) == [third]


def test_shares_come_with_their_interval(decided: Review) -> None:
    places = [clump(10 + 9 * k, 30, 0.05) for k in range(8)]
    (copy,) = decided.inject({1: places})
    for one in places[:6]:
        decided.add(copy, one.corners, "clump")
    decided.set_done(copy, True)
    rows = completeness_rows(decided.injected_clumps())
    assert rows[-1].by_person == "75% (58–87)"
