"""Figures by class, which class is taken for which, and figures of some classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.core.errors import LabelError
from clump_detector.core.json_types import JsonObject
from clump_detector.core.text import plural
from clump_detector.labels.classes.names import known_class
from clump_detector.labels.label_set import LabelledBox, LabelledCutout
from clump_detector.metrics import bootstrap, matching
from clump_detector.metrics.matching import Match

if TYPE_CHECKING:
    from clump_detector.detector.predict import Detections


def only_labels(
    cutouts: Sequence[LabelledCutout], classes: Sequence[str] | None
) -> Sequence[LabelledCutout]:
    """Return labels in which only some classes are what is looked for.

    Boxes of the others are rejected ones then: a model that proposes one of the chosen
    classes there is wrong. Ignored boxes stay ignored.

    Parameters
    ----------
    cutouts : sequence of LabelledCutout
    classes : sequence of str or None
        None for all of them.

    Raises
    ------
    LabelError
        If no box is of one of them.
    """
    if classes is None:
        return cutouts

    def chosen(box: LabelledBox) -> bool:
        return box.ignored or known_class(box.cls, classes) is not None

    made = []
    for one in cutouts:
        others = [replace(b, status="rejected") for b in one.boxes if not chosen(b)]
        made.append(
            replace(
                one,
                boxes=tuple(filter(chosen, one.boxes)),
                rejected=(*one.rejected, *others),
            )
        )
    if not any(not box.ignored for one in made for box in one.boxes):
        there = sorted({b.cls for one in cutouts for b in one.boxes if not b.ignored})
        raise LabelError(
            f"no box of the labels is of the class {' or '.join(map(repr, classes))}",
            remedy=f"Their classes are: {', '.join(there) or 'none'}.",
        )
    return made


def only_found(found: Detections, classes: Sequence[str]) -> Detections:
    """Return the boxes of some classes.

    Parameters
    ----------
    found : Detections
    classes : sequence of str
    """
    kept = [known_class(cls, classes) is not None for cls in found.classes]
    return found.take(np.flatnonzero(kept))


def by_class(matches: Mapping[str, Sequence[Match]], score: float) -> JsonObject:
    """Return the figures of each class, where a box of another class is no match.

    Parameters
    ----------
    matches : mapping of str to sequence of Match
        Of the boxes of one class only, one per galaxy.
    score : float
        Boxes count from this score on.

    Returns
    -------
    dict
        By class ``true_boxes``, ``found``, and ``completeness``, ``purity`` and ``f1``,
        each with its intervals.
    """
    figures: JsonObject = {}
    for name, own in matches.items():
        n_true, hits, false = matching.counts(own, score).sum(axis=0)
        intervals = bootstrap.bootstrap(own, score)
        figures[name] = {
            "true_boxes": int(n_true),
            "found": int(hits + false),
            **{key: interval.as_json() for key, interval in intervals.items()},
        }
    return figures


def class_confusion(
    galaxies: Sequence[LabelledCutout],
    found: Sequence[Detections],
    matches: Sequence[Match],
    score: float,
) -> list[JsonObject]:
    """Return what the clumps that were found are called, and what by the model.

    Parameters
    ----------
    galaxies : sequence of LabelledCutout
    found : sequence of Detections
    matches : sequence of Match
        Of all classes together, one per galaxy.
    score : float
        Boxes count from this score on.

    Returns
    -------
    list of dict
        ``label``, ``model`` and the number of ``boxes``, the most frequent first.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for galaxy, boxes, match in zip(galaxies, found, matches, strict=True):
        counted = [box for box in galaxy.boxes if not box.ignored]
        for k in np.flatnonzero(match.hits & (match.scores >= score)):
            counts[counted[match.partner[k]].cls, boxes.classes[k]] += 1
    return [
        {"label": label, "model": model, "boxes": n}
        for (label, model), n in counts.most_common()
    ]


def classes_in_words(figures: JsonObject) -> Iterator[str]:
    """Yield the figures by class in sentences; nothing where there is only one class.

    Parameters
    ----------
    figures : dict
        A model's, with ``model``, ``classes`` and ``class_confusion``.
    """
    rows = {
        name: row
        for name, row in figures["classes"].items()
        if row["true_boxes"] or row["found"]
    }
    if len(rows) < 2:
        return
    for name, row in rows.items():
        shares = ", ".join(
            f"{said} {bootstrap.Interval.from_json(row[key])}"
            for key, said in (("completeness", "completeness"), ("purity", "purity"))
        )
        yield (
            f"{figures['model']}, class {name}: {shares}, "
            f"{plural(row['true_boxes'], 'box', 'boxes')}"
        )
    confusion = figures["class_confusion"]
    total = sum(row["boxes"] for row in confusion)
    same = sum(
        row["boxes"] for row in confusion
        if known_class(row["label"], [row["model"]]) is not None
    )  # fmt: skip
    if total:
        yield (
            f"{figures['model']}: {same} of the {plural(total, 'box', 'boxes')} that "
            "are right have the class of their label"
        )
