"""Combining the planes of a cutout's files: bands, pixel grid, units and seeing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.astrometry.wcs import pixel_scale, stated_scale
from clump_detector.core.errors import ImageError
from clump_detector.fluxes.units import RELATIVE, Unit, stated_unit, unit_of
from clump_detector.image_files.bands import blue_to_red
from clump_detector.image_files.sources import Source
from clump_detector.images.fits.header_psf import psf_fwhm
from clump_detector.images.pixels.band_names import (
    Naming,
    listed,
    of_file_name,
    settled,
)
from clump_detector.images.pixels.limits import refuse_large
from clump_detector.images.pixels.planes import Planes, Values
from clump_detector.images.pixels.regrid import on_one_grid

if TYPE_CHECKING:
    from astropy.wcs import WCS


@dataclass(frozen=True)
class Assembled:
    """The attributes of `cutout.Cutout` for linear fluxes, under the same names."""

    pixels: Values
    bands: tuple[str, ...]
    wcs: WCS | None
    scale: float | None
    fwhm: float | None
    psf: Mapping[str, float]
    variance: Values | None
    jansky: tuple[float | None, ...]
    read_as: str
    notes: tuple[str, ...]
    named: bool


def assembled(files: Sequence[Sequence[Planes]], source: Source) -> Assembled:
    """Combine the planes of a cutout's files.

    Parameters
    ----------
    files : sequence of sequence of Planes
        The planes of each file of the source.
    source : Source
        Its bands are those of the file names, or for one file the user's choice.

    Raises
    ------
    ImageError
        If the planes do not fit together.
    """
    if len(files) > 1:
        for planes in files:
            _refuse_many(planes)
    blocks = [planes for file in files for planes in file]
    naming = _named(blocks, source)
    names = _by_block(blocks, naming.bands)
    scales = [_scale_of(b) for b in blocks]
    units = _units(blocks, source, scales)
    notes = [note for b in blocks for note in (*b.notes, *_scale_notes(b))]
    notes += [unit.note for unit in units if unit.note]
    moved, note = on_one_grid(blocks, [n[0] for n in names])
    notes += [*naming.notes, *([note] if note else [])]
    wcs, scale = _sky_of(moved, scales)
    psf, psf_notes = _psf(blocks, names, scales, scale)
    notes += psf_notes
    red_first = len(blocks) == 1 and blocks[0].red_first and not naming.bands
    jansky = [u.jansky for u, b in zip(units, blocks, strict=True) for _ in b.fluxes]
    order = blue_to_red(naming.bands, len(jansky), red_first=red_first)
    if naming.bands:
        naming = replace(naming, bands=tuple(naming.bands[i] for i in order))
    variance = _stack_variance(moved)
    words = _in_words(blocks, naming, len(jansky), wcs, scale, units)
    if red_first:
        words += "; taken as red, green and blue"
    elif naming.bands and order != tuple(range(len(order))):
        words += "; put in order of wavelength"
    return Assembled(
        pixels=_ordered(_stack(moved), order),
        bands=naming.bands,
        wcs=wcs,
        scale=scale,
        fwhm=psf.get("r", next(iter(psf.values()), None)),
        psf=psf,
        variance=None if variance is None else _ordered(variance, order),
        jansky=tuple(jansky[i] for i in order) if any(jansky) else (),
        read_as=words,
        notes=tuple(dict.fromkeys(notes)),
        named=bool(naming.bands) or red_first,
    )


def _sky_of(
    blocks: Sequence[Planes], scales: Sequence[float | None]
) -> tuple[WCS | None, float | None]:
    """Return the WCS and the pixel scale of blocks on one grid, None where unknown."""
    wcs = next((b.wcs for b in blocks if b.wcs is not None), None)
    if wcs is not None:
        return wcs, pixel_scale(wcs)
    return None, next((s for s in scales if s is not None), None)


def _refuse_many(planes: Sequence[Planes]) -> None:
    if len(planes) > 1 or len(planes[0].fluxes) > 1:
        raise ImageError(
            "this file has several planes, but each file should be one band",
            planes[0].path,
            "Open this file by itself.",
        )


# -- bands --------------------------------------------------------------------


def _named(blocks: Sequence[Planes], source: Source) -> Naming:
    by_header = tuple(n for b in blocks for n in _or_unknown(b, b.by_header))
    by_extension = tuple(n for b in blocks for n in _or_unknown(b, b.by_extension))
    headers = {b.named_by for b in blocks if b.named_by}
    header = headers.pop() if len(headers) == 1 else "the headers"
    if len(source.files) > 1:
        return settled(by_header, header, by_extension, source.bands, ())
    by_name = of_file_name(source.path, len(by_header)) or ()
    return settled(by_header, header, by_extension, by_name, source.bands)


def _or_unknown(
    planes: Planes, names: tuple[str | None, ...]
) -> tuple[str | None, ...]:
    return names or (None,) * len(planes.fluxes)


def _by_block(
    blocks: Sequence[Planes], bands: tuple[str, ...]
) -> list[tuple[str | None, ...]]:
    """Return the names of each block's planes."""
    names: list[tuple[str | None, ...]] = []
    start = 0
    for planes in blocks:
        n = len(planes.fluxes)
        names.append(bands[start : start + n] if bands else (None,) * n)
        start += n
    return names


