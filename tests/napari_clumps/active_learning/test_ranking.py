"""The order in which galaxies are labelled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from clump_detector.models.arms import CHOSEN, RANDOM
from napari_clumps.active_learning.ranking import (
    AT_RANDOM,
    BOTH,
    DIVERSE,
    EVERY,
    INFORMATIVE,
    NO_SPLIT,
    NOT_DESCRIBED,
    ORDERS,
    TYPICAL,
    UNLIKE,
    Pool,
    information_by_cutout,
    rank,
)

NOTHING = np.zeros((0, 2))


def ranked(order, information, vectors, labelled=NOTHING, *, seed=0, **more):
    n = len(information)
    split = more.pop("split", np.zeros(n, dtype=int))
    pool = more.pop("pool", np.arange(n))
    known = Pool.of(pool, information, split, vectors, labelled)
    return rank(order, known, seed, **more)


def chosen(choices):
    return [c.cutout for c in choices if c.arm == CHOSEN]


@st.composite
def pools(draw):
    n, m = draw(st.integers(0, 40)), draw(st.integers(0, 5))
    known = st.floats(0, 3) | st.just(np.nan)
    information = draw(hnp.arrays(float, n, elements=known))
    vectors = draw(hnp.arrays(np.float16, (n, 3), elements=st.integers(-9, 9)))
    vectors[draw(hnp.arrays(bool, n))] = np.nan
    labelled = draw(hnp.arrays(np.float16, (m, 3), elements=st.integers(-9, 9)))
    ids = draw(st.lists(st.integers(0, 10**9), min_size=n, max_size=n, unique=True))
    return ids, information, vectors, labelled


@given(pools(), st.sampled_from(ORDERS), st.integers(0, 5), st.integers(0, 50))
def test_each_cutout_has_one_place_and_each_fifth_is_drawn(pool, order, seed, first):
    ids, information, vectors, labelled = pool
    found = ranked(
        order, information, vectors, labelled, pool=ids, seed=seed, first=first
    )
    assert sorted(c.cutout for c in found) == sorted(ids)
    for place, choice in enumerate(found, start=1):
        assert choice.arm == (CHOSEN if place % EVERY else RANDOM)
        assert (choice.reason == AT_RANDOM) == (choice.arm == RANDOM)
    again = ranked(
        order, information, vectors, labelled, pool=ids, seed=seed, first=first
    )
    assert again == found


@given(pools(), st.sampled_from(ORDERS))
def test_what_is_not_described_comes_last_in_its_order(pool, order):
    ids, information, vectors, labelled = pool
    found = ranked(order, information, vectors, labelled, pool=ids)
    last = [c for c in found if c.arm == CHOSEN]
    unknown = [c.reason == NOT_DESCRIBED for c in last]
    assert unknown == sorted(unknown)
    blind = np.isnan(vectors).any(axis=1)
    missing = {
        INFORMATIVE: np.isnan(information),
        DIVERSE: blind,
        BOTH: blind | np.isnan(information),
    }[order]
    lacking = [i for i, one in zip(ids, missing, strict=True) if one]
    there = [c.cutout for c in last if c.reason == NOT_DESCRIBED]
    assert there == [i for i in lacking if i in there]
    assert {c.cutout for c in last} & set(lacking) == set(there)


@given(pools())
def test_most_informative_goes_down(pool):
    ids, information, vectors, labelled = pool
    found = chosen(ranked(INFORMATIVE, information, vectors, labelled, pool=ids))
    gain = dict(zip(ids, information, strict=True))
    values = [gain[i] for i in found if not np.isnan(gain[i])]
    assert values == sorted(values, reverse=True)


def test_the_heads_say_why():
    found = ranked(
        INFORMATIVE, [0.1, 0.9, 0.4], np.zeros((3, 2)), split=np.array([0, 2, 1])
    )
    assert [(c.cutout, c.reason) for c in found] == [
        (1, "2 boxes on which the heads are split"),
        (2, "1 box on which the heads are split"),
        (0, NO_SPLIT),
    ]


def test_diverse_takes_the_farthest_from_all_that_came_before():
    line = np.array([[0.0], [1.0], [5.0], [9.0], [10.0]])
    labelled = np.array([[0.0], [np.nan]])
    found = ranked(DIVERSE, np.zeros(5), line, labelled)
    # 10 is farthest; 9 is close to it then, so the middle comes next.
    assert chosen(found)[:2] == [4, 2]
    assert found[0].reason == UNLIKE


def test_beyond_the_first_it_goes_by_the_distance_as_it_is_then():
    line = np.array([[0.0], [3.8], [4.0], [9.0], [10.0]])
    found = ranked(DIVERSE, np.zeros(5), line, np.array([[0.0]]), first=1)
    # Distances to 0 and 10 are then 0, 3.8, 4, 1; not those after 4.0 was chosen.
    assert chosen(found)[:4] == [4, 2, 1, 3]
    one_by_one = ranked(DIVERSE, np.zeros(5), line, np.array([[0.0]]))
    assert chosen(one_by_one)[:4] == [4, 2, 3, 1]


def test_dimensions_count_alike():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 2)) * [1000, 1]
    rows[7] = 0, 9
    found = ranked(DIVERSE, np.zeros(200), rows, np.zeros((1, 2)))
    assert found[0].cutout == 7


def test_nothing_labelled_begins_with_the_most_usual():
    rows = np.array([[-4.0], [0.1], [9.0], [-5.0]])
    found = ranked(DIVERSE, np.zeros(4), rows, np.zeros((0, 1)))
    assert (found[0].cutout, found[0].reason) == (1, TYPICAL)
    assert (found[1].cutout, found[1].reason) == (2, UNLIKE)


def test_both_is_diverse_among_the_informative():
    rng = np.random.default_rng(1)
    gain = np.r_[np.ones(100), np.zeros(300)]
    rows = rng.normal(size=(400, 4))
    rows[350] = 50
    rows[60] = 20
    found = ranked(BOTH, gain, rows, np.zeros((1, 4)))
    assert found[0].cutout == 60
    assert all(i < 100 for i in chosen(found)[:20])
    assert found[0].reason == f"{NO_SPLIT}; {UNLIKE}"


def test_draws_stay_when_the_pool_gets_smaller():
    n = 200
    gain, rows = np.linspace(1, 0, n), np.zeros((n, 2))
    whole = ranked(INFORMATIVE, gain, rows)
    before = [c.cutout for c in whole if c.arm == RANDOM]
    left = np.arange(n)[~np.isin(np.arange(n), before[:10])]
    after = [
        c.cutout
        for c in ranked(INFORMATIVE, gain[left], rows[left], pool=left)
        if c.arm == RANDOM
    ]
    both = set(before) & set(after)
    assert len(both) > 10
    assert [i for i in before if i in both] == [i for i in after if i in both]
    other = [c.cutout for c in ranked(INFORMATIVE, gain, rows, seed=1)]
    assert other != [c.cutout for c in whole]


def test_draws_are_even():
    drawn = []
    for seed in range(400):
        found = ranked(INFORMATIVE, np.zeros(20), np.zeros((20, 2)), seed=seed)
        drawn.append(found[EVERY - 1].cutout)
    counts = np.bincount(drawn, minlength=20)
    assert counts[:4].sum() == 0  # these are chosen before the first draw
    assert counts[4:].min() > 8


def test_no_pool_and_one_cutout():
    assert ranked(BOTH, [], np.zeros((0, 2))) == []
    for order in ORDERS:
        (only,) = ranked(order, [0.2], [[1.0, 2.0]], pool=[17])
        assert (only.cutout, only.arm) == (17, CHOSEN)
        (only,) = ranked(order, [np.nan], [[np.nan, 2.0]], pool=[17])
        assert only.reason == NOT_DESCRIBED


@pytest.mark.parametrize(
    ("order", "information", "vectors", "labelled", "words"),
    [
        ("alphabetical", [1], [[1, 2]], NOTHING, "alphabetical"),
        (DIVERSE, [1, 2], [[1, 2]], NOTHING, "2 cutouts"),
        (DIVERSE, [1], [[1, 2]], np.zeros((1, 3)), "two encoders"),
    ],
)
def test_what_does_not_fit_is_refused(order, information, vectors, labelled, words):
    with pytest.raises(ValueError, match=words):
        ranked(order, information, vectors, labelled)


def table(rows):
    kinds = [("cutout", "i8"), ("found", "?"), ("information", "f8")]
    return np.array(rows, dtype=[*kinds, ("votes", "i8"), ("heads", "i8")])


def test_information_is_of_the_five_highest_found_boxes():
    boxes = table(
        [(3, True, 0.1 * k, k, 6) for k in range(7)]
        + [(3, False, 5.0, 2, 6), (9, False, 1.0, 1, 5)]
        + [(1, True, np.nan, 5, 5), (1, True, 0.25, 4, 5)]
    )
    ids, gain, split = information_by_cutout(boxes)
    assert ids.tolist() == [1, 3, 9]
    assert gain == pytest.approx([0.25, 0.2 + 0.3 + 0.4 + 0.5 + 0.6, 0])
    assert split.tolist() == [1, 5, 0]
    assert all(len(part) == 0 for part in information_by_cutout(table([])))


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.floats(0, 1))))
def test_information_does_not_ask_for_an_order_of_boxes(rows):
    boxes = table([(*row, 1, 2) for row in rows])
    ids, gain, split = information_by_cutout(boxes)
    back = information_by_cutout(boxes[::-1])
    np.testing.assert_array_equal(ids, back[0])
    np.testing.assert_allclose(gain, back[1])
    np.testing.assert_array_equal(split, back[2])
    for i, value in zip(ids, gain, strict=True):
        own = [v for c, found, v in rows if c == i and found]
        assert value == pytest.approx(sum(sorted(own)[-5:]))


@given(st.integers(1, 9), st.sampled_from(ORDERS))
def test_the_share_at_random_holds_however_often_the_order_is_made_anew(often, order):
    rng = np.random.default_rng(3)
    left, since, arms = list(range(60)), 0, []
    while left:
        vectors = rng.normal(size=(len(left), 2))
        gain = rng.random(len(left))
        found = ranked(order, gain, vectors, pool=left, since=since)[:often]
        for choice in found:
            left.remove(choice.cutout)
            arms.append(choice.arm)
            since = 0 if choice.arm == RANDOM else since + 1
    assert [k for k, arm in enumerate(arms) if arm == RANDOM] == list(range(4, 60, 5))


def test_of_very_many_distances_are_about_the_same(monkeypatch):
    """On random directions they are off by a tenth or so, and groups stay apart."""
    from napari_clumps.active_learning import distances

    rng = np.random.default_rng(0)
    rows = (
        rng.normal(size=(600, 300)) + 3 * rng.normal(size=(6, 300))[np.arange(600) % 6]
    )
    exact = distances.Apart(rows, rows[:3]).distance
    monkeypatch.setattr(distances, "_MANY", 100)
    about = distances.Apart(rows, rows[:3])
    assert len(about._rows[0]) == 64
    far = exact > 1
    assert np.abs(np.sqrt(about.distance[far] / exact[far]) - 1).mean() < 0.12
    chosen = []
    for _ in range(3):
        chosen.append(about.farthest(np.ones(600, bool)))
        about.add(chosen[-1])
    assert {i % 6 for i in chosen} == {3, 4, 5}
