"""Why a model proposes a box: scores on images that were changed, and their JSON."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clump_detector.core.arrays import Floats
from clump_detector.core.json_types import JsonObject

#: Decimals of scores and of pixels.
_DECIMALS, _PIXELS = 4, 2


@dataclass(frozen=True)
class Explanation:
    """The score of a box, and what becomes of it as parts of the image are replaced.

    Scores are those of the best box that the model proposes with its centre in this
    one, after calibration; 0 where it proposes none.

    Attributes
    ----------
    score : float
        With the image as it is.
    limit : float
        The score from which the model's boxes are proposed.
    erased : float
        With the host's light in place of the clump.
    beside : float or None
        With as large a part beside the clump replaced in the same way; None where the
        image has no place for it.
    without : dict of str to float
        With the clump replaced in one band only; empty for cutouts of one band.
    x, y : array of shape (n,)
        Centres of the patches, in the cutout's pixels.
    patch : float
        Diameter of a patch in pixels.
    covered : array of shape (n, n)
        The score with a patch of the host's colour at each y and x, as a share of the
        score without; NaN where the surroundings alone show no clump to the model.
    """

    score: float
    limit: float
    erased: float
    beside: float | None
    without: dict[str, float]
    x: Floats
    y: Floats
    patch: float
    covered: Floats

    @property
    def found(self) -> bool:
        """Whether the model sees a clump there at all."""
        return self.score > 0

    @property
    def explained(self) -> bool:
        """Whether it is the clump itself that makes the model propose the box.

        Without the clump it would not be proposed any more; the score of a box that was
        not proposed at all falls by half.
        """
        return still_explained(self.score, self.erased, self.limit)

    def to_json(self) -> JsonObject:
        """Return it as a dictionary that JSON can hold."""
        covered = np.round(self.covered, _DECIMALS).astype(object)
        covered[~np.isfinite(self.covered)] = None
        return {
            "score": round(self.score, _DECIMALS),
            "limit": self.limit,
            "erased": round(self.erased, _DECIMALS),
            "beside": None if self.beside is None else round(self.beside, _DECIMALS),
            "without": {k: round(v, _DECIMALS) for k, v in self.without.items()},
            "x": np.round(self.x, _PIXELS).tolist(),
            "y": np.round(self.y, _PIXELS).tolist(),
            "patch": round(self.patch, _PIXELS),
            "covered": covered.tolist(),
        }

    @classmethod
    def from_json(cls, table: JsonObject) -> Explanation:
        """Return what `to_json` was given.

        Raises
        ------
        KeyError, TypeError, ValueError
            If the table is not of its making.
        """
        beside = table["beside"]
        return cls(
            score=float(table["score"]),
            limit=float(table["limit"]),
            erased=float(table["erased"]),
            beside=None if beside is None else float(beside),
            without={str(k): float(v) for k, v in table["without"].items()},
            x=np.array(table["x"], dtype=np.float64),
            y=np.array(table["y"], dtype=np.float64),
            patch=float(table["patch"]),
            covered=np.array(table["covered"], dtype=np.float64),
        )


def still_explained(score: float, erased: float, limit: float) -> bool:
    """Return whether a score falls as it should once the clump is erased.

    Parameters
    ----------
    score, erased : float
        Before and after.
    limit : float
        The score from which boxes are proposed.
    """
    return erased < (limit if score >= limit else score / 2)
