"""Where North and East are in a cutout, and how it is turned on the screen. No Qt.

Pixels keep their coordinates; only the camera is set to one of eight orientations.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import log10
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from astropy.wcs import WCS

Direction = tuple[float, float]

#: Lengths of a scale bar, in units of a power of ten.
_ROUND = (1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Orientation:
    """How an array is turned on the screen: one of eight ways.

    Attributes
    ----------
    transposed : bool
        Whether rows run across the screen, and columns down it.
    vertical : {"down", "up"}
        Where the pixels that run along the screen's height count to.
    horizontal : {"right", "left"}
        Where those that run along its width count to.
    """

    transposed: bool = False
    vertical: str = "down"
    horizontal: str = "right"

    def on_screen(self, direction: Direction) -> Direction:
        """Return a direction (x, y) in the array as (right, down) on the screen."""
        x, y = reversed(direction) if self.transposed else direction
        right = x if self.horizontal == "right" else -x
        return right, y if self.vertical == "down" else -y

    def in_array(self, direction: Direction) -> Direction:
        """Return a direction (right, down) on the screen as (x, y) in the array."""
        right, down = direction
        x = right if self.horizontal == "right" else -right
        y = down if self.vertical == "down" else -down
        return (y, x) if self.transposed else (x, y)


#: The first one is as the array is; among equals the first is chosen.
ORIENTATIONS = tuple(
    Orientation(transposed, vertical, horizontal)
    for transposed, vertical, horizontal in product(
        (False, True), ("down", "up"), ("right", "left")
    )
)

AS_IS = ORIENTATIONS[0]


@dataclass(frozen=True)
class Compass:
    """Unit vectors (x, y) in the array's pixels towards North and East."""

    north: Direction
    east: Direction


def compass_of(wcs: WCS | None, width: int, height: int) -> Compass | None:
    """Return where North and East are in the middle of a cutout.

    Parameters
    ----------
    wcs : astropy.wcs.WCS or None
        Celestial, of two axes.

    Returns
    -------
    Compass or None
        None without a WCS, or with one that gives no directions.
    """
    if wcs is None:
        return None
    east, north = _sky_gradients(wcs, (width - 1) / 2, (height - 1) / 2)
    gradients = np.array([east, north])
    if not np.isfinite(gradients).all() or abs(np.linalg.det(gradients)) < 1e-30:
        return None
    to_east, to_north = np.linalg.inv(gradients / np.abs(gradients).max()).T
    return Compass(_unit(to_north), _unit(to_east))


def _sky_gradients(
    wcs: WCS, x: float, y: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return degrees of RA and of Dec per pixel, along x and along y.

    The factor cos(Dec) changes no direction.
    """
    half = 0.5
    positions = [(x - half, y), (x + half, y), (x, y - half), (x, y + half)]
    world = np.asarray(wcs.all_pix2world(np.array(positions), 0))
    ra, dec = world[:, wcs.wcs.lng], world[:, wcs.wcs.lat]
    across = ra[[1, 3]] - ra[[0, 2]]
    across = (across + 180) % 360 - 180  # RA wraps at 360 degrees
    return across, dec[[1, 3]] - dec[[0, 2]]


def _unit(vector: NDArray[np.float64]) -> Direction:
    x, y = vector / np.linalg.norm(vector)
    return float(x), float(y)


def north_up(compass: Compass | None) -> Orientation:
    """Return the orientation in which North is nearest to up and East to left."""
    if compass is None:
        return AS_IS

    def fit(orientation: Orientation) -> float:
        up = -orientation.on_screen(compass.north)[1]
        left = -orientation.on_screen(compass.east)[0]
        return round(up + left, 9)  # rounding errors must not turn it

    return max(ORIENTATIONS, key=fit)


@dataclass(frozen=True)
class ScaleBar:
    """A scale bar: its length in arcsec and on the screen."""

    arcsec: float
    length: float

    @property
    def words(self) -> str:
        """Its length as astronomers write it, in seconds of arc."""
        return f"{self.arcsec:g}″"


def scale_bar(scale: float, zoom: float, longest: float) -> ScaleBar:
    """Return the longest scale bar of a round length that fits.

    Parameters
    ----------
    scale : float
        Arcsec per pixel of the cutout.
    zoom : float
        Screen pixels per pixel of the cutout.
    longest : float
        Longest bar, in screen pixels.
    """
    longest_arcsec = longest * scale / zoom
    power = 10.0 ** int(np.floor(log10(longest_arcsec)))
    arcsec = max(n * power for n in _ROUND if n * power <= longest_arcsec * (1 + 1e-9))
    return ScaleBar(arcsec, arcsec * zoom / scale)


@dataclass(frozen=True)
class SkyMarks:
    """Orientation, scale and compass to display with a cutout.

    Attributes
    ----------
    orientation : Orientation or None
        None leaves the array as the viewer has it by itself.
    scale : float or None
        Arcsec per pixel for the scale bar.
    compass : Compass or None
    """

    orientation: Orientation | None = None
    scale: float | None = None
    compass: Compass | None = None
