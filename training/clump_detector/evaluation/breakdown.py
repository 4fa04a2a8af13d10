"""Figures by kind: against score, by a clump's flux ratio, by overlap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from clump_detector.core.boxes import Boxes, as_boxes, centres, fwhm, to_edges
from clump_detector.core.json_types import JsonObject
from clump_detector.core.text import plural
from clump_detector.labels.label_set import LabelledBox, LabelledCutout
from clump_detector.labels.tiers import TIERS, tier_of_label
from clump_detector.metrics import bootstrap, matching, shares
from clump_detector.metrics.matching import Match

if TYPE_CHECKING:
    import torch

#: Bins of a clump's flux over its host's; clumps from 3 % and 8 % up have names of
#: their own in Adams et al. (2022) and Guo et al. (2015).
FLUX_RATIOS = (0.0, 0.01, 0.03, 0.08, np.inf)

#: Objects as they are called in a sentence.
_IN_WORDS = {
    None: "none of what the labels name",
    "star": "a star",
    "background galaxy": "a background galaxy",
    "nucleus": "a nucleus",
}

#: Samples for the bands of a curve.
BAND_SAMPLES = 200


def by_flux_ratio(
    galaxies: Sequence[LabelledCutout], matches: Sequence[Match], score: float
) -> list[JsonObject]:
    """Return completeness in bins of flux ratio, of the boxes whose ratio is known.

    Each bin has ``low``, ``high`` (None without end), ``true_boxes``, ``found`` and
    ``completeness``. Which bin a false box belongs to is not known: there is no purity.

    Parameters
    ----------
    galaxies : sequence of LabelledCutout
    matches : sequence of Match
        One per galaxy.
    score : float
        Boxes count from this score on.
    """
    ratios: list[float] = []
    found: list[bool] = []
    for box, got in _labels_found(galaxies, matches, score):
        ratio = box.extra.get("flux_ratio")
        if isinstance(ratio, int | float) and np.isfinite(ratio):
            ratios.append(float(ratio))
            found.append(got)
    if not ratios:
        return []
    bins = np.digitize(ratios, FLUX_RATIOS) - 1
    rows = []
    for k, (low, high) in enumerate(pairwise(FLUX_RATIOS)):
        inside = [f for f, p in zip(found, bins, strict=True) if p == k]
        rows.append(
            {
                "low": low,
                "high": high if np.isfinite(high) else None,
                "true_boxes": len(inside),
                "found": sum(inside),
                "completeness": sum(inside) / len(inside) if inside else None,
            }
        )
    return rows


def by_tier(
    galaxies: Sequence[LabelledCutout], matches: Sequence[Match], score: float
) -> list[JsonObject]:
    """Return completeness of clumps that reviewers agreed on, and of disputed ones.

    Each tier has ``tier``, ``true_boxes``, ``found``, ``completeness`` and ``95``.
    There is none where all are of one tier. False boxes have no tier, and so there is
    no purity.

    Parameters
    ----------
    galaxies : sequence of LabelledCutout
    matches : sequence of Match
        One per galaxy.
    score : float
        Boxes count from this score on.
    """
    counts: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    for box, got in _labels_found(galaxies, matches, score):
        tier = tier_of_label(box)
        counts[tier] += 1
        hits[tier] += got
    rows = []
    for tier in TIERS:
        if counts[tier] and len(counts) > 1:
            row = shares.as_json(hits[tier], counts[tier])
            rows.append(
                {
                    "tier": tier,
                    "true_boxes": counts[tier],
                    "found": hits[tier],
                    "completeness": row["share"],
                    "95": row["95"],
                }
            )
    return rows


def tier_in_words(row: JsonObject) -> str:
    """Return a row of `by_tier` in one line."""
    low, high = row["95"]
    return (
        f"{TIERS[row['tier']]}: completeness {row['completeness']:.2f} ({low:.2f} to "
        f"{high:.2f}), {plural(row['true_boxes'], 'clump')}"
    )


def _labels_found(
    galaxies: Sequence[LabelledCutout], matches: Sequence[Match], score: float
) -> Iterator[tuple[LabelledBox, bool]]:
    """Yield the boxes of the labels that count, and whether each was found."""
    for galaxy, match in zip(galaxies, matches, strict=True):
        got = set(match.partner[(match.scores >= score) & match.hits].tolist())
        counted = [b for b in galaxy.boxes if not b.ignored]
        yield from ((box, index in got) for index, box in enumerate(counted))


def false_boxes_by_object(
    galaxies: Sequence[LabelledCutout],
    found: Sequence[Boxes],
    matches: Sequence[Match],
    score: float,
) -> list[JsonObject]:
    """Return how many of the false boxes lie on what, where the labels say it.

    They do where a rejected box has the attribute ``object``, such as "star"; a false
    box is on the nearest of them whose centre is within one FWHM, its side / 2.5.

    Parameters
    ----------
    galaxies : sequence of LabelledCutout
    found : sequence of arrays of shape (n, 4)
        The boxes found on each.
    matches : sequence of Match
        One per galaxy.
    score : float
        Boxes count from this score on.

    Returns
    -------
    list of dict
        ``object``, ``false`` and ``share`` of all false boxes, the most frequent first;
        the object is None where the labels name none. Empty where they never do.
    """
    counts: Counter[str | None] = Counter()
    told = False
    for galaxy, boxes, match in zip(galaxies, found, matches, strict=True):
        known = [b for b in galaxy.rejected if b.extra.get("object")]
        told = told or bool(known)
        places = centres(as_boxes([b.corners for b in known]))
        reach = fwhm(as_boxes([b.corners for b in known]))
        false = (match.scores >= score) & match.counted & ~match.hits
        for place in centres(as_boxes(boxes)[false]):
            away = np.hypot(*(places - place).T) / reach
            on = len(known) > 0 and away.min() <= 1
            counts[str(known[int(away.argmin())].extra["object"]) if on else None] += 1
    total = sum(counts.values())
    return [
        {"object": name, "false": n, "share": n / total}
        for name, n in counts.most_common()
        if told
    ]


def false_boxes_in_words(rows: Sequence[JsonObject]) -> str:
    """Return one sentence about the rows of `false_boxes_by_object`."""
    total = sum(row["false"] for row in rows)
    names = [_IN_WORDS.get(row["object"], row["object"]) for row in rows]
    parts = [f"{row['false']} on {name}" for row, name in zip(rows, names, strict=True)]
    return f"Of {plural(total, 'false box', 'false boxes')}: {', '.join(parts)}."


def curve_with_bands(matches: Sequence[Match], scores: ArrayLike) -> JsonObject:
    """Return `matching.curve` for JSON, with 68 % bands over galaxies.

    Parameters
    ----------
    matches : sequence of Match
    scores : array of shape (k,)
    """
    metrics: JsonObject = dict(matching.curve(matches, scores).as_json())
    for name in ("completeness", "purity"):
        metrics[f"{name}_68"] = []
    for score in np.asarray(scores, dtype=float):
        at = bootstrap.bootstrap(matches, float(score), BAND_SAMPLES)
        for name in ("completeness", "purity"):
            inner = at[name].inner
            metrics[f"{name}_68"].append(None if inner is None else list(inner))
    return metrics


def average_precision(
    galaxies: Sequence[LabelledCutout],
    found: Sequence[tuple[Boxes, ArrayLike, Sequence[str]]],
    classes: Sequence[str],
) -> JsonObject:
    """Return COCO's average precision by overlap, from torchmetrics.

    Parameters
    ----------
    galaxies : sequence of LabelledCutout
    found : sequence of (boxes (n, 4), scores (n,), classes)
        What a model found on each.
    classes : sequence of str

    Returns
    -------
    dict
        ``any``: ``ap`` over IoU 0.50 to 0.95, ``ap50`` and ``ap75`` with all classes
        taken for one; ``classes``: the same for each. None where there is no box.
    """
    numbers = {name: i + 1 for i, name in enumerate(classes)}
    one = dict.fromkeys(classes, 1)
    result: JsonObject = {"any": _average(galaxies, found, one)}
    result["classes"] = {
        name: _average(galaxies, found, {name: numbers[name]}) for name in classes
    }
    return result


def _average(
    galaxies: Sequence[LabelledCutout],
    found: Sequence[tuple[Boxes, ArrayLike, Sequence[str]]],
    numbers: dict[str, int],
) -> dict[str, float | None]:
    from torchmetrics.detection import MeanAveragePrecision

    metric = MeanAveragePrecision(
        backend="pycocotools", max_detection_thresholds=[1, 10, 100]
    )
    metric.warn_on_many_detections = False
    metric.update(
        [_predicted(boxes, scores, names, numbers) for boxes, scores, names in found],
        [_true(galaxy, numbers) for galaxy in galaxies],
    )
    values = metric.compute()
    return {
        ours: _or_none(float(values[theirs]))
        for ours, theirs in (("ap", "map"), ("ap50", "map_50"), ("ap75", "map_75"))
    }


def _predicted(
    boxes: Boxes, scores: ArrayLike, names: Sequence[str], numbers: dict[str, int]
) -> dict[str, torch.Tensor]:
    """Return what a model found of some classes, as torchmetrics takes it."""
    import torch

    kept = np.array([name in numbers for name in names], dtype=bool)
    labels = [numbers[name] for name in names if name in numbers]
    return {
        "boxes": _edges(np.asarray(boxes).reshape(-1, 4)[kept]),
        "scores": torch.as_tensor(np.asarray(scores, dtype=float)[kept]).float(),
        "labels": torch.as_tensor(labels, dtype=torch.int64),
    }


def _true(galaxy: LabelledCutout, numbers: dict[str, int]) -> dict[str, torch.Tensor]:
    """Return the boxes of some classes; what is ignored is so for every class."""
    import torch

    known = [b for b in galaxy.boxes if b.ignored or b.cls in numbers]
    of = [numbers.get(b.cls, next(iter(numbers.values()))) for b in known]
    return {
        "boxes": _edges([b.corners for b in known]),
        "labels": torch.as_tensor(of, dtype=torch.int64),
        "iscrowd": torch.as_tensor([int(b.ignored) for b in known]),
    }


def _edges(corners: ArrayLike) -> torch.Tensor:
    import torch

    boxes = np.asarray(corners, dtype=float).reshape(-1, 4)
    return torch.as_tensor(to_edges(boxes), dtype=torch.float32)


def _or_none(value: float) -> float | None:
    """Return a value; torchmetrics gives -1 where there is nothing to find."""
    return value if value >= 0 else None
