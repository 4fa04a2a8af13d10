"""Several label sets as one, to learn from or to be judged on together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from clump_detector.core.text import plural
from clump_detector.images.identity import telling

from .label_set import LabelledCutout, LabelSet, read_label_set


def join_label_sets(sets: Sequence[tuple[str, LabelSet]]) -> LabelSet:
    """Return one label set with the cutouts of several, in their order.

    Classes are joined by their names. Where two sets show the same galaxy (the same
    image file, or a key of `clump_detector.images.identity` in common), the labels of
    the first count, and ``info["left_out"]`` says so. Cutouts that only share a name
    get the name of their set before their own.

    Parameters
    ----------
    sets : sequence of (name, label set)

    Returns
    -------
    LabelSet
        ``info["label_sets"]`` has the name, the hash and the numbers of cutouts and
        boxes of each that it is made of.
    """
    cutouts: list[LabelledCutout] = []
    seen: set[str | Path] = set()
    names: set[str] = set()
    left_out, parts = [], []
    for set_name, labels in sets:
        own = [c for c in labels.cutouts if seen.isdisjoint(_marks(c))]
        if len(own) < len(labels.cutouts):
            again = plural(len(labels.cutouts) - len(own), "cutout")
            left_out.append(f"{again} of {set_name}, labelled in an earlier set")
        for cutout in own:
            seen.update(_marks(cutout))
        named = [
            replace(_renamed(c, set_name, names), label_set=c.label_set or set_name)
            for c in own
        ]
        names.update(c.source.name for c in named)
        cutouts += named
        parts.append(
            {
                "name": set_name,
                "hash": labels.hash(),
                "cutouts": len(own),
                "boxes": LabelSet(tuple(own)).n_boxes,
                **{k: v for k, v in labels.info.items() if k == "description"},
            }
        )
        left_out += labels.info.get("left_out", ())
    classes = dict.fromkeys(name for _, labels in sets for name in labels.classes)
    info = {"label_sets": parts, **({"left_out": left_out} if left_out else {})}
    return LabelSet(tuple(cutouts), tuple(classes), info)


def set_name(path: Path) -> str:
    """Return what a label set is called: as its file, or its folder.

    A set made by this program is ``labels.json`` in a folder that has its name.
    """
    return path.parent.name if path.stem == "labels" else path.stem


def read_joined(paths: Sequence[Path]) -> LabelSet:
    """Read label sets and join them, each under the name of its file.

    Raises
    ------
    LabelError
        If one cannot be read.
    """
    return join_label_sets([(set_name(path), read_label_set(path)) for path in paths])


def _marks(cutout: LabelledCutout) -> set[str | Path]:
    """Return what two cutouts of one galaxy have in common."""
    files = {path.absolute() for path in cutout.source.files}
    return {*files, *telling(cutout.keys)}


def _renamed(cutout: LabelledCutout, prefix: str, taken: set[str]) -> LabelledCutout:
    """Return a cutout with a name that no other has."""
    name = cutout.source.name
    if name in taken:
        name = f"{prefix}/{name}"
    n = 2
    while name in taken:
        name, n = f"{prefix}-{n}/{cutout.source.name}", n + 1
    return replace(cutout, source=replace(cutout.source, name=name))
