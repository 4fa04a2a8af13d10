"""The chances that a box holds a clump, a star, light of a galaxy, or an artefact.

By its look alone, without the network's score: two opinions of which each has its own
mistakes. A multinomial logistic regression on the values of `values.py`, their squares
and products, that was fitted to boxes on real galaxies, as many of each kind by weight:
`python -m tests.benchmarks.objects FOLDER --fit` makes it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from clump_detector.core import boxes as geometry
from clump_detector.core.arrays import Floats
from clump_detector.core.files import read_json
from clump_detector.core.json_types import JsonObject
from clump_detector.images.cutout import Cutout
from clump_detector.images.psf_width import width_from_noise
from clump_detector.images.rgb import to_rgb

from .values import COLOURS, VALUES, scene_of, values_of

#: What a box can hold. Light of a galaxy is another galaxy, the nucleus, or an arm or
#: rim of the host that is no clump; an artefact is also noise with nothing in it.
OBJECTS = ("clump", "star", "galaxy", "artefact")

#: In a sentence.
WORDS = {
    "clump": "a clump",
    "star": "a star",
    "galaxy": "light of a galaxy",
    "artefact": "an artefact or noise",
}

#: Values are cut to what so much of the boxes had that were learned from: squares must
#: not be trusted beyond.
KNOWN = (0.5, 99.5)

#: A picture with a longer side is a field of many galaxies, without a host.
LARGEST = 1200

_WEIGHTS = Path(__file__).with_name("weights.json")


@dataclass(frozen=True)
class ObjectFit:
    """The regression.

    Attributes
    ----------
    low, high, mean, scale : array of shape (d,)
        Values are cut to the first two, and counted from the mean in the scale.
    weights : array of shape (4, d + d (d + 1) / 2)
        Of each object: of the values, and of their squares and products.
    offsets : array of shape (4,)
    """

    low: Floats
    high: Floats
    mean: Floats
    scale: Floats
    weights: Floats
    offsets: Floats

    def chances(self, values: Floats) -> Floats:
        """Return the chances of each object, shape (n, 4), as of `OBJECTS`.

        Parameters
        ----------
        values : array of shape (n, d)
            A value that is NaN is taken for the usual; a row of nothing else has no
            chances.
        """
        known = np.where(np.isnan(values), self.mean, values)
        terms = terms_of((np.clip(known, self.low, self.high) - self.mean) / self.scale)
        logits = terms @ self.weights.T + self.offsets
        odds = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
        chances = odds / odds.sum(axis=1, keepdims=True)
        nothing = np.asarray(np.isnan(values).all(axis=1))
        return np.where(nothing[:, None], np.nan, chances)

    def as_json(self) -> JsonObject:
        """Return it for JSON, with six digits."""
        return {
            name: np.vectorize(lambda x: float(f"{x:.6g}"))(value).tolist()
            for name, value in vars(self).items()
        }

    @classmethod
    def from_json(cls, content: JsonObject) -> ObjectFit:
        """Return what `as_json` gave."""
        return cls(**{name: np.array(value) for name, value in content.items()})


def terms_of(z: Floats) -> Floats:
    """Return values (n, d) and the products of any two of them."""
    rows, columns = np.triu_indices(z.shape[1])
    return np.concatenate([z, z[:, rows] * z[:, columns]], axis=1)


def fit_objects(values: Floats, objects: Floats) -> ObjectFit:
    """Fit the regression, each object with as much weight as another.

    Parameters
    ----------
    values : array of shape (n, d)
        Without NaN.
    objects : int array of shape (n,)
        Numbers in `OBJECTS`.
    """
    from sklearn.linear_model import LogisticRegression

    low, high = np.percentile(values, KNOWN, axis=0)
    cut = np.clip(values, low, high)
    mean, scale = cut.mean(axis=0), np.maximum(cut.std(axis=0), 1e-3)
    terms = terms_of((cut - mean) / scale)
    spread = np.maximum(terms.std(axis=0), 1e-6)
    found = LogisticRegression(C=0.01, max_iter=3000, class_weight="balanced")
    found.fit(terms / spread, objects)
    return ObjectFit(low, high, mean, scale, found.coef_ / spread, found.intercept_)


@cache
def _fitted() -> ObjectFit:
    return ObjectFit.from_json(read_json(_WEIGHTS))


def object_values(
    cutout: Cutout, boxes: geometry.Boxes, only: int | None = None
) -> Floats:
    """Return the values of boxes on a cutout, shape (n, 17).

    Parameters
    ----------
    cutout : Cutout
        Its PSF is the stated one, that of the noise, or the boxes' side / 2.5.
    boxes : array of shape (n, 4)
    only : int, optional
        Of this one among them; n is 1 then.

    Returns
    -------
    array of shape (n, 17)
        NaN on a field of many galaxies; colours are NaN where there is one band only.
    """
    boxes = geometry.as_boxes(boxes)
    asked = boxes if only is None else boxes[[only]]
    if not len(asked) or max(cutout.width, cutout.height) > LARGEST:
        return np.full((len(asked), len(VALUES)), np.nan)
    rgb = to_rgb(cutout)
    fwhm = cutout.fwhm or width_from_noise(rgb)
    scene = scene_of(rgb, fwhm or float(np.median(geometry.fwhm(boxes))))
    made = values_of(scene, asked)
    if (rgb[..., 0] == rgb[..., 2]).all():
        made[:, [VALUES.index(name) for name in COLOURS]] = np.nan
    return made


def object_chances(
    cutout: Cutout, boxes: geometry.Boxes, only: int | None = None
) -> Floats:
    """Return the chances that boxes hold each of `OBJECTS`, shape (n, 4).

    Parameters
    ----------
    cutout : Cutout
    boxes : array of shape (n, 4)
    only : int, optional
        Of this one among them; n is 1 then.

    Returns
    -------
    array of shape (n, 4)
        They are those among as many boxes of each object; NaN where a box is not on the
        picture, or the picture is a field of many galaxies.
    """
    return _fitted().chances(object_values(cutout, boxes, only))


def likeliest(chances: Floats) -> list[str | None]:
    """Return the object with the greatest chance of each box, None where none is known.

    Parameters
    ----------
    chances : array of shape (n, 4)
    """
    return [
        None if np.isnan(row).any() else OBJECTS[int(row.argmax())] for row in chances
    ]


def looks_in_words(chances: Floats) -> str:
    """Return what a box looks like in a sentence, or an empty text.

    Parameters
    ----------
    chances : array of shape (4,)
    """
    if np.isnan(chances).any():
        return ""
    first, *others = sorted(zip(-chances, OBJECTS, strict=True))
    also = ", ".join(f"{name} {-chance:.2f}" for chance, name in others)
    return f"Looks like {WORDS[first[1]]}: {-first[0]:.2f} ({also})."
