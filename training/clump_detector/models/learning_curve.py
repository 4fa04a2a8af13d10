"""What more galaxies bring: a law through the metrics of one training after another.

The law is a power law that saturates, ``F1(n) = end - (end - start) * (1 + n / pace) **
-power``. Unlike a power of n alone it also holds for the base model, which has learned
from none of the galaxies. All laws of a fine grid are weighed by how well they meet the
points, with the points' intervals and the scatter between trainings, and the expected
gain and its interval are those of all laws together: with few points there are many
that fit, and the interval is as wide as they differ.

The points are measured on mostly the same held-out galaxies. If those happen to be easy
ones, all points are too high together, and that is no learning. The comparison of each
new model with its parent, galaxy by galaxy, shows how much of the error they share.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from clump_detector.core.arrays import Floats
from clump_detector.core.json_types import JsonObject
from clump_detector.labels.label_set import LabelledCutout, LabelSet
from clump_detector.metrics.bootstrap import FEWEST_GALAXIES

from .arms import arms_point
from .card import ModelCard, now
from .registry import STARTER

Point: TypeAlias = JsonObject

#: A law is fitted from this many different numbers of galaxies on.
FEWEST = 3

#: The question that is answered, in galaxies, and the gain below which none pays.
MORE, LEAST_GAIN = 50, 0.01

#: No value is taken to be more certain than this.
_SUREST = 0.01

#: How far two trainings on as many other galaxies differ, as a standard deviation.
_SCATTER = 0.02

_PACES = np.geomspace(3, 1000, 16)
_POWERS = np.array([0.25, 0.5, 1.0, 2.0])
_SHARES = np.linspace(0, 1, 101)
_LAWS = 4000
_MOST_SHARED = 0.9


def points_of(
    comparison: JsonObject,
    old: ModelCard,
    new: ModelCard,
    labels: LabelSet,
    *,
    first: bool,
) -> list[Point]:
    """Return what a training adds to the learning curve of a review.

    Parameters
    ----------
    comparison : dict
        What `comparison.compare_models` returned for the two.
    old, new : ModelCard
        Of the base model and of the one that was trained.
    labels : LabelSet
        What the new one learned from.
    first : bool
        Whether the curve has no point yet: the base model's then comes first.

    Returns
    -------
    list of dict
        ``time``, ``model``, ``parent``,
        ``galaxies`` and ``boxes`` that it learned from, ``parts`` that were trained,
        ``f1``, ``completeness`` and ``purity`` with intervals, ``held_out`` and
        ``held_out_boxes`` that they were measured on, whether those were ``blind``, and
        the ``shared`` error of the two models' F1, as a correlation. Without metrics on
        held-out galaxies only what is known of ``arms``, as
        `clump_detector.models.arms.arms_point` returns it, or nothing.
    """
    before, after = comparison.get("old"), comparison.get("new")
    arms = arms_point(new.expected.get("arms") or {})
    learned = new.learned_from
    n, boxes = int(learned.get("cutouts", 0)), int(learned.get("boxes", 0))
    if not before or not after:
        told = {"time": now(), "model": new.model_id, "galaxies": n, "boxes": boxes}
        return [told | {"arms": arms}] if arms else []
    common = {
        "time": now(),
        "blind": comparison.get("blind") == after["galaxies"],
        "shared": _shared(comparison),
    }
    found = []
    if first and _known(old):
        met = [c for c in labels.cutouts if old.learned_keys & set(c.keys)]
        found.append(_point(old, before, len(met), _boxes(met), common))
    point = _point(new, after, n, boxes, common)
    return [*found, point | ({"arms": arms} if arms else {})]


def _point(
    card: ModelCard, metrics: JsonObject, n: int, boxes: int, common: Point
) -> Point:
    learned = card.learned_from
    return {
        **common,
        "model": card.model_id,
        "parent": learned.get("parent"),
        "galaxies": n,
        "boxes": boxes,
        "parts": (learned.get("train") or {}).get("train_parts"),
        **{name: metrics[name] for name in ("f1", "completeness", "purity")},
        "held_out": metrics["galaxies"],
        "held_out_boxes": metrics["true_boxes"],
    }


#: What a training needs to be a point of the curve.
NEEDED = (
    f"A training is a point of the learning curve where at least {FEWEST_GALAXIES} "
    "held-out galaxies are done, on which the new model can be judged."
)


def _known(card: ModelCard) -> bool:
    """Whether it is known how many galaxies of a review a model learned from."""
    return (
        card.name == STARTER
        or "label_set" not in card.learned_from
        or bool(card.learned_from.get("images"))
    )


def _boxes(cutouts: Sequence[LabelledCutout]) -> int:
    return sum(not box.ignored for cutout in cutouts for box in cutout.boxes)


def _shared(comparison: JsonObject) -> float | None:
    """Return the correlation of two models' errors, from their difference."""
    difference = comparison.get("difference") or {}
    sigmas = [
        _sigma(metric)
        for metric in (
            comparison["old"]["f1"], comparison["new"]["f1"], difference.get("f1")
        )
    ]  # fmt: skip
    if any(s is None or s <= 0 for s in sigmas[:2]) or sigmas[2] is None:
        return None
    old, new, both = (float(s or 0) for s in sigmas)
    shared = (old**2 + new**2 - both**2) / (2 * old * new)
    return round(min(max(shared, 0.0), 1.0), 3)


