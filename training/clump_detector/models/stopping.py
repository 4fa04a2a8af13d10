"""When labelling can stop: what more galaxies would bring, from the random share.

Galaxies that were drawn at random give, with heads that left them out, a learning curve
of their own (see `clump_detector.models.arms`), from which
`clump_detector.models.learning_curve` tells what more galaxies bring.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import AnyArray, Floats
from clump_detector.metrics.bootstrap import Interval
from clump_detector.metrics.matching import rates

from .arms import CHOSEN, RANDOM
from .learning_curve import FEWEST, Point, fit

#: What is advised.
GO_ON, STOP, UNKNOWN = "go on", "stop here", "cannot be told yet"

#: The question, in galaxies, and the gain in F1 below which they are not worth it.
MORE, LEAST_GAIN = 50, 0.01

#: A gain this large must be unlikely, too, before anyone is told to stop.
LARGE_GAIN = 0.02

#: Fewest galaxies drawn at random, and clumps on them, that say anything.
FEWEST_GALAXIES, FEWEST_CLUMPS = 20, 20

_DRAWS = 1000


@dataclass(frozen=True)
class Round:
    """A training of a review, and how its heads do on galaxies drawn at random.

    Attributes
    ----------
    galaxies : int
        How many it learned from, drawn at random or not.
    ids : array of shape (g,)
        Keys or numbers of those that were drawn at random.
    counts : int array of shape (g, 3)
        True boxes, hits and false boxes on each, of heads that left it out, at the
        model's default score; see `clump_detector.metrics.matching.counts`.
    """

    galaxies: int
    ids: AnyArray
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class Advice:
    """Whether to label more.

    Attributes
    ----------
    verdict : str
        `GO_ON`, `STOP`, or `UNKNOWN` where there is too little to tell.
    gain : (float, float, float) or None
        What `MORE` galaxies are expected to add to F1, and the ends of its 95 %
        interval; None where there is too little to tell.
    sentence : str
        For the user.
    """

    verdict: str
    gain: tuple[float, float, float] | None
    sentence: str


def advise(rounds: Sequence[Round], seed: int = 0) -> Advice:
    """Return whether more labels are worth it.

    Parameters
    ----------
    rounds : sequence of Round
        All trainings of a review, in any order.
    seed : int
        Of what is drawn.
    """
    known = [one for one in rounds if _says_something(one)]
    lacking = _lacking(rounds, known)
    if lacking:
        return Advice(UNKNOWN, None, lacking)
    known = sorted(known, key=lambda one: one.galaxies)
    laws = fit(_points(known, seed), seed)
    if laws is None:
        return Advice(UNKNOWN, None, _too_few_trainings(known))
    gain = laws.gain(MORE)
    stop = gain[0] < LEAST_GAIN and gain[2] < LARGE_GAIN
    expected, low, high = (f"{round(g, 2) + 0.0:+.2f}" for g in gain)
    drawn = len(known[-1].ids)
    said = (
        f"{MORE} more galaxies are expected to change F1 by {expected} ({low} to "
        f"{high}), from {len(known)} trainings and {drawn} galaxies drawn at random."
    )
    verdict = STOP if stop else GO_ON
    return Advice(verdict, gain, f"{verdict.capitalize()}: {said}")


def stopping_in_words(points: Sequence[Point]) -> list[str]:
    """Return how the newest model does on galaxies of each arm, and what is advised.

    Parameters
    ----------
    points : sequence of dict
        Of a learning curve. Without any arm nothing is said.
    """
    told = [p for p in points if p.get("arms")]
    if not told:
        return []
    arms = told[-1]["arms"]
    said = [
        f"{Interval.from_json(arms[arm]['f1'])} on the {arms[arm]['galaxies']} {words}"
        for arm, words in ((RANDOM, "drawn at random"), (CHOSEN, "that were chosen"))
        if arm in arms
    ]
    line = f"F1 by heads that left each galaxy out: {', '.join(said)}."
    return [line, advise(rounds_of(points)).sentence]


def rounds_of(points: Sequence[Point]) -> list[Round]:
    """Return the trainings of a learning curve that have galaxies drawn at random.

    Parameters
    ----------
    points : sequence of dict
        As `clump_detector.models.learning_curve.points_of` makes them. Of a model that
        was trained on as many galaxies again the newest one counts.
    """
    found: dict[int, Round] = {}
    for point in points:
        rows = ((point.get("arms") or {}).get(RANDOM) or {}).get("rows")
        if rows and isinstance(point.get("galaxies"), int):
            counted = np.array([row[1:] for row in rows], np.int64)
            ids = np.array([row[0] for row in rows])
            found[point["galaxies"]] = Round(point["galaxies"], ids, counted)
    return list(found.values())


def _says_something(one: Round) -> bool:
    clumps = int(np.asarray(one.counts).reshape(-1, 3)[:, 0].sum())
    return len(one.ids) >= FEWEST_GALAXIES and clumps >= FEWEST_CLUMPS


def _lacking(rounds: Sequence[Round], known: Sequence[Round]) -> str:
    """Return what is missing to tell anything, empty if nothing is."""
    if known:
        return (
            ""
            if len({one.galaxies for one in known}) >= FEWEST
            else (_too_few_trainings(known))
        )
    newest = max(rounds, key=lambda one: one.galaxies, default=None)
    drawn = 0 if newest is None else len(newest.ids)
    clumps = 0 if newest is None else int(newest.counts.reshape(-1, 3)[:, 0].sum())
    return (
        f"It cannot be told yet what more labels bring: it takes {FEWEST_GALAXIES} "
        f"galaxies drawn at random with {FEWEST_CLUMPS} clumps on them, and there are "
        f"{drawn} with {clumps}."
    )


def _too_few_trainings(known: Sequence[Round]) -> str:
    n = len({one.galaxies for one in known})
    return (
        f"It cannot be told yet what more labels bring: it takes {FEWEST} trainings "
        f"on different numbers of galaxies, and there {'is' if n == 1 else 'are'} {n}."
    )


def _points(known: Sequence[Round], seed: int) -> list[Point]:
    """Return the trainings as points of a learning curve.

    Each is compared with the newest one on the galaxies that it knew: those that came
    later may be easier or harder, and that is no learning.
    """
    newest = known[-1]
    chance = np.random.default_rng(seed)
    last = float(np.nan_to_num(rates(newest.counts.sum(axis=0))[2]))
    points = []
    for k, one in enumerate(known):
        gained, apart = _gain(one, newest, chance) if one is not newest else (0.0, 0.0)
        value = last - gained
        points.append(
            {
                "model": k,
                "galaxies": int(one.galaxies),
                "f1": {"value": value, "95": [value - apart, value + apart]},
                "held_out": len(one.ids),
            }
        )
    return points


def _gain(
    one: Round, newest: Round, chance: np.random.Generator
) -> tuple[float, float]:
    """Return what F1 has gained on the galaxies of both, and half its 95 % interval."""
    ids, own, later = np.intersect1d(one.ids, newest.ids, return_indices=True)
    if not len(ids):
        return 0.0, 1.0
    before, after = one.counts[own], newest.counts[later]
    gained = float(np.nan_to_num(_f1(after.sum(axis=0)) - _f1(before.sum(axis=0))))
    times = chance.multinomial(len(ids), np.full(len(ids), 1 / len(ids)), _DRAWS)
    drawn = _f1((times @ after).T) - _f1((times @ before).T)
    drawn = drawn[np.isfinite(drawn)]
    return gained, float(1.96 * drawn.std()) if len(drawn) else 1.0


def _f1(sums: AnyArray) -> Floats:
    return np.asarray(rates(sums)[2])
