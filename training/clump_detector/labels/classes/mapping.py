"""What the classes of labels are taken for, where a model does not know them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from clump_detector.core.errors import ConfigError
from clump_detector.labels.label_set import LabelledBox, LabelledCutout, LabelSet

from .names import as_classes, known_class

#: Another class by the name of each, or None for boxes that are ignored.
ClassMap = Mapping[str, str | None]


def parse_class_map(words: str) -> dict[str, str | None]:
    """Return a map from a text such as ``"knot=clump, star=star, arm="``.

    Parameters
    ----------
    words : str
        Pairs of a class and what it is taken for, separated by commas: another class,
        the same name for a class of its own, or nothing where its boxes are ignored.

    Raises
    ------
    ConfigError
        If it is no such text, or names a class twice.
    """
    found: dict[str, str | None] = {}
    for pair in words.split(",") if words.strip() else ():
        name, sign, target = (" ".join(part.split()) for part in pair.partition("="))
        if not sign or not name:
            raise ConfigError(
                f"{pair.strip()!r} does not say what a class is taken for",
                remedy='Write such as "knot=clump, star=star, arm=".',
            )
        if name in found:
            raise ConfigError(
                f"the class {name!r} is named twice", remedy="Name it once."
            )
        found[name] = as_classes([target])[0] if target else None
    return found


def new_classes(names: ClassMap, known: Sequence[str]) -> tuple[str, ...]:
    """Return the classes that something is taken for and that a model has not.

    Parameters
    ----------
    names : mapping of str to (str or None)
    known : sequence of str
        The model's.
    """
    wanted = dict.fromkeys(cls for cls in names.values() if cls is not None)
    return tuple(cls for cls in wanted if known_class(cls, known) is None)


def unknown_classes(labels: LabelSet, classes: Sequence[str]) -> dict[str, int]:
    """Return the numbers of boxes whose class is none of a model's, by class.

    Ignored boxes do not count: their class says nothing.

    Parameters
    ----------
    labels : LabelSet
    classes : sequence of str
        Of the model; see `known_class` for what else they are called.
    """
    counted = (b.cls for c in labels.cutouts for b in c.boxes if not b.ignored)
    counts = Counter(counted)
    return {cls: n for cls, n in counts.items() if known_class(cls, classes) is None}


def taken_as(labels: LabelSet, names: ClassMap) -> LabelSet:
    """Return a label set with other classes, or with boxes ignored.

    Parameters
    ----------
    labels : LabelSet
    names : mapping of str to (str or None)
        What each class is taken for. Boxes of a class with None are ignored: nothing
        is learned from them, and a detection there is neither right nor wrong. Classes
        that are not in it stay.
    """
    if all(name == target for name, target in names.items()):
        return labels
    classes = dict.fromkeys(names.get(cls) or cls for cls in labels.classes)
    return replace(
        labels,
        cutouts=tuple(_cutout_taken_as(cutout, names) for cutout in labels.cutouts),
        classes=tuple(classes),
    )


def _cutout_taken_as(cutout: LabelledCutout, names: ClassMap) -> LabelledCutout:
    return replace(
        cutout,
        boxes=tuple(_box_taken_as(box, names) for box in cutout.boxes),
        rejected=tuple(_box_taken_as(box, names) for box in cutout.rejected),
    )


def _box_taken_as(box: LabelledBox, names: ClassMap) -> LabelledBox:
    target = names.get(box.cls, box.cls)
    if target is None:
        return replace(box, ignored=True)
    return box if target == box.cls else replace(box, cls=target)
