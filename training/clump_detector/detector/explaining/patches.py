"""Patches of the host's colour that cover one place after the other of a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import median_filter

from clump_detector.core.arrays import Floats
from clump_detector.photometry.aperture.background import SIGMA_PER_MAD

from .host_light import Picture, grain, without_clump

#: Patches along each side of the map, how far they reach to each side in sides of the
#: box, and the diameter of one.
PATCHES, REACH, PATCH = 7, 1.0, 2 / 3

#: Side of the part of the picture about the box that is searched, in network pixels, or
#: so many sides of the box if that is more.
AROUND, SIDES = 96, 6


@dataclass(frozen=True)
class CoveredPictures:
    """A part of a picture, as it is and with one place after the other covered.

    Attributes
    ----------
    box : array of shape (4,)
        The box in pixels of the part.
    plain : uint8 array of shape (height, width, 3)
    covered : list of uint8 array of shape (height, width, 3)
        Row by row.
    x, y : array of shape (n,)
        Centres of the patches in pixels of the whole picture, from the first edge.
    diameter : float
        Of a patch.
    """

    box: Floats
    plain: Picture
    covered: list[Picture]
    x: Floats
    y: Floats
    diameter: float


def cover(picture: Picture, box: Floats, fwhm: float) -> CoveredPictures:
    """Cover one place after the other about a box.

    Parameters
    ----------
    picture : uint8 array of shape (height, width, 3)
    box : array of shape (4,)
        Corners in pixels, counted from the first one's edge.
    fwhm : float
        FWHM of the PSF in pixels.
    """
    side = float(max(box[2] - box[0], box[3] - box[1]))
    corner, plain = around(picture, box, max(AROUND, int(SIDES * side)))
    moved = box - np.tile(corner, 2)
    host = _host_coloured(without_clump(plain, moved, fwhm), side, fwhm)
    middle = np.array([moved[0] + moved[2], moved[1] + moved[3]]) / 2
    steps = np.linspace(-REACH, REACH, PATCHES) * side
    y, x = np.mgrid[: plain.shape[0], : plain.shape[1]] + 0.5
    covered = []
    for down in steps:
        for across in steps:
            far = np.hypot(x - middle[0] - across, y - middle[1] - down)
            # An edge as soft as the PSF: a sharp one would be a thing of its own.
            share = np.clip((PATCH * side / 2 - far) / fwhm + 0.5, 0, 1)[..., None]
            mixed = share * host + (1 - share) * plain
            covered.append(np.rint(mixed).astype(np.uint8))
    centre = middle + corner
    return CoveredPictures(
        moved, plain, covered, centre[0] + steps, centre[1] + steps, PATCH * side
    )


def around(picture: Picture, box: Floats, side: int) -> tuple[Floats, Picture]:
    """Return the part of a picture about a box, and its first column and row.

    Parameters
    ----------
    picture : uint8 array of shape (height, width, 3)
    box : array of shape (4,)
        In pixels, from the first one's edge.
    side : int
        Of the part, in pixels; all of a smaller picture is returned.

    Returns
    -------
    (array of shape (2,), uint8 array of shape (height, width, 3))
        First column and row, and the part.
    """
    height, width = picture.shape[:2]
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    left = int(np.clip(x - side / 2, 0, max(width - side, 0)))
    top = int(np.clip(y - side / 2, 0, max(height - side, 0)))
    part = picture[top : top + side, left : left + side]
    return np.array([left, top], dtype=float), np.ascontiguousarray(part)


def _host_coloured(picture: Picture, side: float, fwhm: float) -> Floats:
    """Return the host's smooth light with its noise, where clumps are smaller."""
    size = 2 * int(side) + 1
    planes = []
    for channel in range(3):
        values = picture[..., channel].astype(float)
        smooth = np.asarray(median_filter(values, size, mode="nearest"))
        noise = grain(values, fwhm)
        # What stands out of the noise is another clump's edge.
        most = 3 * SIGMA_PER_MAD * float(np.median(np.abs(noise)))
        planes.append(smooth + np.clip(noise, -most, most))
    return np.asarray(np.clip(np.stack(planes, axis=-1), 0, 255))
