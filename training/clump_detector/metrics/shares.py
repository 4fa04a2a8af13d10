"""Intervals of shares."""

from __future__ import annotations


def wilson(found: int, n: int) -> tuple[float, float]:
    """Return the 68 % interval of a share of n trials.

    Wilson (1927, J. Am. Stat. Assoc. 22, 209), which is right for shares of 0 and 1.

    Parameters
    ----------
    found, n : int
        The share is ``found / n``; of no trials the interval is 0 to 1.
    """
    from astropy.stats import binom_conf_interval

    if n == 0:
        return 0.0, 1.0
    low, high = binom_conf_interval(found, n, interval="wilson")
    return float(low), float(high)
