"""Reading the images of a survey's FITS file, with their errors and masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from clump_detector.astrometry.wcs import HeaderSky, celestial_axes, read_sky
from clump_detector.core.arrays import AnyArray
from clump_detector.core.errors import ImageError
from clump_detector.core.fits_header import HeaderKeys
from clump_detector.fluxes.units import is_logarithmic, linear, soft_bias, stated_unit
from clump_detector.images.pixels import plane_roles
from clump_detector.images.pixels.axes import planes_of
from clump_detector.images.pixels.band_names import (
    bands_in,
    of_cube,
    of_plane,
    unknown_filter,
)
from clump_detector.images.pixels.planes import Planes, Values
from clump_detector.images.pixels.precision import as_singles, precision_in_words

from . import hdus
from .hdus import Image
from .quality_flags import bits_of, marked
from .scan import Part, opened, scan
from .values import fluxes_of, values_of, whole_numbers_of


class _File:
    """An open FITS file, and the images in it."""

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

    def _image(self, index: int, part: Part) -> Image:
        first = None if part is self.first else self.first.header
        keys = HeaderKeys(part.header, first)
        return Image(
            index, part, keys, plane_roles.name_of(keys), plane_roles.role_of(keys)
        )

    def values(self, image: Image) -> Values:
        """Return an image's values as (bands, height, width)."""
        return self._planes(values_of(self._file, image.part, self.path), image)

    def fluxes(self, image: Image) -> tuple[Values, tuple[float, ...]]:
        """Return the same, and the level that was subtracted from each plane."""
        return as_singles(
            self._planes(fluxes_of(self._file, image.part, self.path), image)
        )

    def flags(self, image: Image) -> NDArray[np.int64]:
        """Return the bits of a mask as (bands, height, width)."""
        return self._planes(whole_numbers_of(self._file, image.part, self.path), image)

    def _planes(self, values: AnyArray, image: Image) -> AnyArray:
        sky = celestial_axes(image.part.header)
        n = values.ndim
        axes = (n - sky[0], n - sky[1]) if sky and max(sky) <= n else None
        return np.ascontiguousarray(planes_of(values, self.path, axes))


def read_fits(path: Path) -> list[Planes]:
    """Return the images of a FITS file: a cube, a plane, or one plane per band.

    Raises
    ------
    ImageError
        If the file is broken, holds no image, or claims more data than it holds.
    """
    with opened(path) as (file, size):
        return _read(_File(file, size, path))


def _is_image(part: Part) -> bool:
    return len([n for n in part.shape if n > 1]) > 1


def _read(file: _File) -> list[Planes]:
    images = file.images
    fluxes = [i for i in images if i.role in (plane_roles.FLUX, None)]
    notes: list[str] = []
    if not fluxes:
        fluxes = images[:1]
        notes.append(f"The only image of {file.path.name} is not named as fluxes.")
    errors = [i for i in images if i not in fluxes and i.role in plane_roles.ERRORS]
    nameless = _nameless_errors(file, fluxes)
    taken = {i.index for i in nameless}
    fluxes = [i for i in fluxes if i.index not in taken]
    chosen = hdus.chosen(fluxes)
    left_out = [i for i in fluxes if i not in chosen]
    if left_out:
        names = ", ".join(i.title for i in left_out)
        notes.append(f"Not read of {file.path.name}: {names}.")
    masks = [i for i in images if i.role == plane_roles.MASK]
    parts = [i.name for i in errors if plane_roles.is_part(i.name)]
    if len(parts) == len(errors) == 1:
        notes.append(f"{parts[0]} is only a part of the errors and was not used.")
    found = []
    for number, image in enumerate(chosen):
        planes = _planes(file, image, alone=len(chosen) == 1)
        own_errors = hdus.errors_of(image, number, chosen, errors + nameless)
        mask = hdus.partner(image, number, chosen, masks)
        planes = _with_errors(file, planes, own_errors)
        found.append(_masked(file, planes, mask))
    found[0] = replace(found[0], notes=(*notes, *found[0].notes))
    return found


