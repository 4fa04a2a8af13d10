"""Two catalogues compared, where it is known what they share."""

from __future__ import annotations

import json

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord, match_coordinates_sky
from astropy.table import Table
from hypothesis import given, settings
from hypothesis import strategies as st

from clump_detector.core.errors import ConfigError, FileError, LabelError
from clump_detector.evaluation.catalogues.agreement import agreement_in_words
from clump_detector.evaluation.catalogues.catalogue import Catalogue, Clump, read_clumps
from clump_detector.evaluation.catalogues.comparison import compare_clumps
from clump_detector.evaluation.catalogues.disagreements import write_disagreements
from clump_detector.evaluation.catalogues.pairing import pair
from clump_detector.evaluation.catalogues.picture import draw_agreement
from clump_detector.labels.formats.detect import read_labels


def clump(galaxy, x, y, *, side=10.0, cls="clump", sky=None, survey="", **measured):
    corners = (x - side / 2, y - side / 2, x + side / 2, y + side / 2)
    return Clump(
        galaxy, f"{galaxy}.png", cls, (x, y), corners, sky,
        {"size": side, **{k.replace("_", " "): v for k, v in measured.items()}}, survey,
    )  # fmt: skip


def catalogue(name, clumps, galaxies=()):
    known = {c.galaxy for c in clumps} | set(galaxies)
    return Catalogue(name, name, tuple(clumps), frozenset(known))


@pytest.fixture(scope="module")
def two():
    """The second has all bright clumps of the first and a fifth of the faint ones."""
    rng = np.random.default_rng(0)
    ours, theirs = [], []
    for k in range(200):
        magnitude = 20 + 4 * (k / 200)
        x, y = rng.uniform(20, 180, 2)
        survey = "deep" if k % 2 else "wide"
        one = {"magnitude": magnitude, "survey": survey}
        ours.append(clump(f"g{k}", x, y, **one))
        if magnitude < 22 or rng.random() < 0.2:
            cls = "odd clump" if k % 20 == 0 else "clump"
            one["magnitude"] += 0.1
            theirs.append(clump(f"g{k}", x + 1, y - 0.5, cls=cls, **one))
        else:
            theirs.append(clump(f"g{k}", x + 60, y, score=0.5, **one))
    return catalogue("a.csv", ours), catalogue("b.csv", theirs)


def test_agreement_follows_the_magnitude(two):
    figures = compare_clumps(*two).figures
    assert figures["galaxies"] == 200
    bins = figures["first"]["by"]["magnitude"]
    assert [one["clumps"] for one in bins] == [50] * 4
    assert bins[0]["share"] == bins[1]["share"] == 1
    for one in bins[2:]:
        low, high = one["95"]
        assert low < 0.2 < high
    assert figures["first"]["share"] == figures["second"]["share"]
    assert {row["survey"] for row in figures["first"]["by"]["survey"]} == {
        "deep", "wide",
    }  # fmt: skip
    assert figures["differences"]["magnitude"]["median"] == pytest.approx(0.1)
    assert figures["offset"][0]["median"] == pytest.approx(1)
    assert figures["offset"][1]["median"] == pytest.approx(-0.5)
    assert json.loads(json.dumps(figures)) == figures


def test_classes_are_counted_by_pairs(two):
    figures = compare_clumps(*two).figures
    counts = {(r["first"], r["second"]): r["clumps"] for r in figures["classes"]}
    assert sum(counts.values()) == figures["both"]
    assert counts["clump", "odd clump"] >= 5


def test_a_bright_clump_that_is_missed_is_more_unusual_than_a_faint_one(two):
    first, second = two
    without = [c for c in second.clumps if c.galaxy not in ("g10", "g190")]
    for k in (10, 190):
        without.append(clump(f"g{k}", 5, 5, survey="deep"))
    found = compare_clumps(first, catalogue("b.csv", without)).disagreements
    order = [d.clump.galaxy for d in found if d.what == "only in a.csv"]
    assert order[0] == "g10"
    assert order.index("g10") < order.index("g190")
    unusual = [d.unusual for d in found]
    assert unusual == sorted(unusual, reverse=True)
    assert all(0 <= one <= 1 for one in unusual)
    assert any(d.what == "other class" for d in found)


places = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 40), st.integers(0, 40)),
    min_size=1, max_size=12,
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(places, places)
def test_pairs_are_one_to_one_and_the_same_from_either_side(one, other):
    first = catalogue("a", [clump(*p) for p in one], "ab")
    second = catalogue("b", [clump(*p) for p in other], "ab")
    there, back = pair(first, second), pair(second, first)
    for side in (0, 1):
        numbers = [both[side] for both in there.same]
        assert len(set(numbers)) == len(numbers)
    # With equal distances others may be chosen, but as many at the same distances.
    assert np.sort(np.hypot(*there.offsets.T)) == pytest.approx(
        np.sort(np.hypot(*back.offsets.T))
    )
    for i, j in there.same:
        a, b = there.first[i], there.second[j]
        assert a.galaxy == b.galaxy
        assert np.hypot(a.middle[0] - b.middle[0], a.middle[1] - b.middle[1]) <= 4


