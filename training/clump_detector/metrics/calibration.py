"""Whether a score of 0.8 is right eight times in ten, and what mends it.

After Guo et al. (2017), "On calibration of modern neural networks": the logit of every
score is divided by one number, the temperature. Another is added (Platt 1999), since a
detector learns from as many clumps as background and meets far more background: its
scores are too high, not only too sure. Neither changes the order of boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clump_detector.core.arrays import Floats
from clump_detector.core.json_types import JsonObject

from .matching import Match

#: With fewer true or fewer false boxes than this no calibration is fitted.
FEWEST = 15

#: Widths of the priors of `fit_near`: of the logarithm of the temperature, and of the
#: offset. Heads trained on other draws of the same galaxies scatter by this much.
PRIOR_TEMPERATURE = 0.3
PRIOR_OFFSET = 1.0

#: Bins of the reliability curve.
BINS = 10

_EDGE = 1e-6


@dataclass(frozen=True)
class Calibration:
    """From a score s to the share that is true: logit s / temperature + offset.

    Attributes
    ----------
    temperature : float
    offset : float
    """

    temperature: float = 1.0
    offset: float = 0.0

    def __call__(self, scores: ArrayLike) -> Floats:
        """Return calibrated scores, of the shape of the scores given."""
        values = np.asarray(scores, dtype=np.float64)
        if self == Calibration():
            return values
        logits = logits_of(values) / self.temperature + self.offset
        return np.asarray(1 / (1 + np.exp(-logits)))

    def after(self, first: Calibration) -> Calibration:
        """Return the calibration that does this after another one."""
        return Calibration(
            first.temperature * self.temperature,
            first.offset / self.temperature + self.offset,
        )


def fit(matches: Sequence[Match]) -> Calibration | None:
    """Return the calibration of greatest likelihood; None with too few boxes."""
    scores, hits = _pooled(matches)
    if min(int(hits.sum()), int((~hits).sum())) < FEWEST:
        return None
    return _likeliest(scores, hits, None)


def fit_near(matches: Sequence[Match], prior: Calibration) -> Calibration:
    """Return the calibration of greatest likelihood, drawn towards another one.

    The logarithm of the temperature and the offset have normal priors around those of
    ``prior``, with widths `PRIOR_TEMPERATURE` and `PRIOR_OFFSET`: a few boxes move it
    little, and without any box it is the prior.

    Parameters
    ----------
    matches : sequence of Match
        Of boxes with scores as the network gives them.
    prior : Calibration
    """
    scores, hits = _pooled(matches)
    return _likeliest(scores, hits, prior)


def expecting(scores: ArrayLike, total: float, temperature: float) -> Calibration:
    """Return the calibration of a temperature after which scores sum to a total.

    The sum of calibrated scores is the expected number of true boxes: two networks can
    be made to expect as many on the same galaxies.

    Parameters
    ----------
    scores : array of shape (n,)
    total : float
        Cut to more than 0 and less than n.
    temperature : float
    """
    from scipy.optimize import brentq

    values = logits_of(np.asarray(scores, dtype=np.float64)) / temperature
    if not len(values):
        return Calibration(temperature)
    wanted = float(np.clip(total, 1e-3 * len(values), 0.999 * len(values)))

    def surplus(offset: float) -> float:
        return float((1 / (1 + np.exp(-values - offset))).sum() - wanted)

    return Calibration(temperature, float(brentq(surplus, -40, 40)))


def _likeliest(
    scores: Floats, hits: NDArray[np.bool_], prior: Calibration | None
) -> Calibration:
    from scipy.optimize import minimize

    logits = logits_of(scores)
    start = np.zeros(2)
    if prior is not None:
        start = np.array([np.log(prior.temperature), prior.offset])

    def loss(parameters: Floats) -> float:
        scaled = logits * np.exp(-parameters[0]) + parameters[1]
        # log(1 + exp(-x)) of what is true, log(1 + exp(x)) of what is false.
        total = np.logaddexp(0, np.where(hits, -scaled, scaled)).sum()
        if prior is not None:
            widths = np.array([PRIOR_TEMPERATURE, PRIOR_OFFSET])
            total += (((parameters - start) / widths) ** 2).sum() / 2
        return float(total / max(len(scores), 1))

    around = ((-2.0, 2.0), (-8.0, 8.0))
    bounds = [
        (min(low, middle), max(high, middle))
        for (low, high), middle in zip(around, start, strict=True)
    ]
    best = minimize(loss, start, bounds=bounds)
    return Calibration(float(np.exp(best.x[0])), float(best.x[1]))


def reliability(matches: Sequence[Match], n_bins: int = BINS) -> JsonObject:
    """Return how often boxes are true against their score.

    Parameters
    ----------
    matches : sequence of Match
    n_bins : int
        Bins of equal width from 0 to 1.

    Returns
    -------
    dict
        ``bins``, each with ``low``, ``high``, ``boxes``, mean ``score`` and the share
        that is ``true``; and ``error``, the expected calibration error: the mean
        distance of score and share, weighted by boxes.
    """
    scores, hits = _pooled(matches)
    edges = np.linspace(0, 1, n_bins + 1)
    index = np.clip(np.digitize(scores, edges) - 1, 0, n_bins - 1)
    bins: list[dict[str, float | None]] = []
    distance = 0.0
    for k in range(n_bins):
        inside = index == k
        n = int(inside.sum())
        score = float(scores[inside].mean()) if n else None
        true = float(hits[inside].mean()) if n else None
        if score is not None and true is not None:
            distance += n * abs(score - true)
        low, high = round(float(edges[k]), 6), round(float(edges[k + 1]), 6)
        bins.append(
            {"low": low, "high": high, "boxes": n, "score": score, "true": true}
        )
    return {"bins": bins, "error": distance / len(scores) if len(scores) else None}


def _pooled(matches: Sequence[Match]) -> tuple[Floats, NDArray[np.bool_]]:
    """Return scores and hits of all boxes that count."""
    scores = [m.scores[m.counted] for m in matches]
    hits = [m.hits[m.counted] for m in matches]
    return (
        np.concatenate([np.zeros(0), *scores]),
        np.concatenate([np.zeros(0, dtype=bool), *hits]),
    )


def logits_of(scores: ArrayLike) -> Floats:
    """Return the logits of scores, of their shape; of 0 and 1 those of nearly so."""
    inside = np.clip(scores, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(inside) - np.log1p(-inside))
