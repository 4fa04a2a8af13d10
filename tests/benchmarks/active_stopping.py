"""How often the advice to stop labelling is wrong, on the curves of the benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from clump_detector.models.stopping import (
    GO_ON,
    LARGE_GAIN,
    LEAST_GAIN,
    MORE,
    STOP,
    Round,
    advise,
)
from tests.benchmarks.goal import Figure


def stopping(curves: Mapping[str, Sequence[dict[str, Any]]]) -> Iterator[Figure]:
    """Give what was advised, and what F1 on the test part gained afterwards."""
    said = [pair for own in curves.values() for curve in own for pair in advised(curve)]
    yield Figure("advice on labelling more: all that could be checked", len(said), "")
    if not said:
        return
    for verdict in (STOP, GO_ON):
        gains = np.array([gain for told, gain in said if told == verdict])
        yield Figure(f"advice: {verdict}", len(gains), f"of {len(said)}")
        if not len(gains):
            continue
        mean, apart = gains.mean(), gains.std()
        what = f"F1 gained by the next {MORE} galaxies after '{verdict}'"
        yield Figure(what, float(mean), f"(deviation {apart:.3f})")
        wrong = gains >= LARGE_GAIN if verdict == STOP else gains < LEAST_GAIN
        bound = (
            f"{LARGE_GAIN} or more" if verdict == STOP else f"less than {LEAST_GAIN}"
        )
        what = f"'{verdict}' though they gained {bound}"
        yield Figure(what, float(wrong.mean()), f"of {len(gains)}")


def advised(curve: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield the advice after each training, and what came of `MORE` galaxies then.

    Parameters
    ----------
    curve : dict
        As `tests.benchmarks.active_loop.Loop.curve` returns it.
    """
    points = curve["points"]
    gained = {p["galaxies"]: p["f1"] for p in points}
    rounds = []
    for point in points:
        known = np.array(point["out_of_fold"], dtype=np.int64)
        known = known[np.isin(known[:, 0], curve["drawn"])]
        rounds.append(Round(point["galaxies"], known[:, 0], known[:, 1:]))
        later = gained.get(point["galaxies"] + MORE)
        if later is not None:
            yield advise(rounds).verdict, later - point["f1"]