def _nameless_errors(file: _File, fluxes: Sequence[Image]) -> list[Image]:
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
    role = plane_roles.role_by_noise(values)
    return [replace(other, role=role) for _, other in pairs] if role else []


# -- what goes with them ------------------------------------------------------


def _with_errors(file: _File, planes: Planes, errors: Sequence[Image]) -> Planes:
    """Return planes with their variances: of the whole error, or summed over parts."""
    if not errors:
        return planes
    variance = np.zeros_like(planes.fluxes)
    for error in errors:
        assert error.role is not None
        values = file.values(error)
        if values.shape != planes.fluxes.shape:
            return planes
        pairs = zip(planes.fluxes, values, strict=True)
        for index, (plane, own) in enumerate(pairs):
            variance[index] += plane_roles.as_variance(error.role, own, plane)
    # Neither weight nor flux: there was no data.
    planes.fluxes[np.isinf(variance) & (planes.fluxes == 0)] = np.nan
    origin = "the " + str(errors[0].role)
    if len(errors) > 1:
        origin = " + ".join(error.name for error in errors)
    return replace(
        planes, variance=variance, facts=(*planes.facts, f"errors from {origin}")
    )


def _masked(file: _File, planes: Planes, mask: Image | None) -> Planes:
    """Return planes that are NaN where a mask flags bad pixels.

    A mask of unknown flags that marks most of the image is not used: it is more likely
    one of good pixels.
    """
    if mask is None:
        return planes
    flags = file.flags(mask)
    if flags.shape[0] not in (1, planes.fluxes.shape[0]):
        return planes
    bits = bits_of(mask.keys, mask.name)
    bad = marked(flags, bits)
    share = float(bad.mean())
    if share == 0:
        return planes
    if share > 0.5 and not bits.whose:
        note = f"The mask {mask.name} marks {share:.0%} of the pixels and was not used."
        return replace(planes, notes=(*planes.notes, note))
    planes.fluxes[np.broadcast_to(bad, planes.fluxes.shape)] = np.nan
    by = f" by {bits.whose} flags" if bits.whose else ""
    part = f"{share:.1%}" if share >= 0.001 else f"{int(bad.sum())} pixels"
    return replace(planes, facts=(*planes.facts, f"{part} masked{by}"))


# -- the planes ---------------------------------------------------------------


def _planes(file: _File, image: Image, *, alone: bool) -> Planes:
    """Read an image as linear fluxes without bias."""
    keys = image.keys
    if is_logarithmic(keys):
        raise ImageError(
            f"its values are not fluxes but {stated_unit(keys)[:20]} (BUNIT)",
            file.path,
            "Convert magnitudes m to fluxes 10^(-0.4 m) first.",
        )
    fluxes, facts = _linear_fluxes(file, image)
    n = len(fluxes)
    if n > 1:
        cube, key = of_cube(keys, n)
        by_header: tuple[str | None, ...] = cube or (None,) * n
        by_extension: tuple[str | None, ...] = bands_in(image.name, n) or (None,) * n
    else:
        band, key = of_plane(keys if alone else keys.own)
        by_header, by_extension = (band,), (image.band_by_name,)
        unknown = unknown_filter(keys) if band is None else ""
        facts += [f"no band is known for {unknown}"] if unknown else []
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


def _linear_fluxes(file: _File, image: Image) -> tuple[Values, list[str]]:
    """Return an image's fluxes, and clauses on how they were converted."""
    fluxes, levels = file.fluxes(image)
    facts = [precision_in_words(levels)] if any(levels) else []
    flat = linear(image.keys, fluxes)
    if flat is not None:
        fluxes = np.asarray(flat, dtype=np.float32)
        facts.append("asinh magnitudes made linear")
    bias = soft_bias(image.keys, fluxes)
    if bias:
        fluxes -= np.float32(bias)
        facts.append(f"a soft bias of {bias:g} subtracted")
    return fluxes, facts


def _sky_of(file: _File, image: Image) -> HeaderSky:
    """Return an image's sky, from the file's first header if its own has none."""
    sky = read_sky(image.part.header)
    if sky.wcs is None and not sky.notes and not file.first.shape:
        return read_sky(file.first.header)
    return sky
