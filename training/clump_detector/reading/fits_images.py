"""The images of a FITS file as surveys make them, with the errors that go with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ..errors import ImageError
from ..headers import Keys
from ..units import linear, soft_bias
from ..wcs import Sky, celestial_axes, read_sky
from . import roles
from .axes import planes_of
from .bands import band_in, bands_in, of_cube, of_plane
from .fits_scan import Part, opened, scan
from .fits_values import values_of
from .planes import Planes, Values


@dataclass(frozen=True, eq=False)
class _Image:
    """One image of the file, before its values are read."""

    place: int
    part: Part
    keys: Keys
    name: str
    role: str | None

    @property
    def is_cube(self) -> bool:
        return len([n for n in self.part.shape if n > 1]) > 2

    @property
    def band_by_header(self) -> str | None:
        return of_plane(self.keys.own)[0]

    @property
    def band_by_name(self) -> str | None:
        return band_in(self.name)

    @property
    def band(self) -> str | None:
        return self.band_by_header or self.band_by_name


class _File:
    """A FITS file that is open, and the images in it."""

    def __init__(self, file: IO[bytes], size: int, path: Path) -> None:
        self._file, self.path = file, path
        parts = scan(file, size, path)
        self.first = parts[0]
        self.images = [
            self._image(i, part) for i, part in enumerate(parts) if _is_image(part)
        ]
        if not self.images:
            raise ImageError(
                "this FITS file holds no image", path, "Give one with a 2D image."
            )

    def _image(self, place: int, part: Part) -> _Image:
        first = None if part is self.first else self.first.header
        keys = Keys(part.header, first)
        return _Image(place, part, keys, roles.name_of(keys), roles.role_of(keys))

    def values(self, image: _Image) -> Values:
        """Return an image's values as (bands, height, width)."""
        values = values_of(self._file, image.part, self.path)
        sky = celestial_axes(image.part.header)
        n = values.ndim
        axes = (n - sky[0], n - sky[1]) if sky and max(sky) <= n else None
        return np.ascontiguousarray(planes_of(values, self.path, axes))


def read_fits(path: Path) -> list[Planes]:
    """Return the images of a FITS file: a cube, a plane, or one plane per band.

    Raises
    ------
    ImageError
        If the file is broken, holds no image, or promises what it does not hold.
    """
    with opened(path) as (file, size):
        return _read(_File(file, size, path))


def _is_image(part: Part) -> bool:
    return len([n for n in part.shape if n > 1]) > 1


def _read(file: _File) -> list[Planes]:
    images = file.images
    fluxes = [i for i in images if i.role in (roles.FLUX, None)]
    notes: list[str] = []
    if not fluxes:
        fluxes = images[:1]
        notes.append(f"The only image of {file.path.name} says that it is no flux.")
    errors = [i for i in images if i not in fluxes and i.role in roles.ERRORS]
    nameless = _nameless_errors(file, fluxes)
    places = {i.place for i in nameless}
    fluxes = [i for i in fluxes if i.place not in places]
    chosen = _chosen(fluxes)
    left_out = [i for i in fluxes if i not in chosen]
    if left_out:
        names = ", ".join(i.name or f"number {i.place}" for i in left_out)
        notes.append(f"Not read of {file.path.name}: {names}.")
    masks = [i for i in images if i.role == roles.MASK]
    found = []
    for number, image in enumerate(chosen):
        planes = _planes(file, image, alone=len(chosen) == 1)
        error = _partner(image, number, chosen, errors + nameless)
        mask = _partner(image, number, chosen, masks)
        planes = _with_errors(file, planes, error)
        found.append(_masked(file, planes, mask))
    found[0] = replace(found[0], notes=(*notes, *found[0].notes))
    return found


# -- which images are the bands -----------------------------------------------


def _chosen(fluxes: Sequence[_Image]) -> list[_Image]:
    """Return the cube, or the planes that are bands of one image, else the first."""
    first = fluxes[0]
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


def _distinct(planes: Sequence[_Image], names: Sequence[str | None]) -> list[_Image]:
    """Return the planes that are named, if no name comes twice."""
    named = [name for name in names if name]
    if len(set(named)) < len(named):
        return []
    return [i for i, name in zip(planes, names, strict=True) if name]


def _nameless_errors(file: _File, fluxes: Sequence[_Image]) -> list[_Image]:
    """Return every second plane if these have no names and agree with the noise."""
    n = len(fluxes)
    plain = [i for i in fluxes if not i.name and i.role is None]
    if n < 2 or n % 2 or len(plain) < n or len({i.part.shape for i in fluxes}) > 1:
        return []
    pairs = list(zip(fluxes[::2], fluxes[1::2], strict=True))
    if any(b.band_by_header not in (None, a.band_by_header) for a, b in pairs):
        return []
    values = [(file.values(a), file.values(b)) for a, b in pairs]
    if any(np.nanquantile(flux, 0.01) >= 0 for flux, _ in values):
        return []  # raw counts agree with their noise, too
    role = roles.role_by_noise(values)
    return [replace(other, role=role) for _, other in pairs] if role else []


