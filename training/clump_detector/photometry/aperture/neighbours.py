"""Clumps that stand close together: which do, and the light of those around one.

The light of each is measured without that of its neighbours, in turn, until it stays
the same, as DAOPHOT does for stars (Stetson 1987, PASP 99, 191).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import Floats

from .psf import ANNULUS, APERTURE, Psf
from .stamp import Stamp

#: Clumps nearer than this, in FWHM, have light in each other's aperture or annulus.
REACH = ANNULUS[1] + APERTURE

#: Each clump of a group is measured so many times: at 1 FWHM from its only neighbour
#: a quarter of what is wrong stays each time, at 1.5 FWHM a twentieth.
TIMES = 5


#: The light of a neighbour in a circle is not known better than by this share of it,
#: because its place and its width are measured, too. Chosen on pairs of simulated
#: clumps, so that the pulls of fluxes and sizes are about 1 wide.
PLACED = 0.08


@dataclass(frozen=True)
class PointLight:
    """The light of a clump as a point of the PSF's shape.

    Attributes
    ----------
    x, y : float
        In pixels of the image.
    flux, error : array of shape (bands,)
        NaN where it is not known.
    width : float
        In units of the PSF's.
    """

    x: float
    y: float
    flux: Floats
    error: Floats
    width: float


@dataclass(frozen=True)
class Surroundings:
    """The light of a clump's neighbours on its stamp.

    Attributes
    ----------
    points : tuple of PointLight
    spread : array of shape (n, bands, m, m)
        How each one's light is spread over the pixels, its total taken as 1.
    """

    points: tuple[PointLight, ...]
    spread: Floats

    def of_bands(self, bands: NDArray[np.intp]) -> Surroundings:
        """Return that of some bands."""
        points = tuple(
            replace(one, flux=one.flux[bands], error=one.error[bands])
            for one in self.points
        )
        return Surroundings(points, self.spread[:, bands])

    def taken_from(self, stamp: Stamp) -> Stamp:
        """Return a stamp without their light, where that is positive."""
        if not self.points:
            return stamp
        flux = np.stack([np.nan_to_num(one.flux).clip(0) for one in self.points])
        light = np.einsum("nb,nbij->bij", flux, self.spread)
        return replace(stamp, planes=np.asarray(stamp.planes - light))

    def errors(self, disc: Floats) -> Floats:
        """Return the errors that they give to the light within a disc.

        Parameters
        ----------
        disc : array of shape (m, m)
            The share of each pixel within it.

        Returns
        -------
        array of shape (bands, n)
            One for each, by which more or less of its light is in the disc.
        """
        inside = np.einsum("nbij,ij->bn", self.spread, disc)
        error = [
            np.hypot(np.nan_to_num(one.error), PLACED * np.nan_to_num(one.flux))
            for one in self.points
        ]
        every = np.reshape(error, (len(error), inside.shape[0])).T
        return np.asarray(inside * every)


def surroundings(
    stamp: Stamp, psfs: Sequence[Psf], points: Sequence[PointLight]
) -> Surroundings:
    """Return the light of neighbours on a stamp.

    Parameters
    ----------
    stamp : Stamp
    psfs : sequence of Psf
        One per band.
    points : sequence of PointLight
    """
    x, y = stamp.position
    spread = np.zeros((len(points), *stamp.planes.shape))
    for k, one in enumerate(points):
        far = np.hypot(stamp.dx + x - one.x, stamp.dy + y - one.y)
        made: dict[int, Floats] = {}
        for band, psf in enumerate(psfs):
            if id(psf) not in made:
                made[id(psf)] = psf.pixel_light(far, one.width)
            spread[k, band] = made[id(psf)]
    return Surroundings(tuple(points), spread)


def groups(positions: Floats, reach: float) -> list[list[int]]:
    """Return the numbers of positions by group: each has another within reach.

    Parameters
    ----------
    positions : array of shape (n, 2)
    reach : float
        In pixels.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    n = len(positions)
    if n < 2:
        return [[k] for k in range(n)]
    apart = np.hypot(*(positions[:, None] - positions[None]).transpose(2, 0, 1))
    number, group = connected_components(csr_array(apart < reach), directed=False)
    return [np.flatnonzero(group == k).tolist() for k in range(number)]
