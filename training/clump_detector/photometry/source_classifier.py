"""Clumps told from stars and background galaxies by their colours and widths.

In a picture of three bands a blue star is a clump. With u it is not: the Balmer break
of a star makes it fainter there than young stars and their nebula are. A detector's
scores are mended by a logistic regression on colours, width and S/N, with their
squares and products, that was fitted where the truth is known. It moves a score only by
what it adds to the score itself, so that scores mean the same with and without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from clump_detector.core.arrays import Floats
from clump_detector.core.json_types import JsonObject
from clump_detector.metrics.calibration import logits_of

from .flags import Quality
from .results import Measured

#: Bands that are needed, and those that add to them.
NEEDED, MORE = "ugr", "iz"

#: Fewest true and fewest false boxes to learn from.
FEWEST = 100

#: A score is moved by no more than this, in its logit.
MOST_MOVED = 4.0

#: Colours and widths are cut to what so much of the boxes had that were learned from:
#: squares must not be trusted beyond.
KNOWN = (0.5, 99.5)

#: The least flux over that in r, the least S/N and the range of widths that count.
FAINTEST, LEAST_SNR, WIDTHS = 0.02, 0.1, (0.3, 4.0)


@dataclass(frozen=True)
class BandFit:
    """The regression for one set of bands, of d features.

    Attributes
    ----------
    low, high, mean, scale : tuple of d float
        Features are cut to the first two, and counted from the mean in the scale.
    weights : tuple of float
        Of the features and then of the products of any two: d + d (d + 1) / 2.
    slope, offset : float
        Of the score's logit beside them.
    plain_slope, plain_offset : float
        Of a regression on the score's logit alone, from which the change is counted.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    slope: float
    offset: float
    plain_slope: float
    plain_offset: float

    def shift(self, logits: Floats, values: Floats) -> Floats:
        """Return by how much the logits of scores are to be moved, shape (n,).

        Parameters
        ----------
        logits : array of shape (n,)
        values : array of shape (n, d)
        """
        # What was not measured says nothing: it is taken for the usual.
        known = np.where(np.isnan(values), self.mean, values)
        terms = _terms((np.clip(known, self.low, self.high) - self.mean) / self.scale)
        full = terms @ np.array(self.weights) + self.slope * logits + self.offset
        plain = self.plain_slope * logits + self.plain_offset
        return np.asarray(np.clip(full - plain, -MOST_MOVED, MOST_MOVED))


@dataclass(frozen=True)
class SourceClassifier:
    """What colours and widths say of a box, by the bands that it was measured in.

    Attributes
    ----------
    fits : mapping of str to BandFit
        By bands, such as "ugriz".
    """

    fits: Mapping[str, BandFit]

    def mend(self, scores: ArrayLike, measured: Measured) -> tuple[Floats, list[str]]:
        """Return scores that count colours and widths, and the bands used for each.

        A box that was not measured in u, g and r keeps its score, and has "" for its
        bands.

        Parameters
        ----------
        scores : array of shape (n,)
        measured : Measured
            The same boxes.
        """
        scores = np.asarray(scores, dtype=np.float64)
        logits, used = logits_of(scores), bands_measured(measured)
        moved = logits.copy()
        for bands in set(used) & set(self.fits):
            own = np.array([one == bands for one in used])
            values = features(measured, bands)[own]
            moved[own] += self.fits[bands].shift(logits[own], values)
        mended = np.where(moved == logits, scores, 1 / (1 + np.exp(-moved)))
        return mended, [bands if bands in self.fits else "" for bands in used]

    def as_json(self) -> JsonObject:
        """Return what a model card holds of it."""
        return {bands: asdict(fit) for bands, fit in self.fits.items()}

    @classmethod
    def from_json(cls, content: JsonObject) -> SourceClassifier:
        """Return what `as_json` gave; `KeyError` or `TypeError` if it is no such."""
        fits = {}
        for bands, one in content.items():
            numbers: JsonObject = {
                key: tuple(map(float, value)) if isinstance(value, list) else value
                for key, value in one.items()
            }
            fits[bands] = BandFit(**numbers)
        return cls(fits)


