"""Where on a galaxy a simulated clump can be, and the light that it adds there.

In linear fluxes the clump is a point with the cutout's own PSF and the colours of real
clumps; in a picture it is linear after an asinh curve is undone, since the picture's
own curve is not known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clump_detector.core import boxes as geometry
from clump_detector.core.arrays import Floats
from clump_detector.core.boxes import Boxes
from clump_detector.core.errors import ImageError
from clump_detector.fluxes.magnitudes import bluest
from clump_detector.image_files.added_light import FOUND_WITHIN, RATIOS, AddedLight
from clump_detector.image_files.bands import wavelength
from clump_detector.images.cutout import Cutout
from clump_detector.images.host_mask import nucleus
from clump_detector.images.pixels.asinh import undone
from clump_detector.images.rgb import to_rgb
from clump_detector.photometry import Field, prepare
from clump_detector.photometry.aperture.psf import SIGMA_PER_FWHM

from .inject import clump_colour, draw_positions, near, star_width
from .priors import BANDS, CLUMP_COLOUR, PICTURE_FWHM, Rng, fluxes

#: Not nearer than this to the nucleus, in FWHM: volunteers marked the bulge apart.
FROM_NUCLEUS = 1.5

#: Two clumps on one galaxy are at least this far apart, in FWHM.
APART = 4 * FOUND_WITHIN


class InjectionSites:
    """A galaxy, and where on it simulated clumps can be.

    Parameters
    ----------
    cutout : Cutout
    taken : array of shape (n, 4)
        Boxes of what is there already: it would count as the new clump.

    Raises
    ------
    ImageError
        If there is no galaxy in its middle.
    """

    def __init__(self, cutout: Cutout, taken: Boxes) -> None:
        self._field = prepare(cutout, guess=probable_fwhm(cutout))
        if self._field.host is None:
            raise ImageError(
                "there is no galaxy in its middle to put a clump on",
                None if cutout.source is None else cutout.source.path,
                "It was left out.",
            )
        self._free, self._light = _free(self._field, taken)

    def draw(self, rng: Rng) -> AddedLight | None:
        """Return a clump at random; None where no more fits.

        Parameters
        ----------
        rng : numpy.random.Generator
        """
        positions = draw_positions(self._free, self._light**0.7, 1, 0.0, rng)
        if not len(positions):
            return None
        ratio = float(np.exp(rng.uniform(*np.log(RATIOS))))
        add = _in_picture if self._field.cutout.is_picture else _in_fluxes
        return add(
            self._field, (float(positions[0][0]), float(positions[0][1])), ratio, rng
        )

    def take(self, one: AddedLight) -> None:
        """Keep the place of a clump and what is around it free from now on.

        Parameters
        ----------
        one : AddedLight
        """
        position = np.array([one.x, one.y])
        self._free &= ~near(position, self._free.shape, APART * self._field.fwhm)


def draw_clumps(cutout: Cutout, taken: Boxes, n: int, rng: Rng) -> list[AddedLight]:
    """Return n simulated clumps for a galaxy, or fewer where no more fit.

    Parameters
    ----------
    cutout : Cutout
    taken : array of shape (n, 4)
        Boxes of what is there already.
    n : int
    rng : numpy.random.Generator

    Raises
    ------
    ImageError
        If there is no galaxy in its middle.
    """
    sites = InjectionSites(cutout, taken)
    made: list[AddedLight] = []
    for _ in range(n):
        one = sites.draw(rng)
        if one is None:
            break
        sites.take(one)
        made.append(one)
    return made


def probable_fwhm(cutout: Cutout) -> float:
    """Return a FWHM of the PSF in pixels where it is not known.

    The stars' of the picture that is shown, or what pictures of that size have.
    """
    longest = max(cutout.width, cutout.height)
    return star_width(to_rgb(cutout)) or PICTURE_FWHM[0] * longest / 400


def _free(field: Field, taken: Boxes) -> tuple[NDArray[np.bool_], Floats]:
    """Return where on the galaxy a clump can be put, and the light there."""
    assert field.host is not None
    plane = _grey(field) if field.cutout.is_picture else _light(field)
    light = np.clip(np.nan_to_num(plane), 0, None).astype(float) + 1e-12
    known = np.isfinite(field.planes).all(axis=0)
    centre = nucleus(light, field.host.mask, field.fwhm)
    free = field.host.mask & known
    free &= ~near(centre, light.shape, FROM_NUCLEUS * field.fwhm)
    for position in geometry.centres(geometry.as_boxes(taken)):
        free &= ~near(position, light.shape, 2 * FOUND_WITHIN * field.fwhm)
    return free, light


def _grey(field: Field) -> Floats:
    """Return the grey levels of a picture above those of its sky."""
    assert field.host is not None
    grey = field.planes.mean(axis=0)
    sky = grey[~field.host.sources]
    return np.asarray(grey - np.median(sky)) if sky.size else np.asarray(grey)


def _light(field: Field) -> Floats:
    from scipy import ndimage

    assert field.sky is not None
    assert field.host is not None
    band = field.host.band
    plane = np.nan_to_num(field.planes[band] - field.sky.level[band])
    smooth = ndimage.gaussian_filter(plane.astype(float), field.fwhm * SIGMA_PER_FWHM)
    return np.asarray(smooth)


def _in_fluxes(
    field: Field, position: tuple[float, float], ratio: float, rng: Rng
) -> AddedLight:
    """Return a clump with the colours of real ones, in the units of the pixels."""
    assert field.host is not None
    cutout, bands = field.cutout, field.bands
    blue = bluest(bands)
    units = np.array([v or np.nan for v in cutout.jansky] or [1.0] * len(bands))
    units = np.where(np.isfinite(units), units, 1.0)  # then one unit for all bands
    spectrum = _spectrum(bands, rng)
    total = ratio * max(float(field.host.flux[blue]), 0.0)
    light = total * spectrum / spectrum[blue] * units[blue] / units
    fwhm = tuple(psf.fwhm for psf in field.psfs)
    return AddedLight(*position, ratio, tuple(light.tolist()), fwhm)


def _spectrum(bands: Sequence[str], rng: Rng) -> Floats:
    """Return a clump's flux densities, of any scale, with the colours of real ones."""
    mean, scatter = (np.array(v) for v in CLUMP_COLOUR)
    known = fluxes(20.0, rng.normal(mean, scatter))
    lengths = np.log([wavelength(band) or 0 for band in BANDS])
    return np.exp(
        [
            np.interp(np.log(wavelength(band) or 500.0), lengths, np.log(known))
            for band in bands
        ]
    )


def _in_picture(
    field: Field, position: tuple[float, float], ratio: float, rng: Rng
) -> AddedLight:
    """Return a clump in the intensities that an asinh curve leaves of a picture."""
    assert field.host is not None
    blue = undone(field.cutout.pixels)[..., 2]
    sky = np.median(blue[~field.host.sources]) if (~field.host.sources).any() else 0.0
    total = ratio * max(float((blue - sky)[field.host.mask].sum()), 0.0)
    colour = clump_colour(rng)
    light = total * colour / max(float(colour[2]), 1e-3)
    return AddedLight(*position, ratio, tuple(light.tolist()), (field.fwhm,) * 3)
