"""A cutout's galaxy as a survey's catalogue or a list describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Galaxy:
    """A galaxy of a list; None or empty where the list does not give a value.

    Attributes
    ----------
    name : str
        Also the name of its cutout.
    ra, dec : float or None
        Degrees, ICRS.
    redshift : float or None
    radius : float or None
        Effective (half-light) radius in arcsec.
    ebv : float or None
        Galactic reddening E(B-V) in mag.
    scale : float or None
        Arcsec per pixel of its image, for images without header.
    psf : mapping of str to float
        FWHM of the PSF in arcsec by band; ``""`` means all other bands.
    magnitudes : mapping of str to float
        Apparent AB magnitudes of the whole galaxy by band.
    ids : mapping of str to int
        Object ids by the name of their column; integers, since a float would lose the
        last digits.
    other : mapping
        The list's other values, by the name of their column.
    units : mapping of str to str
        The units of the other columns, where the list gives them.
    """

    name: str
    ra: float | None = None
    dec: float | None = None
    redshift: float | None = None
    radius: float | None = None
    ebv: float | None = None
    scale: float | None = None
    psf: Mapping[str, float] = field(default_factory=dict)
    magnitudes: Mapping[str, float] = field(default_factory=dict)
    ids: Mapping[str, int] = field(default_factory=dict)
    other: Mapping[str, object] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)

    def psf_fwhm(self, band: str = "r") -> float | None:
        """Return the FWHM of the PSF in a band in arcsec, or None."""
        return self.psf.get(band, self.psf.get(""))