def bands_measured(measured: Measured) -> list[str]:
    """Return the bands of each box in which it has a flux in known units.

    They are letters of ugriz in that order; "" where u, g or r is missing, or nothing
    was seen of it in r. A band without any noise is blank, and no measurement.

    Parameters
    ----------
    measured : Measured
    """
    if not measured.bands:
        return [""] * len(measured)
    flux, error = measured.flux_jy, measured.error_jy
    good = np.isfinite(flux) & (error > 0)
    each = []
    for k in range(len(measured)):
        there = {b: flux[k, i] for i, b in enumerate(measured.bands) if good[k, i]}
        known = "".join(band for band in NEEDED + MORE if band in there)
        seen = there.get("r", 0.0) > 0 and set(NEEDED) <= set(known)
        each.append(known if seen else "")
    return each


def features(measured: Measured, bands: str) -> Floats:
    """Return colours against r, and the logarithms of width and S/N in r.

    Parameters
    ----------
    measured : Measured
    bands : str
        Such as "ugriz".

    Returns
    -------
    array of shape (n, len(bands) + 1)
        Colours in magnitudes, without Galactic extinction where that is known. Widths
        are not-a-number where the PSF is only guessed from the boxes.
    """
    index = {band: measured.bands.index(band) for band in bands}
    flux, extinct = measured.flux_jy, np.nan_to_num(measured.extinction)
    red = index["r"]
    columns = []
    with np.errstate(divide="ignore", invalid="ignore"):
        for band in bands.replace("r", ""):
            ratio = np.clip(flux[:, index[band]] / flux[:, red], FAINTEST, None)
            reddening = extinct[index[band]] - extinct[red]
            columns.append(-2.5 * np.log10(ratio) - reddening)
        snr = measured.flux[:, red] / measured.error[:, red]
    guessed = measured.flagged(Quality.PSF_GUESSED)
    columns.append(np.log(np.clip(np.where(guessed, np.nan, measured.width), *WIDTHS)))
    columns.append(np.log(np.clip(np.nan_to_num(snr), LEAST_SNR, None)))
    return np.stack(columns, axis=1)


def band_sets() -> list[str]:
    """Return the sets of bands for which there is a regression."""
    more = [c for n in range(len(MORE) + 1) for c in combinations(MORE, n)]
    return [NEEDED + "".join(c) for c in more]


def fit_bands(scores: ArrayLike, true: ArrayLike, values: Floats) -> BandFit:
    """Fit the regression for one set of bands.

    Parameters
    ----------
    scores : array of shape (n,)
        Of boxes, as the detector gives them.
    true : bool array of shape (n,)
        Which are clumps.
    values : array of shape (n, d)
        Their `features`.
    """
    from sklearn.linear_model import LogisticRegression

    logits = logits_of(scores)
    hits = np.asarray(true, dtype=bool)
    values = np.where(np.isnan(values), np.nanmean(values, axis=0), values)
    low, high = np.percentile(values, KNOWN, axis=0)
    cut = np.clip(values, low, high)
    mean, scale = cut.mean(axis=0), np.maximum(cut.std(axis=0), 1e-3)
    terms = _terms((cut - mean) / scale)
    full = LogisticRegression(C=0.3, max_iter=1000)
    full.fit(np.column_stack([terms, logits]), hits)
    plain = LogisticRegression(max_iter=1000).fit(logits[:, None], hits)
    *weights, slope = full.coef_[0].tolist()
    return BandFit(
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        mean=tuple(mean.tolist()),
        scale=tuple(scale.tolist()),
        weights=tuple(weights),
        slope=slope,
        offset=float(full.intercept_[0]),
        plain_slope=float(plain.coef_[0, 0]),
        plain_offset=float(plain.intercept_[0]),
    )


def _terms(z: Floats) -> Floats:
    """Return features (n, d) and the products of any two of them."""
    rows, columns = np.triu_indices(z.shape[1])
    return np.concatenate([z, z[:, rows] * z[:, columns]], axis=1)