def on_sky(n, seed, *, shift=0.0):
    rng = np.random.default_rng(seed)
    ra = 150 + rng.uniform(-0.05, 0.05, n)
    dec = 2 + rng.uniform(-0.05, 0.05, n) + shift / 3600
    return ra, dec


def test_on_the_sky_it_agrees_with_astropy(tmp_path):
    ra, dec = on_sky(150, 1)
    names = [tmp_path / "a.csv", tmp_path / "b.csv"]
    Table({"ra": ra, "dec": dec}).write(names[0])
    Table({"ra": ra[:90], "dec": dec[:90] + 0.4 / 3600}).write(names[1])
    first, second = map(read_clumps, names)
    pairs = pair(first, second)
    assert pairs.unit == "arcsec"
    near, apart, _ = match_coordinates_sky(
        SkyCoord(ra[:90], dec[:90] + 0.4 / 3600, unit="deg"),
        SkyCoord(ra, dec, unit="deg"),
    )
    expected = {(int(i), j) for j, i in enumerate(near) if apart[j] <= 1 * u.arcsec}
    assert set(pairs.same) == expected
    assert np.median(pairs.offsets[:, 1]) == pytest.approx(0.4, abs=0.01)
    assert pairs.outside[1] == 0


def test_a_table_and_a_label_file_are_compared_on_images_of_the_same_name(tmp_path):
    rows = {
        "file": ["x/one.png", "x/one.png", "two.png"],
        "x1": [10.0, 50, 30], "y1": [10.0, 50, 30],
        "x2": [20.0, 60, 40], "y2": [20.0, 60, 40],
        "mag_r": [20.0, 21, 22],
    }  # fmt: skip
    Table(rows).write(tmp_path / "a.csv")
    coco = {
        "images": [
            {"id": 1, "file_name": "one.jpg", "width": 99, "height": 99},
            {"id": 2, "file_name": "three.jpg", "width": 99, "height": 99},
        ],
        "categories": [{"id": 1, "name": "clump"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [11, 11, 10, 10]},
            {"id": 2, "image_id": 2, "category_id": 1, "bbox": [11, 11, 10, 10]},
        ],
    }
    (tmp_path / "b.json").write_text(json.dumps(coco))
    first, second = read_clumps(tmp_path / "a.csv"), read_clumps(tmp_path / "b.json")
    assert first.clumps[0].measured == {"magnitude": 20, "size": 10}
    figures = compare_clumps(first, second).figures
    assert figures["galaxies"] == figures["both"] == 1
    assert figures["first"]["clumps"] == 2
    lines = agreement_in_words(figures)
    assert any(
        "1 clump of a.csv is on galaxies that b.json does not" in x for x in lines
    )
    assert "of 1 clump of b.json, a.csv has 100 %" in lines[2]


def test_nothing_in_common_is_refused_with_a_reason(tmp_path):
    one, other = catalogue("a", [clump("g", 1, 1)]), catalogue("b", [clump("h", 1, 1)])
    with pytest.raises(LabelError, match="no galaxy in common"):
        pair(one, other)
    with pytest.raises(ConfigError, match="on the sky"):
        pair(one, one, unit="arcsec")
    for name, shift in (("a", 0), ("b", 3600)):
        ra, dec = on_sky(20, 1, shift=shift)
        Table({"ra": ra, "dec": dec}).write(tmp_path / f"{name}.csv")
    far = [read_clumps(tmp_path / f"{name}.csv") for name in "ab"]
    with pytest.raises(LabelError, match="within 30 arcsec"):
        pair(*far)
    with pytest.raises(ConfigError, match="in pixels"):
        pair(*far, unit="pixels")


def test_what_is_no_clump_is_left_out_and_counted(tmp_path):
    table = Table(
        {"file": ["a.png"] * 3, "x": [1.0, 2, 3], "y": [1.0, 2, 3],
         "status": ["accepted", "rejected", "proposal"]}
    )  # fmt: skip
    table.write(tmp_path / "a.csv")
    found = read_clumps(tmp_path / "a.csv")
    assert len(found.clumps) == 1
    assert any("1 left out: rejected there" in note for note in found.notes)
    table[1:].write(tmp_path / "none.csv")
    with pytest.raises(LabelError, match="none of its boxes is a clump"):
        read_clumps(tmp_path / "none.csv")


@pytest.mark.parametrize("ending", [".csv", ".ecsv", ".vot", ".fits"])
def test_the_table_of_disagreements_is_read_back_as_labels(two, tmp_path, ending):
    found = compare_clumps(*two).disagreements
    path = tmp_path / f"differ{ending}"
    write_disagreements(found, path)
    labels = read_labels(path)
    assert len(labels.boxes) == len(found)
    assert labels.boxes[0].image == found[0].clump.image
    assert labels.boxes[0].corners == pytest.approx(found[0].clump.corners)
    with pytest.raises(FileError, match="no table of this ending"):
        write_disagreements(found, tmp_path / "differ.json")


