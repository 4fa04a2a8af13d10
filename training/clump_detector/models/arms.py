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
from clump_detector.metrics.bootstrap import bootstrap_counts

#: Galaxies that an order of a model's drew at random, and those that it chose.
RANDOM, CHOSEN = "random", "chosen"


def arms_table(
    who: Sequence[tuple[str, str]], counted: NDArray[np.int64]
) -> JsonObject:
    """Return what a card keeps of the galaxies of each arm.

    Parameters
    ----------
    who : sequence of (str, str)
        Arm and key of each galaxy; those of no arm are left out.
    counted : int array of shape (g, 3)
        True boxes, hits and false boxes on each, of heads that left it out, at the
        model's default score; see `clump_detector.metrics.matching.counts`.

    Returns
    -------
    dict
        For each arm that has a galaxy a list of key, true boxes, hits and false boxes.
    """
    table: JsonObject = {}
    for (arm, key), row in zip(who, counted.tolist(), strict=True):
        if arm in (RANDOM, CHOSEN):
            table.setdefault(arm, []).append([key, *row])
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
        For each arm ``galaxies``, ``boxes`` (true ones) and ``f1`` with its intervals;
        for those drawn at random also ``rows``, as in the table.
    """
    point: JsonObject = {}
    for arm, rows in table.items():
        counted = np.array([row[1:] for row in rows], np.int64).reshape(-1, 3)
        point[arm] = {
            "galaxies": len(counted),
            "boxes": int(counted[:, 0].sum()),
            "f1": bootstrap_counts(counted)["f1"].as_json(),
            **({"rows": rows} if arm == RANDOM else {}),
        }
    return point
