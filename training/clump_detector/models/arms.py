"""How a model does on galaxies that an order chose, and on those it drew at random.

Galaxies that an order has chosen are unlike the rest, so a model looks better or worse
on them than it is. Those that were drawn at random are not. Heads of folds that left a
galaxy out say how the model does on it, so that none has to be kept for testing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.json_types import JsonObject
from clump_detector.metrics.bootstrap import Interval, bootstrap_counts

#: Galaxies that an order of a model's drew at random, and those that it chose.
RANDOM, CHOSEN = "random", "chosen"


def arms_table(arms: Sequence[str], counted: NDArray[np.int64]) -> JsonObject:
    """Return what a card keeps of the galaxies of each arm.

    Parameters
    ----------
    arms : sequence of str
        Of each galaxy; those of no arm are left out.
    counted : int array of shape (g, 3)
        True boxes, hits and false boxes on each, of heads that left it out, at the
        model's default score; see `clump_detector.metrics.matching.counts`.

    Returns
    -------
    dict
        For each arm that has a galaxy a list of true boxes, hits and false boxes.
    """
    table: JsonObject = {}
    for arm, row in zip(arms, counted.tolist(), strict=True):
        if arm in (RANDOM, CHOSEN):
            table.setdefault(arm, []).append(row)
    return table


def arms_point(table: JsonObject) -> JsonObject:
    """Return what the learning curve keeps of the galaxies of each arm.

    Parameters
    ----------
    table : dict
        As `arms_table` returns it.

    Returns
    -------
    dict
        For each arm ``galaxies``, ``boxes`` (true ones) and ``f1`` with its intervals.
    """
    point: JsonObject = {}
    for arm, rows in table.items():
        counted = np.array(rows, np.int64).reshape(-1, 3)
        point[arm] = {
            "galaxies": len(counted),
            "boxes": int(counted[:, 0].sum()),
            "f1": bootstrap_counts(counted)["f1"].as_json(),
        }
    return point


def arms_in_words(points: Sequence[JsonObject]) -> str:
    """Return how the newest model does on galaxies of each arm; empty without any.

    Parameters
    ----------
    points : sequence of dict
        Of a learning curve; those that have ``arms``, as `arms_point` returns it.
    """
    told = [p["arms"] for p in points if p.get("arms")]
    if not told:
        return ""
    said = [
        f"{Interval.from_json(told[-1][arm]['f1'])} on the "
        f"{told[-1][arm]['galaxies']} {words}"
        for arm, words in ((RANDOM, "drawn at random"), (CHOSEN, "that were chosen"))
        if arm in told[-1]
    ]
    return f"F1 by heads that left each galaxy out: {', '.join(said)}."
