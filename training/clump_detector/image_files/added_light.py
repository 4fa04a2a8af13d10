"""Points of light that are added to an image when it is read: simulated clumps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from clump_detector.core import boxes as geometry
from clump_detector.core.boxes import Boxes
from clump_detector.core.json_types import JsonObject

#: Flux ratios of simulated clumps, evenly in their logarithm.
RATIOS = (0.002, 0.3)

#: One is found by a box whose centre is this near, in FWHM.
FOUND_WITHIN = 1.0


@dataclass(frozen=True)
class AddedLight:
    """A simulated clump: a point with the image's PSF.

    Attributes
    ----------
    x, y : float
        Its position, in pixels.
    ratio : float
        Its flux over the galaxy's, in the bluest band.
    light : tuple of float
        Its light by plane, in the unit of the pixels; of a picture by colour, in the
        intensities of `images.pixels.asinh.undone`.
    fwhm : tuple of float
        FWHM of the PSF by plane, in pixels.
    """

    x: float
    y: float
    ratio: float
    light: tuple[float, ...]
    fwhm: tuple[float, ...]

    @property
    def width(self) -> float:
        """The median of its FWHM in pixels."""
        return float(median(self.fwhm))

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """Corners of the box of a clump of its PSF."""
        half = geometry.SIDE_IN_FWHM * self.width / 2
        return self.x - half, self.y - half, self.x + half, self.y + half

    def found_by(self, boxes: Boxes) -> NDArray[np.bool_]:
        """Return which boxes find it: their centre is within `FOUND_WITHIN`.

        Parameters
        ----------
        boxes : array of shape (n, 4)
        """
        apart = np.hypot(*(geometry.centres(boxes) - (self.x, self.y)).T)
        return np.asarray(apart <= FOUND_WITHIN * self.width)

    def to_json(self) -> JsonObject:
        """Return it as an object of JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: JsonObject) -> AddedLight:
        """Return the point of light of `to_json`.

        Parameters
        ----------
        values : dict
        """
        return cls(
            float(values["x"]),
            float(values["y"]),
            float(values["ratio"]),
            tuple(float(v) for v in values["light"]),
            tuple(float(v) for v in values["fwhm"]),
        )


def many_from_json(values: Sequence[JsonObject]) -> tuple[AddedLight, ...]:
    """Return points of light of their objects of JSON.

    Parameters
    ----------
    values : sequence of dict
    """
    return tuple(AddedLight.from_json(one) for one in values)
