"""The images of a FITS file: which are the bands, and what errors go with each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from clump_detector.astrometry.wcs import celestial_axes
from clump_detector.core.fits_header import HeaderKeys
from clump_detector.images.pixels import plane_roles
from clump_detector.images.pixels.band_names import band_in, of_plane

from .scan import Part

#: An image of this many times fewer pixels than another is a preview of it.
_PREVIEW = 4


@dataclass(frozen=True, eq=False)
class Image:
    """One image of the file, before its values are read.

    Attributes
    ----------
    place : int
        Of its part in the file.
    part : Part
    keys : HeaderKeys
    name : str
        Of the extension, or ''.
    role : str or None
        See `roles`.
    """

    place: int
    part: Part
    keys: HeaderKeys
    name: str
    role: str | None

    @property
    def title(self) -> str:
        """Its name, or which part of the file it is."""
        if self.name:
            return self.name
        size = " x ".join(str(n) for n in reversed(self.part.shape))
        where = f"extension {self.place}" if self.place else "the primary image"
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
        """The band that the extension's name is."""
        return band_in(self.name)

    @property
    def band(self) -> str | None:
        """The band, by header or name."""
        return self.band_by_header or self.band_by_name


def chosen(fluxes: Sequence[Image]) -> list[Image]:
    """Return the planes that are bands of one image, or the science image.

    Planes that bands tell apart belong together. Otherwise one is read: rather one that
    is called science, or that knows its place on the sky, than a preview before it.
    """
    first = science(fluxes)
    planes = [i for i in fluxes if not i.is_cube]
    if first.is_cube or len(planes) < 2:
        return [first]
    by_header = _distinct(planes, [i.band_by_header for i in planes])
    by_name = _distinct(planes, [i.band_by_name for i in planes])
    best = max(by_header, by_name, key=len)  # the headers where both are alike
    if len(best) > 1:
        return best
    alike = [
        i
        for i in planes
        if i.name == first.name == "" and i.part.shape == first.part.shape
    ]
    told = any(i.band_by_header for i in alike)
    return alike if len(alike) > 1 and not told else [first]


def science(fluxes: Sequence[Image]) -> Image:
    """Return the image that is no preview of another; the first of several."""
    best = max(_rank(i) for i in fluxes)
    good = [i for i in fluxes if _rank(i) == best]
    most = max(prod(i.part.shape) for i in good)
    return next(i for i in good if prod(i.part.shape) * _PREVIEW > most)


def _rank(image: Image) -> tuple[bool, bool]:
    return image.role == plane_roles.FLUX, celestial_axes(image.part.header) is not None


def _distinct(planes: Sequence[Image], names: Sequence[str | None]) -> list[Image]:
    """Return the planes that are named, if no name comes twice."""
    named = [name for name in names if name]
    if len(set(named)) < len(named):
        return []
    return [i for i, name in zip(planes, names, strict=True) if name]


# -- what goes with them ------------------------------------------------------


def errors_of(
    image: Image, number: int, bands: Sequence[Image], others: Sequence[Image]
) -> list[Image]:
    """Return what tells an image's errors: the whole, or all parts of their sum.

    A single part, such as the photon noise alone, is less than the error and is no
    answer.
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
    """Return the error or mask of an image: of its band, its turn, or behind it."""
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
    later = [i.place for i in bands[number + 1 :]]
    behind = [i for i in fit if image.place < i.place < min(later, default=10**6)]
    if not behind and len(fit) == 1 and fit[0].role == plane_roles.MASK:
        return fit[0]  # one mask for all
    return behind[0] if behind else None
