"""What classes are taken for that a model does not know."""

from pathlib import Path

import pytest

from clump_detector.core.errors import ConfigError
from clump_detector.image_files.sources import Source
from clump_detector.labels.classes.mapping import (
    parse_class_map,
    taken_as,
    unknown_classes,
)
from clump_detector.labels.label_set import (
    LabelledBox,
    LabelledCutout,
    LabelSet,
    read_label_set,
    write_label_set,
)


def labels(*classes, rejected=("star",), ignored=("arm",)):
    def boxes(names, **changes):
        return tuple(
            LabelledBox(10 * k, 0, 10 * k + 8, 8, cls, **changes)
            for k, cls in enumerate(names)
        )

    shown = boxes(classes) + boxes(ignored, ignored=True)
    cutout = LabelledCutout(
        Source("a", (Path("a.png"),)), 100, 20, boxes=shown, rejected=boxes(rejected)
    )
    every = dict.fromkeys((*classes, *rejected, *ignored))
    return LabelSet((cutout,), tuple(every))


def test_a_map_is_written_as_pairs():
    said = " knot = clump , star=star, spiral arm = "
    assert parse_class_map(said) == {
        "knot": "clump", "star": "star", "spiral arm": None,
    }  # fmt: skip
    assert parse_class_map(" ") == {}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("knot", "does not say"),
        ("=clump", "does not say"),
        ("knot=clump,,", "does not say"),
        ("a=b, a=c", "named twice"),
        ("a=background", "no clump"),
        ("a=b=c", "character ="),
    ],
)
def test_a_map_that_says_nothing(words, why):
    with pytest.raises(ConfigError, match=why):
        parse_class_map(words)


def test_only_boxes_that_teach_have_an_unknown_class():
    found = unknown_classes(
        labels("Clump", "knot", "knot", "odd"), ("clump", "odd clump")
    )
    assert found == {"knot": 2}


def test_boxes_get_another_class_or_are_ignored(tmp_path):
    before = labels("clump", "knot", "bar", rejected=("knot", "bar"))
    after = taken_as(before, {"knot": "clump", "bar": None})
    cutout = after.cutouts[0]
    assert [(b.cls, b.ignored) for b in cutout.boxes] == [
        ("clump", False), ("clump", False), ("bar", True), ("arm", True),
    ]  # fmt: skip
    assert cutout.rejected[0].cls == "clump"
    assert after.classes == ("clump", "bar", "arm")
    assert unknown_classes(after, ("clump",)) == {}
    write_label_set(after, tmp_path / "labels.json")
    back = read_label_set(tmp_path / "labels.json")
    assert [b.cls for b in back.cutouts[0].boxes] == [b.cls for b in cutout.boxes]


def test_what_is_the_same_stays_as_it_is():
    before = labels("clump", "star")
    assert taken_as(before, {"star": "star"}) is before
    assert taken_as(before, {}) is before
