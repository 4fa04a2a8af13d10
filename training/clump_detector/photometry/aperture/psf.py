"""How a point's light is spread: the share inside a circle, by the model's name.

All radii are in pixels. ``width`` is how many times wider than the PSF a source is: a
clump that is a little resolved has the PSF's shape and a larger FWHM.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from clump_detector.core.arrays import AnyArray, Floats
from clump_detector.core.errors import ImageError
from clump_detector.images.pixels import moffat as profile

#: Radii of aperture and annulus in FWHM (Popp et al. 2023).
APERTURE = 1.125
ANNULUS = (1.5, 2.5)

#: The inner circle, in FWHM, which gives a clump's width, and the widths that are
#: distinguished, in units of the PSF's.
INNER = 0.7
WIDTHS = np.linspace(0.4, 2.4, 101)

#: Half of the annulus' area lies within this radius: where a falling profile has its
#: median over the annulus.
ANNULUS_MIDDLE = float(np.sqrt((ANNULUS[0] ** 2 + ANNULUS[1] ** 2) / 2))

#: Standard deviation of a Gaussian over its FWHM, as
#: ``astropy.stats.gaussian_fwhm_to_sigma``, whose import takes a third of a second.
SIGMA_PER_FWHM = 1 / float(np.sqrt(8 * np.log(2)))

#: FWHM of the Gaussian of a square pixel's variance, 1/12, in pixels.
PIXEL = 1 / SIGMA_PER_FWHM / np.sqrt(12)

#: Relative error of a total flux where only the PSF's width is known. Of points with
#: betas from 2.5 to 4 that are taken for a Moffat of beta 3, the totals have this
#: standard deviation: 0.034 where the clump's width is measured, 0.045 where not.
SHAPE_ERROR = 0.04

#: A function of radii, element by element.
Radial = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Psf:
    """A round PSF of one band.

    Attributes
    ----------
    fwhm : float
        In pixels.
    model : str
        What its shape is, in words.
    source : str
        Where its width is from: ``list``, ``header``, ``image``, ``stars``, ``given``
        or ``boxes``.
    share : callable
        The share of the light inside a radius in FWHM.
    density : callable
        Light per square FWHM at a radius in FWHM.
    shape_error : float
        Relative error of a total flux because the shape is not known; 0 if it is.
    """

    fwhm: float
    model: str
    source: str
    share: Radial = field(repr=False, compare=False)
    density: Radial = field(repr=False, compare=False)
    shape_error: float = 0.0

    def inside(self, radius: ArrayLike, width: ArrayLike = 1.0) -> Floats:
        """Return the share of a source's light within a radius in pixels.

        Exact shares of pixels take a pixel's light as spread evenly over it, which
        makes a source wider by a pixel's own width.

        Parameters
        ----------
        radius : array
            In pixels.
        width : array
            Of the source, in units of the PSF's; broadcast against ``radius``.
        """
        wide = np.hypot(self.fwhm * np.asarray(width), PIXEL)
        return self.share(np.asarray(radius) / wide)

    def at(self, radius: ArrayLike, width: ArrayLike = 1.0) -> Floats:
        """Return the light per pixel at a radius, of a source of total light 1.

        Parameters
        ----------
        radius : array
            In pixels.
        width : array
            Of the source, in units of the PSF's; broadcast against ``radius``.
        """
        scale = self.fwhm * np.asarray(width)
        return self.density(np.asarray(radius) / scale) / scale**2

    def pixel_light(self, radius: ArrayLike, width: float = 1.0) -> Floats:
        """Return the light that falls on whole pixels at a distance.

        As `at`, of a source wider by a pixel's own width.

        Parameters
        ----------
        radius : array
            Of the pixels' centres from the source, in pixels.
        width : float
            Of the source, in units of the PSF's.
        """
        wide = np.hypot(self.fwhm * width, PIXEL) / self.fwhm
        return self.at(radius, wide)

    def caught(self, radius: float, width: ArrayLike = 1.0) -> Floats:
        """Return the share of a source's light that an aperture's net flux holds.

        That is the light within the radius, less the source's own light that the
        annulus takes for background.

        Parameters
        ----------
        radius : float
            Of the aperture, in pixels.
        width : array
            Of the source, in units of the PSF's.
        """
        own = self.at(ANNULUS_MIDDLE * self.fwhm, width)
        return self.inside(radius, width) - np.pi * radius**2 * own

    def correction(self, width: ArrayLike = 1.0) -> Floats:
        """Return the factor from the aperture's net flux to the total flux."""
        return 1 / self.caught(APERTURE * self.fwhm, width)

    @cached_property
    def concentrations(self) -> Floats:
        """Net light within `INNER` over that within `APERTURE`, at all `WIDTHS`."""
        inner = self.caught(INNER * self.fwhm, WIDTHS)
        return np.asarray(inner / self.caught(APERTURE * self.fwhm, WIDTHS))