# -- what goes with them ------------------------------------------------------


def _partner(
    image: _Image, number: int, chosen: Sequence[_Image], others: Sequence[_Image]
) -> _Image | None:
    """Return the error or mask of an image: of its band, its turn, or behind it."""
    fit = [i for i in others if i.part.shape[-2:] == image.part.shape[-2:]]
    kinds = [
        role for role in (*roles.ERRORS, roles.MASK) if any(i.role == role for i in fit)
    ]
    if not kinds:
        return None
    fit = [i for i in fit if i.role == kinds[0]]
    if all(i.band for i in fit) and image.band:
        same = [i for i in fit if i.band == image.band]
        if len(same) == 1:
            return same[0]
    if len(fit) == len(chosen):
        return fit[number]
    later = [i.place for i in chosen[number + 1 :]]
    behind = [i for i in fit if image.place < i.place < min(later, default=10**6)]
    if not behind and len(fit) == 1 and fit[0].role == roles.MASK:
        return fit[0]  # one mask for all
    return behind[0] if behind else None


def _with_errors(file: _File, planes: Planes, error: _Image | None) -> Planes:
    if error is None:
        return planes
    assert error.role is not None
    values = file.values(error)
    if values.shape != planes.fluxes.shape:
        return planes
    variance = np.empty_like(planes.fluxes)
    for place, (plane, told) in enumerate(zip(planes.fluxes, values, strict=True)):
        variance[place] = roles.as_variance(error.role, told, plane)
    # Neither weight nor flux: there was no data.
    planes.fluxes[np.isinf(variance) & (planes.fluxes == 0)] = np.nan
    return replace(
        planes,
        variance=variance,
        facts=(*planes.facts, f"errors from the {error.role}"),
    )


def _masked(file: _File, planes: Planes, mask: _Image | None) -> Planes:
    """Return planes without data where a mask is set, if it marks the smaller part."""
    if mask is None:
        return planes
    values = file.values(mask)
    if values.shape[0] not in (1, planes.fluxes.shape[0]):
        return planes
    bad = _bad(mask.keys, values)
    share = float(bad.mean())
    if share == 0:
        return planes
    if share > 0.5:
        note = f"The mask {mask.name} marks {share:.0%} of the pixels and was not used."
        return replace(planes, notes=(*planes.notes, note))
    planes.fluxes[np.broadcast_to(bad, planes.fluxes.shape)] = np.nan
    return replace(planes, facts=(*planes.facts, f"{share:.1%} masked"))


def _bad(keys: Keys, values: Values) -> NDArray[np.bool_]:
    """Return where a mask is set; of Rubin's and the HSC's, where there is no data.

    Their masks mark every detected source, too.
    """
    bits = [keys.number(key) for key in ("MP_NO_DATA", "MP_BAD")]
    known = [int(bit) for bit in bits if bit is not None and 0 <= bit < 24]
    if known:
        whole = np.nan_to_num(values).astype(np.int64)
        return np.asarray(whole & sum(1 << bit for bit in known), dtype=bool)
    return np.asarray(values != 0)


# -- the planes ---------------------------------------------------------------


def _planes(file: _File, image: _Image, *, alone: bool) -> Planes:
    """Read an image, its values made linear and free of a bias."""
    fluxes = file.values(image)
    keys, n = image.keys, len(fluxes)
    facts = []
    flat = linear(keys, fluxes)
    if flat is not None:
        fluxes = np.asarray(flat, dtype=np.float32)
        facts.append("asinh magnitudes made linear")
    bias = soft_bias(keys, fluxes)
    if bias:
        fluxes -= np.float32(bias)
        facts.append(f"a soft bias of {bias:g} subtracted")
    if n > 1:
        cube, key = of_cube(keys, n)
        by_header: tuple[str | None, ...] = cube or (None,) * n
        by_extension: tuple[str | None, ...] = bands_in(image.name, n) or (None,) * n
    else:
        band, key = of_plane(keys if alone else keys.own)
        by_header, by_extension = (band,), (image.band_by_name,)
    sky = _sky_of(file, image)
    return Planes(
        file.path,
        fluxes,
        keys,
        None,
        sky.wcs,
        by_header,
        by_extension,
        f"the header ({key})" if key else "",
        tuple(facts),
        sky.notes,
    )


def _sky_of(file: _File, image: _Image) -> Sky:
    """Return an image's sky; of the file's first header where its own says nothing."""
    sky = read_sky(image.part.header)
    if sky.wcs is None and not sky.notes and not file.first.shape:
        return read_sky(file.first.header)
    return sky