def test_points_beside_boxes_keep_their_place(tmp_path):
    boxes = catalogue("a", [clump("g", 10, 10), clump("g", 80, 80)])
    point = Clump("g", "g.png", "clump", (40.0, 50.0), None, None, {}, "")
    found = compare_clumps(boxes, catalogue("b", [point])).disagreements
    write_disagreements(found, tmp_path / "differ.csv")
    corners = {box.corners for box in read_labels(tmp_path / "differ.csv").boxes}
    assert corners == {(5, 5, 15, 15), (75, 75, 85, 85), (37.5, 47.5, 42.5, 52.5)}


def test_a_table_without_boxes_and_without_rows_is_written(two, tmp_path):
    ra, dec = on_sky(20, 1)
    Table({"ra": ra, "dec": dec}).write(tmp_path / "a.csv")
    Table({"ra": ra[:5], "dec": dec[:5]}).write(tmp_path / "b.csv")
    pairs = [read_clumps(tmp_path / f"{name}.csv") for name in "ab"]
    found = compare_clumps(*pairs).disagreements
    write_disagreements(found, tmp_path / "differ.csv")
    assert len(read_labels(tmp_path / "differ.csv").boxes) == len(found)
    same = compare_clumps(two[0], two[0])
    assert same.disagreements == ()
    assert same.figures["first"]["share"] == 1
    write_disagreements(same.disagreements, tmp_path / "none.csv")
    assert "what" in (tmp_path / "none.csv").read_text()


def test_the_words_and_the_picture_have_it_all(two, tmp_path):
    figures = compare_clumps(*two).figures
    text = "\n".join(agreement_in_words(figures))
    for words in ("by magnitude", "by survey", "classes, first / second", "x +1.00"):
        assert words in text
    draw_agreement(figures, tmp_path / "agree.png")
    assert (tmp_path / "agree.png").stat().st_size > 10_000


def test_a_catalogue_with_tiers_is_compared_tier_by_tier(tmp_path):
    """What a model alone proposed is compared, too, and told apart."""
    tiers = ["visually_confirmed", "model_only", "disputed"]
    rows = {
        "file": [f"g{k}.png" for k in range(30)],
        "clump_px_x1": [10.0] * 30, "clump_px_x2": [20.0] * 30,
        "clump_px_y1": [10.0] * 30, "clump_px_y2": [20.0] * 30,
        "tier": [tiers[k % 3] for k in range(30)],
        "status": ["proposal" if k % 3 == 1 else "accepted" for k in range(30)],
    }  # fmt: skip
    Table(rows).write(tmp_path / "mine.csv")
    others = [f"g{k}.png" for k in range(30) if k % 3 == 0 or k < 6]
    x1 = [10.0] * len(others)
    Table(
        {"file": others, "x1": x1, "y1": x1, "x2": [20.0] * len(x1),
         "y2": [20.0] * len(x1)}
    ).write(tmp_path / "theirs.csv")  # fmt: skip
    mine = read_clumps(tmp_path / "mine.csv")
    theirs = read_clumps(tmp_path / "theirs.csv")
    theirs = Catalogue(theirs.name, theirs.path, theirs.clumps, mine.galaxies)
    found = compare_clumps(mine, theirs)
    by = {row["tier"]: row for row in found.figures["first"]["by"]["tier"]}
    assert {tier: (row["clumps"], row["shared"]) for tier, row in by.items()} == {
        "visually_confirmed": (10, 10), "model_only": (10, 2), "disputed": (10, 2),
    }  # fmt: skip
    said = agreement_in_words(found.figures)
    assert any("by tier: disputed: 20 % (" in line for line in said)
    draw_agreement(found.figures, tmp_path / "a.png")
    write_disagreements(found.disagreements, tmp_path / "differ.csv")
    differ = Table.read(tmp_path / "differ.csv")
    assert sorted(set(differ["tier"])) == ["disputed", "model_only"]


def test_a_table_that_names_no_tier_leaves_open_proposals_out(tmp_path):
    Table(
        {"file": ["a.png"] * 3, "x1": [1.0, 30.0, 60.0], "y1": [1.0, 30.0, 60.0],
         "x2": [9.0, 40.0, 70.0], "y2": [9.0, 40.0, 70.0],
         "status": ["accepted", "proposal", "rejected"],
         "tier": ["", "gold", "disputed"]}
    ).write(tmp_path / "a.csv")  # fmt: skip
    found = read_clumps(tmp_path / "a.csv")
    assert len(found.clumps) == 1
    for status in ("proposal", "rejected"):
        assert any(f"{status} there" in note for note in found.notes)
