"""Several label sets as one: classes, names, and galaxies that two of them have."""

from __future__ import annotations

from pathlib import Path

from clump_detector.image_files.sources import Source
from clump_detector.labels.joined import join_label_sets
from clump_detector.labels.label_set import (
    LabelledBox,
    LabelledCutout,
    LabelSet,
    read_label_set,
    write_label_set,
)


def cutout(name, path, cls="clump", *, n=1, **more):
    boxes = tuple(LabelledBox(9.0 * i, 5, 9.0 * i + 7, 12, cls) for i in range(n))
    return LabelledCutout(Source(name, (Path(path),)), 100, 90, boxes=boxes, **more)


def test_cutouts_and_classes_of_all_sets_in_their_order(tmp_path):
    one = LabelSet((cutout("a", "/x/a.png"), cutout("b", "/x/b.png", n=2)), ("clump",))
    two = LabelSet((cutout("c", "/y/c.png", "knot"),), ("knot", "clump"))
    joined = join_label_sets([("one", one), ("two", two)])
    assert [c.source.name for c in joined.cutouts] == ["a", "b", "c"]
    assert joined.classes == ("clump", "knot")
    assert [b.cls for c in joined.cutouts for b in c.boxes] == ["clump"] * 3 + ["knot"]
    assert "left_out" not in joined.info
    parts = joined.info["label_sets"]
    assert [(p["name"], p["cutouts"], p["boxes"]) for p in parts] == [
        ("one", 2, 3), ("two", 1, 1),
    ]  # fmt: skip
    assert parts[0]["hash"] == one.hash()
    write_label_set(joined, tmp_path / "labels.json")
    again = read_label_set(tmp_path / "labels.json")
    assert again.classes == joined.classes
    assert [len(c.boxes) for c in again.cutouts] == [1, 2, 1]
    assert again.cutouts[2].source.path.resolve() == Path("/y/c.png").resolve()


def test_a_galaxy_of_two_sets_counts_once_with_the_labels_of_the_first():
    one = LabelSet(
        (cutout("a", "/x/a.png", n=3), cutout("b", "/x/b.png", keys=("id:7",)))
    )
    two = LabelSet((
        cutout("other name", "/x/a.png", n=1),
        cutout("copy of b", "/z/copy.png", keys=("id:7", "sky:1")),
        cutout("near b", "/z/near.png", keys=("id:8", "sky:1")),
    ))  # fmt: skip
    joined = join_label_sets([("one", one), ("two", two)])
    assert [(c.source.name, len(c.boxes)) for c in joined.cutouts] == [
        ("a", 3), ("b", 1), ("near b", 1),
    ]  # fmt: skip
    assert joined.info["left_out"] == ["2 cutouts of two, labelled in an earlier set"]


def test_cutouts_that_only_share_a_name_are_both_there():
    sets = [(name, LabelSet((cutout("galaxy-0", f"/{i}/g.png"),)))
            for i, name in enumerate(("train", "train", "more"))]  # fmt: skip
    names = [c.source.name for c in join_label_sets(sets).cutouts]
    assert names == ["galaxy-0", "train/galaxy-0", "more/galaxy-0"]
    again = join_label_sets(
        [*sets, ("train", LabelSet((cutout("galaxy-0", "/9/g.png"),)))]
    )
    assert again.cutouts[3].source.name == "train-2/galaxy-0"