def _sigma(metric: object) -> float | None:
    """Return the standard deviation of a metric with a 95 % interval."""
    outer = metric.get("95") if isinstance(metric, dict) else None
    if not isinstance(outer, list | tuple) or len(outer) != 2:
        return None
    return float(outer[1] - outer[0]) / 3.92


def usable(points: Sequence[Point]) -> list[Point]:
    """Return the points that have a number of galaxies and an F1 with its interval.

    Of a model that was compared again, with more galaxies done, the newest one counts.
    """
    good = [
        p
        for p in points
        if isinstance(p.get("galaxies"), int)
        and isinstance(p.get("f1"), dict)
        and isinstance(p["f1"].get("value"), int | float)
        and _sigma(p["f1"]) is not None
    ]
    newest = {p.get("model", i): p for i, p in enumerate(good)}
    return list(newest.values())


@dataclass(frozen=True)
class Laws:
    """Learning laws drawn as often as the points speak for them; arrays run parallel.

    Attributes
    ----------
    start, end, pace, power : arrays of shape (m,)
        See the module.
    galaxies : int
        How many the newest models have learned from.
    """

    start: Floats
    end: Floats
    pace: Floats
    power: Floats
    galaxies: int

    def curve(self, n: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the expected F1 after n galaxies, and the ends of its 95 %."""
        return _middle_and_ends(self._at(n))

    def gain(self, more: int) -> tuple[float, float, float]:
        """Return what n more galaxies bring, with its 95 % interval."""
        here = np.array([self.galaxies, self.galaxies + more], dtype=np.float64)
        middle, low, high = _middle_and_ends(np.diff(self._at(here), axis=1))
        return float(middle[0]), float(low[0]), float(high[0])

    def _at(self, n: Floats) -> Floats:
        share = _gained(n, self.pace, self.power)
        return self.start[:, None] * (1 - share) + self.end[:, None] * share


def _gained(n: Floats, pace: Floats, power: Floats) -> Floats:
    """Return the share of all that can be gained, a row for each pace and power."""
    return np.asarray(1 - (1 + n[None, :] / pace[:, None]) ** -power[:, None])


def _middle_and_ends(values: Floats) -> tuple[Floats, Floats, Floats]:
    low, middle, high = np.quantile(values, (0.025, 0.5, 0.975), axis=0)
    return middle, low, high


def fit(points: Sequence[Point], seed: int = 0) -> Laws | None:
    """Return the laws that go through the points, or None where there are too few.

    Parameters
    ----------
    points : sequence of dict
        As from `points_of`, of all trainings.
    seed : int
        Of the draw of laws.
    """
    good = usable(points)
    n = np.array([p["galaxies"] for p in good], dtype=np.float64)
    if len(np.unique(n)) < FEWEST:
        return None
    f1 = np.array([p["f1"]["value"] for p in good], dtype=np.float64)
    root = np.linalg.inv(np.linalg.cholesky(_covariance(good)))
    pace, power = (a.ravel() for a in np.meshgrid(_PACES, _POWERS, indexing="ij"))
    share = _gained(n, pace, power)
    # Whitened: each row of the root is one independent residual.
    per_start, per_end = (1 - share) @ root.T, share @ root.T
    square = np.zeros((len(pace), len(_SHARES), len(_SHARES)))
    for i, target in enumerate(root @ f1):
        a = per_start[:, i, None, None] * _SHARES[None, :, None]
        b = per_end[:, i, None, None] * _SHARES[None, None, :]
        square += (a + b - target) ** 2
    weight = np.exp(-0.5 * (square - square.min()))
    drawn = np.random.default_rng(seed).choice(
        weight.size, _LAWS, p=weight.ravel() / weight.sum()
    )
    law, start, end = np.unravel_index(drawn, weight.shape)
    return Laws(_SHARES[start], _SHARES[end], pace[law], power[law], int(n.max()))


def _covariance(points: Sequence[Point]) -> Floats:
    """Return the covariance of the points' errors, shape (n, n).

    To what their intervals say comes the scatter between trainings, each its own.
    What two points share is as large as the part of their held-out galaxies that both
    were measured on: the smaller number's share of the larger one.
    """
    sigma = np.array([max(_sigma(p["f1"]) or 0.0, _SUREST) for p in points])
    told = [p["shared"] for p in points if isinstance(p.get("shared"), int | float)]
    shared = min(float(np.median(told)), _MOST_SHARED) if told else 0.0
    tested = np.array([max(int(p.get("held_out") or 1), 1) for p in points])
    small, large = np.minimum.outer(tested, tested), np.maximum.outer(tested, tested)
    together = shared * np.sqrt(small / large)
    np.fill_diagonal(together, 1.0)
    learned = np.array([p["galaxies"] > 0 for p in points])
    return np.asarray(
        together * np.outer(sigma, sigma) + np.diag(learned * _SCATTER**2)
    )


def learning_in_words(points: Sequence[Point]) -> list[str]:
    """Return the learning curve in lines: each point, then what more would bring."""
    good = usable(points)
    if not good:
        return [NEEDED] if points else []
    lines = ["Learning curve, F1 on held-out galaxies (95 %), each at its own score:"]
    wide = max(len(str(p["galaxies"])) for p in good)
    wider = max(len(str(p.get("boxes", 0))) for p in good)
    for p in sorted(good, key=lambda p: int(p["galaxies"])):
        low, high = p["f1"]["95"]
        blind = "" if p.get("blind") else ", not blind"
        lines.append(
            f"  {p['galaxies']:{wide}} galaxies, {p.get('boxes', 0):{wider}} boxes: "
            f"{p['f1']['value']:.2f} ({low:.2f} to {high:.2f}) on "
            f"{p.get('held_out', '?')}{blind}, {p.get('model', '?')}"
        )
    return [*lines, outlook(points)]


def outlook(points: Sequence[Point], laws: Laws | None = None) -> str:
    """Return what more galaxies are expected to bring, in a sentence or two.

    Parameters
    ----------
    points : sequence of dict
    laws : Laws, optional
        Of these points, if they are fitted already.
    """
    laws = laws or fit(points)
    if laws is None:
        n = len({p["galaxies"] for p in usable(points)})
        return (
            "What more galaxies bring can be told from three points on, the base "
            f"model's included, each with another number of galaxies: there "
            f"{'is' if n == 1 else 'are'} {n or 'none'}."
        )
    middle, low, high = laws.gain(MORE)
    # Rounded first: no gain is written as -0.00.
    expected, least, most = (f"{round(g, 2) + 0.0:+.2f}" for g in (middle, low, high))
    said = f"{MORE} more galaxies: {expected} expected, {least} to {most}."
    many = max(MORE, laws.galaxies)
    upper = laws.gain(many)[2]
    if upper < LEAST_GAIN:
        said += (
            f" More of the same will not pay: {many} more galaxies bring at most "
            f"{math.ceil(1000 * max(upper, 0)) / 1000:.3f}. Label other kinds of "
            "galaxies, or train more parts of the model."
        )
    return said