# -- units, scale and seeing --------------------------------------------------


def _scale_of(planes: Planes) -> float | None:
    if planes.wcs is not None:
        return pixel_scale(planes.wcs)
    return stated_scale(planes.keys)[0]


def _scale_notes(planes: Planes) -> tuple[str, ...]:
    return () if planes.wcs is not None else stated_scale(planes.keys)[1]


def _units(
    blocks: Sequence[Planes], source: Source, scales: Sequence[float | None]
) -> list[Unit]:
    areas = [None if scale is None else (scale / 3600) ** 2 for scale in scales]
    return [
        unit_of(planes.keys, source.unit, area, partial(_brightest, planes))
        for planes, area in zip(blocks, areas, strict=True)
    ]


def _brightest(planes: Planes) -> float:
    return float(np.nanmax(np.abs(planes.fluxes)))


def _psf(
    blocks: Sequence[Planes],
    names: Sequence[tuple[str | None, ...]],
    scales: Sequence[float | None],
    scale: float | None,
) -> tuple[dict[str, float], list[str]]:
    """Return the FWHM of the PSF by band, in pixels of the common grid, and notes."""
    found, notes = {}, []
    for planes, bands, own in zip(blocks, names, scales, strict=True):
        for band in bands:
            fwhm, note = psf_fwhm(planes.keys, band, own)
            if note:
                notes.append(note)
            if fwhm is not None:
                found[band or ""] = fwhm * (own / scale if own and scale else 1.0)
    return found, notes


# -- one array ----------------------------------------------------------------


def _ordered(planes: Values, order: tuple[int, ...]) -> Values:
    """Return planes in an order, without a copy if they have it already."""
    return planes if order == tuple(range(len(order))) else planes[list(order)]


def _stack(blocks: Sequence[Planes]) -> Values:
    if len(blocks) == 1:
        return blocks[0].fluxes
    n = sum(len(planes.fluxes) for planes in blocks)
    refuse_large(blocks[0].path, (n, *blocks[0].size))
    return np.concatenate([planes.fluxes for planes in blocks])


def _stack_variance(blocks: Sequence[Planes]) -> Values | None:
    """Return the variances of all planes, NaN for planes without, or None."""
    if all(planes.variance is None for planes in blocks):
        return None
    return np.concatenate(
        [
            np.full_like(b.fluxes, np.nan) if b.variance is None else b.variance
            for b in blocks
        ]
    )


def _in_words(
    blocks: Sequence[Planes],
    naming: Naming,
    n: int,
    wcs: WCS | None,
    scale: float | None,
    units: Sequence[Unit],
) -> str:
    """Return a line on what was read, and from where."""
    count = "1 band" if n == 1 else f"{n} bands"
    named = f" {listed(naming.bands)} from {naming.named_by}" if naming.bands else ""
    parts = [count + (named or (" without a name" if n == 1 else " without names"))]
    if wcs is not None:
        parts.append(f"WCS, {scale:.3g}″ per pixel")
    else:
        parts.append(f"no WCS, {scale:.3g}″ per pixel" if scale else "no WCS")
    words = list(dict.fromkeys(u.words for u in units))
    parts.append(listed(words) if len(words) < 3 else "units differ by band")
    if all(u == RELATIVE for u in units):
        stated = stated_unit(blocks[0].keys)
        parts[-1] += f" in {stated[:20]}" if stated else ", since no unit is stated"
    facts = [fact for planes in blocks for fact in planes.facts]
    return "; ".join([*parts, *dict.fromkeys(facts)])
