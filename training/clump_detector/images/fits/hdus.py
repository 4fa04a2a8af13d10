"""The images of a FITS file: choosing the bands, and the errors and mask of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from clump_detector.astrometry.wcs import celestial_axes
from clump_detector.core.fits_header import HeaderKeys
from clump_detector.images.pixels import plane_roles
from clump_detector.images.pixels.band_names import band_in, of_plane

from .scan import Part

#: An image with fewer pixels than another by this factor is a preview of it.
_PREVIEW = 4


@dataclass(frozen=True, eq=False)
class Image:
    """One image of the file, before its values are read.

    Attributes
    ----------
    index : int
        The index of its part in the file.
    part : Part
    keys : HeaderKeys
    name : str
        The extension's name, or ''.
    role : str or None
        See `plane_roles`.
    """

    index: int
    part: Part
    keys: HeaderKeys
    name: str
    role: str | None

    @property
    def title(self) -> str:
        """Its name, or its extension and size."""
        if self.name:
            return self.name
        size = " x ".join(str(n) for n in reversed(self.part.shape))
        where = f"extension {self.index}" if self.index else "the primary image"
        return f"{where} ({size} pixels)"

    @property
    def is_cube(self) -> bool:
        """Whether it has more than one plane."""
        return len([n for n in self.part.shape if n > 1]) > 2

    @property
    def band_by_header(self) -> str | None:
        """The band that its own header names."""
        return of_plane(self.keys.own)[0]

    @property
    def band_by_name(self) -> str | None:
        """The band that the extension's name gives."""
        return band_in(self.name)

    @property
    def band(self) -> str | None:
        """The band, by header or name."""
        return self.band_by_header or self.band_by_name


def chosen(fluxes: Sequence[Image]) -> list[Image]:
    """Return the planes that are bands of one image, or the science image.

    Planes with different bands belong together. Otherwise one is read, preferably one
    that is named science or has sky coordinates, rather than a preview before it.
    """
    first = science(fluxes)
    planes = [i for i in fluxes if not i.is_cube]
    if first.is_cube or len(planes) < 2:
        return [first]
    by_header = _distinct(planes, [i.band_by_header for i in planes])
    by_name = _distinct(planes, [i.band_by_name for i in planes])
    best = max(by_header, by_name, key=len)  # the headers if both are as long
    if len(best) > 1:
        return best
    alike = [
        i
        for i in planes
        if i.name == first.name == "" and i.part.shape == first.part.shape
    ]
    named = any(i.band_by_header for i in alike)
    return alike if len(alike) > 1 and not named else [first]


def science(fluxes: Sequence[Image]) -> Image:
    """Return the image that is not a preview of another; the first of several."""
    best = max(_rank(i) for i in fluxes)
    good = [i for i in fluxes if _rank(i) == best]
    most = max(prod(i.part.shape) for i in good)
    return next(i for i in good if prod(i.part.shape) * _PREVIEW > most)


def _rank(image: Image) -> tuple[bool, bool]:
    return image.role == plane_roles.FLUX, celestial_axes(image.part.header) is not None


def _distinct(planes: Sequence[Image], names: Sequence[str | None]) -> list[Image]:
    """Return the planes that are named, or none if a name is repeated."""
    named = [name for name in names if name]
    if len(set(named)) < len(named):
        return []
    return [i for i, name in zip(planes, names, strict=True) if name]


# -- what goes with them ------------------------------------------------------


def errors_of(
    image: Image, number: int, bands: Sequence[Image], others: Sequence[Image]
) -> list[Image]:
    """Return the planes of an image's errors: of the whole error, or of all its parts.

    A single part, such as the photon noise alone, is less than the error and is not
    returned.

    Parameters
    ----------
    image : Image
    number : int
        The image's index among the bands.
    bands : sequence of Image
    others : sequence of Image
        All planes of errors in the file.
    """
    wholes = [i for i in others if not plane_roles.is_part(i.name)]
    whole = partner(image, number, bands, wholes)
    if whole is not None:
        return [whole]
    parts: dict[str, list[Image]] = {}
    for other in others:
        if plane_roles.is_part(other.name):
            parts.setdefault(other.name.upper(), []).append(other)
    found = [partner(image, number, bands, alike) for alike in parts.values()]
    summed = [i for i in found if i is not None]
    return summed if len(summed) > 1 else []


def partner(
    image: Image, number: int, bands: Sequence[Image], others: Sequence[Image]
) -> Image | None:
    """Return the plane of errors or mask that belongs to an image, or None.

    It is that of the same band, else of the same index if there is one for each band,
    else the one that follows the image in the file, else a mask that is the only one.

    Parameters
    ----------
    image : Image
    number : int
        The image's index among the bands.
    bands : sequence of Image
    others : sequence of Image
        Planes of errors, or masks.
    """
    fit = [i for i in others if i.part.shape[-2:] == image.part.shape[-2:]]
    kinds = [
        role
        for role in (*plane_roles.ERRORS, plane_roles.MASK)
        if any(i.role == role for i in fit)
    ]
    if not kinds:
        return None
    fit = [i for i in fit if i.role == kinds[0]]
    if all(i.band for i in fit) and image.band:
        same = [i for i in fit if i.band == image.band]
        if len(same) == 1:
            return same[0]
    if len(fit) == len(bands):
        return fit[number]
    later = [i.index for i in bands[number + 1 :]]
    after = [i for i in fit if image.index < i.index < min(later, default=10**6)]
    if not after and len(fit) == 1 and fit[0].role == plane_roles.MASK:
        return fit[0]  # one mask for all
    return after[0] if after else None
