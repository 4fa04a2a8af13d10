"""Whether a source beside the galaxy is a star or a galaxy, by its look.

A logistic regression on the values of `values.py`, fitted to sources on real cutouts
that were named by eye: `python -m tests.benchmarks.other_sources FOLDER --fit` makes
it again. Stars and galaxies count alike in it, however many there are of each.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np

from clump_detector.core.arrays import Floats, Mask
from clump_detector.core.files import read_json
from clump_detector.core.json_types import JsonObject

from .values import VALUES, Found

STAR, GALAXY, UNCLEAR = "star", "galaxy", "unclear"

#: A source is called what has at least this chance.
SURE = 0.7

#: Fainter ones, by S/N of the smoothed peak and its share of the greatest brightness,
#: look all alike.
LEAST_SNR, LEAST_PEAK = 20.0, 0.1

_WEIGHTS = Path(__file__).with_name("weights.json")


@dataclass(frozen=True)
class StarFit:
    """The regression.

    Attributes
    ----------
    mean, scale, weights : tuple of len(VALUES) float
        Values are counted from the mean in the scale, at most 3 of it.
    offset : float
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    offset: float

    def chances(self, values: Floats) -> Floats:
        """Return the chances of sources to be stars, shape (n,).

        Parameters
        ----------
        values : array of shape (n, len(VALUES))
        """
        z = np.clip((values - np.array(self.mean)) / np.array(self.scale), -3, 3)
        return np.asarray(1 / (1 + np.exp(-(z @ np.array(self.weights) + self.offset))))

    def as_json(self) -> JsonObject:
        """Return it for JSON."""
        return asdict(self)


def fit_stars(values: Floats, stars: Mask) -> StarFit:
    """Fit the regression, stars with as much weight as galaxies.

    Parameters
    ----------
    values : array of shape (n, len(VALUES))
    stars : bool array of shape (n,)
    """
    from sklearn.linear_model import LogisticRegression

    mean, scale = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-3)
    z = np.clip((values - mean) / scale, -3, 3)
    found = LogisticRegression(C=1.0, max_iter=1000, class_weight="balanced")
    found.fit(z, stars)
    offset = float(f"{found.intercept_[0]:.6g}")
    return StarFit(_rounded(mean), _rounded(scale), _rounded(found.coef_[0]), offset)


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(float(f"{value:.6g}") for value in values)


@cache
def _fitted() -> StarFit:
    return StarFit(**read_json(_WEIGHTS))


def clear(found: Found) -> Mask:
    """Return which sources are bright and whole enough to look like something."""
    snr = found.values[:, VALUES.index("snr")]
    peak = found.values[:, VALUES.index("peak")]
    enough = (snr >= np.log(LEAST_SNR)) & (peak >= LEAST_PEAK)
    return np.asarray(enough & ~found.spoiled)


def star_chances(found: Found) -> Floats:
    """Return the chances of sources to be stars, shape (n,).

    Parameters
    ----------
    found : Found

    Returns
    -------
    array of shape (n,)
        Among as many stars as galaxies; NaN of what is too faint, cut off, or touches
        a saturated star.
    """
    return np.where(clear(found), _fitted().chances(found.values), np.nan)


def kinds_of(chances: Floats) -> list[str]:
    """Return what sources are called: a star, a galaxy, or neither for sure.

    Parameters
    ----------
    chances : array of shape (n,)
        Of being a star; may be NaN.
    """
    return [
        STAR if chance >= SURE else GALAXY if chance <= 1 - SURE else UNCLEAR
        for chance in chances
    ]
