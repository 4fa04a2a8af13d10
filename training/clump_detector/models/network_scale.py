"""How a picture comes to the network: at which scale, and in which tiles.

Training and detection both come through here, so that a clump has the same size in
network pixels in both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clump_detector.config.model import ModelConfig
from clump_detector.core.arrays import Mask
from clump_detector.core.boxes import Boxes, from_edges, to_edges
from clump_detector.images.cutout import Cutout
from clump_detector.images.pixels.gaps import filled_fluxes, filled_picture, large_gaps
from clump_detector.images.psf_width import width_from_noise
from clump_detector.images.rgb import to_rgb

#: A picture with more network pixels on a side than this is searched in tiles.
TILE = 640

#: Pixels that neighbouring tiles share: more than twice the side of the largest clump.
OVERLAP = 96

#: Longest side of the cutouts whose scale a field of unknown PSF is given.
TYPICAL = 400


@dataclass(frozen=True)
class NetworkPicture:
    """A cutout's picture at the network's scale.

    Attributes
    ----------
    picture : uint8 array of shape (height, width, 3)
    scale : (float, float)
        Network pixels per pixel of the cutout along x and y.
    fwhm : float
        FWHM of the PSF in network pixels; of an unknown one, what the model takes it
        for.
    """

    picture: NDArray[np.uint8]
    scale: tuple[float, float]
    fwhm: float


def network_picture(
    cutout: Cutout, fwhm: float | None, config: ModelConfig
) -> NetworkPicture:
    """Return the picture of a cutout that the network sees, its gaps filled.

    Parameters
    ----------
    cutout : Cutout
    fwhm, config
        As in `to_network_scale`.
    """
    large = large_gaps(cutout.pixels)
    if cutout.is_picture:
        picture = filled_picture(to_rgb(cutout), large)
    else:
        picture = to_rgb(replace(cutout, pixels=filled_fluxes(cutout.pixels)))
    return to_network_scale(picture, fwhm, config, large)


def to_network_scale(
    picture: NDArray[np.uint8],
    fwhm: float | None,
    config: ModelConfig,
    filled: Mask | None = None,
) -> NetworkPicture:
    """Bring a cutout's picture to the network's scale.

    Parameters
    ----------
    picture : uint8 array of shape (height, width, 3)
    fwhm : float or None
        FWHM of the PSF in pixels, where it is known. Where it is not, the noise of the
        picture is asked if ``config.psf_from_noise`` says so.
    config : ModelConfig
    filled : bool array of shape (height, width), optional
        Where the picture was filled and has no noise.
    """
    if fwhm is None and config.psf_from_noise:
        fwhm = width_from_noise(picture, filled)
    height, width = picture.shape[:2]
    scale = scale_of(width, height, fwhm, config)
    resized, exact = resize(picture, scale)
    return NetworkPicture(
        resized, exact, config.pixels_per_fwhm if fwhm is None else scale * fwhm
    )


def scale_of(width: int, height: int, fwhm: float | None, config: ModelConfig) -> float:
    """Return network pixels per pixel of a cutout.

    Parameters
    ----------
    width, height : int
        Of the cutout, in pixels.
    fwhm : float or None
        FWHM of the PSF in pixels, where it is known.
    config : ModelConfig
    """
    longest = max(width, height)
    if fwhm is not None:
        scale = config.pixels_per_fwhm / fwhm
    elif longest > config.largest_cutout:
        scale = config.input_size / TYPICAL
    else:
        scale = config.input_size / longest
    # Less than 32 network pixels across and there is nothing to see.
    return min(max(scale, 32 / longest), config.most_enlarged)


def resize(
    picture: NDArray[np.uint8], scale: float
) -> tuple[NDArray[np.uint8], tuple[float, float]]:
    """Return a picture at another scale, and the exact scale along x and y.

    Parameters
    ----------
    picture : array of shape (height, width, 3)
    scale : float
        When it shrinks, neighbouring pixels are averaged, so that nothing aliases.
    """
    height, width = picture.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if size == (width, height):
        return picture, (1.0, 1.0)
    image = Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR)
    return np.asarray(image), (size[0] / width, size[1] / height)


def to_network(boxes: Boxes, scale: tuple[float, float]) -> Boxes:
    """Convert a cutout's boxes to network pixels, counted from the first one's edge.

    Parameters
    ----------
    boxes : array of shape (n, 4)
        In the cutout's pixels, from the first one's centre.
    scale : (float, float)
        Network pixels per pixel along x and y.
    """
    return np.asarray(to_edges(boxes) * np.tile(scale, 2))


def from_network(boxes: Boxes, scale: tuple[float, float]) -> Boxes:
    """Convert network pixels back to a cutout's.

    Parameters
    ----------
    boxes : array of shape (n, 4)
        In network pixels, from the first one's edge.
    scale : (float, float)
        Network pixels per pixel along x and y.
    """
    return from_edges(boxes / np.tile(scale, 2))


@dataclass(frozen=True)
class NetworkTile:
    """A part of a picture, in network pixels.

    Attributes
    ----------
    x, y : int
        First column and row.
    width, height : int
    """

    x: int
    y: int
    width: int
    height: int

    def cut(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return this part of a picture of shape (height, width, 3)."""
        return picture[self.y : self.y + self.height, self.x : self.x + self.width]

    def inside(self, boxes: Boxes, width: int, height: int) -> NDArray[np.bool_]:
        """Return which boxes touch no rim that is not the picture's own, shape (n,).

        A box that the rim cuts is found whole in the neighbouring tile.

        Parameters
        ----------
        boxes : array of shape (n, 4)
            In pixels from this tile's edge.
        width, height : int
            The whole picture's size.
        """
        low = np.array([0 if self.x == 0 else 1, 0 if self.y == 0 else 1])
        right = self.width - (self.x + self.width < width)
        bottom = self.height - (self.y + self.height < height)
        high = np.array([right, bottom])
        return np.asarray(
            (boxes[:, :2] >= low).all(axis=1) & (boxes[:, 2:] <= high).all(axis=1)
        )


def tiles(width: int, height: int, side: int = TILE) -> Iterator[NetworkTile]:
    """Yield tiles that cover a picture, row by row; one where it is small enough.

    Parameters
    ----------
    width, height : int
        The picture's size in network pixels.
    side : int
        Longest side of a tile.
    """
    for y, tall in _spans(height, side):
        for x, wide in _spans(width, side):
            yield NetworkTile(x, y, wide, tall)


def tile_side(config: ModelConfig) -> int:
    """Return the longest side of a model's tiles: a whole cutout is one."""
    return max(TILE, config.input_size)


def _spans(length: int, side: int) -> list[tuple[int, int]]:
    """Return (start, length) of spans of equal length that overlap enough."""
    if length <= side:
        return [(0, length)]
    n = -(-(length - OVERLAP) // (side - OVERLAP))
    starts = np.linspace(0, length - side, n).round().astype(int)
    return [(int(start), side) for start in starts]
