"""What was measured of the clumps of one cutout, in columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import Floats
from clump_detector.core.boxes import Boxes
from clump_detector.fluxes.extinction import extinction
from clump_detector.fluxes.magnitudes import (
    ab_magnitudes,
    bluest,
    in_jansky,
    kpc_per_arcsec,
    magnitude_errors,
)
from clump_detector.photometry.aperture.psf import Psf

from .flags import Quality
from .host import Host

#: A clump has at least this share of its galaxy's blue light: Adams et al. (2022), and
#: Guo et al. (2015), who asked for 8 % of the rest-frame UV.
FAINTER_LIMIT, BRIGHTER_LIMIT = 0.03, 0.08


@dataclass(frozen=True)
class Measured:
    """n clumps of one cutout in b bands; NaN where something was not measured.

    Fluxes are totals, by the aperture's net light times `correction`, in the units of
    the cutout's pixels.

    Attributes
    ----------
    boxes : array of shape (n, 4)
    bands : tuple of b str
    x, y : array of shape (n,)
        Where it was measured, in pixels.
    psfs : tuple of b Psf
    width : array of shape (n,)
        How many times wider than the PSF a clump is, and `width_error`.
    flux, error, correction, background : array of shape (n, b)
    flags : int array of shape (n,)
        Bits of `Quality`.
    host : Host or None
    fwhm : float
        Of the PSF in pixels in r, or in the band that the galaxy was found in; of a
        picture, too.
    fwhm_source : str
        Source of the PSF, as `Psf.source`.
    jansky : tuple of (float or None)
        Jy per unit of the pixels, by band; empty where no unit is known.
    ebv : float or None
        Galactic reddening.
    scale : float or None
        Arcsec per pixel.
    radius : float or None
        The galaxy's effective radius in arcsec, where a list gives it.
    redshift : float or None
    """

    boxes: Boxes
    bands: tuple[str, ...]
    x: Floats
    y: Floats
    psfs: tuple[Psf, ...]
    width: Floats
    width_error: Floats
    flux: Floats
    error: Floats
    correction: Floats
    background: Floats
    flags: NDArray[np.int64]
    host: Host | None
    fwhm: float
    fwhm_source: str
    jansky: tuple[float | None, ...] = ()
    ebv: float | None = None
    scale: float | None = None
    radius: float | None = None
    redshift: float | None = None

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def is_relative(self) -> bool:
        """Whether fluxes have no physical unit in any band."""
        return not any(v is not None for v in self.jansky)

    def _jy(self, values: Floats) -> Floats:
        return in_jansky(values, self.jansky, len(self.bands))

    @cached_property
    def flux_jy(self) -> Floats:
        """Fluxes in Jy, shape (n, b); NaN in a band whose unit is not known."""
        return self._jy(self.flux)

    @cached_property
    def error_jy(self) -> Floats:
        """Their errors in Jy."""
        return self._jy(self.error)

    @cached_property
    def magnitude(self) -> Floats:
        """AB magnitudes as measured, shape (n, b)."""
        return ab_magnitudes(self.flux_jy)

    @cached_property
    def magnitude_error(self) -> Floats:
        """Their errors."""
        return magnitude_errors(self.flux, self.error)

    @cached_property
    def extinction(self) -> Floats:
        """Galactic extinction in magnitudes, shape (b,); NaN where it is not known."""
        return extinction(self.bands, self.ebv)

    @cached_property
    def magnitude_corrected(self) -> Floats:
        """AB magnitudes without Galactic extinction, shape (n, b)."""
        return self.magnitude - self.extinction

    def colour(self, blue: str, red: str) -> Floats:
        """Return a colour of all clumps, shape (n,); NaN where a band is missing.

        Without Galactic extinction where the reddening is known.

        Parameters
        ----------
        blue, red : str
            Bands.
        """
        if blue not in self.bands or red not in self.bands:
            return np.full(len(self), np.nan)
        first, second = self.bands.index(blue), self.bands.index(red)
        extinct = np.nan_to_num(self.extinction)
        plain = self.magnitude[:, first] - self.magnitude[:, second]
        return np.asarray(plain - extinct[first] + extinct[second])

    @cached_property
    def ratio(self) -> Floats:
        """Clump flux over host flux by band, shape (n, b)."""
        if self.host is None:
            return np.full((len(self), len(self.bands)), np.nan)
        host = np.where(self.host.flux > 0, self.host.flux, np.nan)
        return self.flux / host

    @property
    def ratio_band(self) -> int | None:
        """The index of the band that the flux ratio is taken in: u, or the bluest."""
        if not self.bands:
            return None
        return self.bands.index("u") if "u" in self.bands else bluest(self.bands)

    @cached_property
    def blue_ratio(self) -> Floats:
        """The flux ratio in that band, shape (n,)."""
        if self.ratio_band is None:
            return np.full(len(self), np.nan)
        return np.asarray(self.ratio[:, self.ratio_band])

    @cached_property
    def distance(self) -> Floats:
        """Distance from the galaxy's centre in pixels, shape (n,)."""
        if self.host is None:
            return np.full(len(self), np.nan)
        return np.hypot(self.x - self.host.x, self.y - self.host.y)

    @property
    def effective_radius(self) -> float:
        """The galaxy's half-light radius in pixels: the list's, or as measured here."""
        if self.radius is not None and self.scale:
            return self.radius / self.scale
        return float("nan") if self.host is None else self.host.radius

    @property
    def distance_in_radii(self) -> Floats:
        """Distance from the centre in effective radii, shape (n,)."""
        radius = self.effective_radius
        return self.distance / (radius if radius > 0 else np.nan)

    @property
    def distance_arcsec(self) -> Floats:
        """Distance from the centre in arcsec, shape (n,)."""
        return self.distance * (self.scale if self.scale else np.nan)

    @property
    def distance_kpc(self) -> Floats:
        """Distance from the centre in kpc by Planck 2018's cosmology, shape (n,)."""
        if self.redshift is None:
            return np.full(len(self), np.nan)
        return self.distance_arcsec * kpc_per_arcsec(self.redshift)

    @property
    def psf_source(self) -> str:
        """Where the PSF is from, in one word a source."""
        if not self.psfs:
            return self.fwhm_source
        return ", ".join(dict.fromkeys(psf.source for psf in self.psfs))

    @property
    def correction_name(self) -> str:
        """What the aperture correction is for."""
        models = ", ".join(dict.fromkeys(psf.model for psf in self.psfs))
        return f"{models}, of the clump's own width" if models else ""

    def flagged(self, quality: Quality) -> NDArray[np.bool_]:
        """Return which clumps have a flag, shape (n,)."""
        return np.asarray((self.flags & int(quality)) != 0)