def moffat(fwhm: float, beta: float = profile.BETA, source: str = "given") -> Psf:
    """Return a Moffat PSF, as `images.pixels.moffat` describes it.

    Parameters
    ----------
    fwhm : float
        In pixels.
    beta : float
    source : str
        As in `Psf.source`.
    """
    share, density = (partial(f, beta=beta) for f in (profile.share, profile.density))
    return Psf(float(fwhm), f"Moffat, beta {beta:g}", source, share, density)


def gaussian(fwhm: float, source: str = "given") -> Psf:
    """Return a Gaussian PSF.

    Parameters
    ----------
    fwhm : float
        In pixels.
    source : str
        As in `Psf.source`.
    """
    two_sigma2 = 1 / (4 * np.log(2))

    def share(r: Floats) -> Floats:
        inside: Floats = 1 - np.exp(-(r**2) / two_sigma2)
        return inside

    def density(r: Floats) -> Floats:
        light: Floats = np.exp(-(r**2) / two_sigma2) / (np.pi * two_sigma2)
        return light

    return Psf(float(fwhm), "Gaussian", source, share, density)


#: Radii in pixels at which a PSF image is read, per pixel of its half side.
_STEPS = 4


def from_image(
    image: ArrayLike, source: str = "image", path: Path | None = None
) -> Psf:
    """Return the PSF of an image of a point source on the cutout's pixels.

    Its light beyond the image is not known and counts as none; what lies at its rim is
    taken for sky and subtracted.

    Parameters
    ----------
    image : array of shape (height, width)
        With the source within two pixels of the middle.
    source : str
    path : path, optional
        For messages.

    Raises
    ------
    ImageError
        If it is no image of a point source.
    """
    from photutils.centroids import centroid_com

    pixels = np.asarray(image, dtype=np.float64)
    if pixels.ndim != 2 or min(pixels.shape) < 7 or not np.isfinite(pixels).all():
        raise ImageError(
            f"a PSF image of shape {pixels.shape} cannot be used",
            path,
            "Give a plane of at least 7 x 7 finite pixels.",
        )
    rim = np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])
    pixels = pixels - np.median(rim)
    if pixels.max() <= 0 or pixels.sum() <= 0:
        raise ImageError("this PSF image holds no light", path, "Give another one.")
    peak = np.array(np.unravel_index(int(pixels.argmax()), pixels.shape))[::-1]
    middle = (np.array(pixels.shape)[::-1] - 1) / 2
    if np.abs(peak - middle).max() > 2:
        raise ImageError(
            "the PSF's peak is not in the middle of its image", path, "Centre it."
        )
    # The light's centre, from where the light is: noise far out would pull it.
    near = np.hypot(*_offsets(pixels.shape, peak)) < 0.6 * min(pixels.shape) / 2
    centre = np.asarray(centroid_com(np.clip(np.where(near, pixels, 0), 0, None)))
    radii, inside = _growth(pixels, centre)
    density = np.gradient(inside, radii**2 * np.pi)
    fwhm = _half_maximum(pixels, centre)

    def share(r: Floats) -> Floats:
        return np.interp(np.asarray(r) * fwhm, radii, inside)

    def at(r: Floats) -> Floats:
        return np.interp(np.asarray(r) * fwhm, radii, density) * fwhm**2

    return Psf(fwhm, "image", source, share, at)


def _offsets(shape: tuple[int, ...], centre: AnyArray) -> tuple[Floats, Floats]:
    rows, columns = np.indices(shape)
    return columns - centre[0], rows - centre[1]


def _growth(pixels: Floats, centre: Floats) -> tuple[Floats, Floats]:
    """Return radii in pixels and the share of the light within each."""
    from photutils.geometry import circular_overlap_grid

    height, width = pixels.shape
    x, y = centre
    largest = min(x, y, width - 1 - x, height - 1 - y) + 0.5
    radii = np.linspace(0, largest, max(int(_STEPS * largest), 12))
    inside = np.array(
        [0.0]
        + [
            float(
                (circular_overlap_grid(
                    -0.5 - x, width - 0.5 - x, -0.5 - y, height - 0.5 - y,
                    width, height, radius, 1, 1,
                ) * pixels).sum()
            )
            for radius in radii[1:]
        ]
    )  # fmt: skip
    return radii, np.maximum.accumulate(inside / inside[-1])


def _half_maximum(pixels: Floats, centre: Floats) -> float:
    """Return the FWHM in pixels of the azimuthal mean."""
    from scipy import ndimage

    radii = np.arange(0, min(pixels.shape) / 2 - 1, 0.1)
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    x = centre[0] + radii[:, None] * np.cos(angles)
    y = centre[1] + radii[:, None] * np.sin(angles)
    profile = ndimage.map_coordinates(pixels, [y, x], order=3).mean(axis=1)
    below = np.flatnonzero(profile < profile[0] / 2)
    if not len(below) or below[0] == 0:
        raise ImageError("this PSF image has no peak", None, "Give another one.")
    k = int(below[0])
    half = np.interp(-profile[0] / 2, -profile[k - 1 : k + 1], radii[k - 1 : k + 1])
    return float(2 * half)
