"""Intervals of shares."""

from __future__ import annotations

from clump_detector.core.json_types import JsonObject

#: The confidence of one standard deviation, and that of the usual second interval.
ONE_SIGMA, WIDE = 0.68269, 0.95


def wilson(found: int, n: int, confidence: float = ONE_SIGMA) -> tuple[float, float]:
    """Return the interval of a share of n trials.

    Wilson (1927, J. Am. Stat. Assoc. 22, 209), which is right for shares of 0 and 1.

    Parameters
    ----------
    found, n : int
        The share is ``found / n``; of no trials the interval is 0 to 1.
    confidence : float
        68 % unless given.
    """
    from astropy.stats import binom_conf_interval

    if n == 0:
        return 0.0, 1.0
    low, high = binom_conf_interval(found, n, confidence, interval="wilson")
    return float(low), float(high)


def as_json(found: int, n: int) -> JsonObject:
    """Return a share and its 95 % interval, as all JSON of the engine has them.

    Parameters
    ----------
    found, n : int
        The share is ``found / n``.

    Returns
    -------
    dict
        ``share``, None of no trials, and ``95``.
    """
    return {"share": found / n if n else None, "95": list(wilson(found, n, WIDE))}
