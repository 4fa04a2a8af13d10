"""A cutout as clumps are measured on it: its sky, its galaxy and its PSF."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from clump_detector.core import boxes as geometry
from clump_detector.core.arrays import BandArray
from clump_detector.core.boxes import Boxes
from clump_detector.core.errors import ImageError
from clump_detector.images.cutout import Cutout
from clump_detector.images.host_mask import host_mask
from clump_detector.photometry.aperture.background import SkyBackground
from clump_detector.photometry.aperture.psf import Psf

from .host import Host, find_host, middle_of_light
from .psf_choice import Given, choose_psfs, first_guess, given_psfs, stated_fwhm

#: A flat top: this many pixels with the image's highest value are saturated.
FLAT_TOP = 4


@dataclass(frozen=True)
class Field:
    """A cutout as it is measured on: what does not change with its boxes.

    Attributes
    ----------
    cutout : Cutout
    planes : array of shape (bands, height, width)
        Fluxes, NaN where there are none or they have no weight; colours of a picture.
    bands : tuple of str
        Their names; ``band1``, ``band2``, ... where the file names none, and none of a
        picture.
    psfs : tuple of Psf
    sky : SkyBackground or None
        None of a picture.
    host : Host or None
    fwhm : float
        Of the PSF in pixels in r, or in the band that the galaxy was found in.
    fwhm_source : str
        Source of the PSF, as `Psf.source`.
    gain : float or None
        Electrons per unit of the pixels, where given.
    full : tuple of (float or None)
        The value of saturated pixels, by band.
    """

    cutout: Cutout
    planes: BandArray
    bands: tuple[str, ...]
    psfs: tuple[Psf, ...]
    sky: SkyBackground | None
    host: Host | None
    fwhm: float
    fwhm_source: str
    gain: float | None = None
    full: tuple[float | None, ...] = ()

    def refused(self, what: str, why: str) -> ImageError:
        """Return the error of a galaxy that something cannot be measured of.

        Parameters
        ----------
        what : str
            What it has not.
        why : str
            A clause.
        """
        source = self.cutout.source
        path = None if source is None else source.path
        return ImageError(
            f"{self.cutout.name} has no {what}: {why}", path, "It is left out."
        )


def prepare(
    cutout: Cutout,
    *,
    psf: Mapping[str, Given] | Given | None = None,
    model: str = "moffat",
    gain: float | None = None,
    guess: float | None = None,
    boxes: Boxes | None = None,
) -> Field:
    """Look at a cutout's sky, galaxy and PSF.

    Parameters
    ----------
    cutout : Cutout
    psf : mapping, Psf, float or array, optional
        By band, or for all: a `Psf`, a FWHM in pixels, or an image of the PSF. It goes
        before what list, header and stars give.
    model : {"moffat", "gaussian"}
        The PSF's shape where only its width is known.
    gain : float, optional
        Electrons per unit of the pixels, for the photons' own noise.
    guess : float, optional
        A FWHM in pixels where it is not known.
    boxes : array of shape (n, 4), optional
        Of clumps: without a guess their side / 2.5 is one.

    Raises
    ------
    ConfigError, ImageError
        If a PSF that was given is none.
    """
    if guess is None and boxes is not None and len(boxes):
        guess = float(np.median(geometry.fwhm(boxes)))
    bands = () if cutout.is_picture else _band_names(cutout)
    known = bands or ("r",)  # a picture is taken for one in r
    given = given_psfs(psf, known, model)
    first = first_guess(cutout, given, known, guess)
    if cutout.is_picture:
        host = _host_of_picture(cutout, first)
        colours = np.moveaxis(cutout.pixels, 2, 0).astype(np.float32)
        stated = stated_fwhm(cutout, "r")
        source = "given" if given else "boxes" if stated is None else stated[1]
        return Field(cutout, colours, (), (), None, host, first, source)
    planes = _with_weight(cutout)
    host, sky = find_host(planes, bands, first)
    psfs = choose_psfs(cutout, bands, given, first, host, sky, model)
    found_in = 0 if host is None else host.band
    shown = psfs[bands.index("r") if "r" in bands else found_in]
    full = tuple(_full_value(plane) for plane in planes)
    return Field(
        cutout, planes, bands, psfs, sky, host, shown.fwhm, shown.source, gain, full,
    )  # fmt: skip


def _with_weight(cutout: Cutout) -> BandArray:
    """Return the fluxes, NaN where the file gives them no weight."""
    if cutout.variance is None or not np.isinf(cutout.variance).any():
        return cutout.pixels
    return np.where(np.isinf(cutout.variance), np.float32(np.nan), cutout.pixels)


def _band_names(cutout: Cutout) -> tuple[str, ...]:
    n = len(cutout.pixels)
    if len(set(cutout.bands)) == n:
        return cutout.bands
    return tuple(f"band{k + 1}" for k in range(n))


def _host_of_picture(cutout: Cutout, fwhm: float) -> Host | None:
    """Return where the galaxy of a picture is; it has no flux."""
    mask = host_mask(cutout.pixels, fwhm)
    if mask.all():
        return None
    x, y, radius = middle_of_light(cutout.pixels.mean(axis=2), mask)
    nothing = np.zeros(0)
    return Host(mask, mask, 0, x, y, nothing, nothing, None, radius, False)


def _full_value(plane: BandArray) -> float | None:
    """Return the value of a plane's saturated pixels, or None if none seem so."""
    top = np.nanmax(plane) if np.isfinite(plane).any() else np.nan
    flat = int((plane == top).sum())
    return float(top) if flat >= FLAT_TOP and top > 0 else None
