"""The photometry of a clump as text and circles, for the panel "Photometry"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clump_detector.core import boxes as geometry
from clump_detector.core.arrays import Floats
from clump_detector.core.text import plural
from clump_detector.fluxes.magnitudes import COLOURS
from clump_detector.image_files.bands import wavelength
from clump_detector.images.artefacts.kinds import Artefact, kinds_on
from clump_detector.photometry import (
    Field,
    Measured,
    Quality,
    Segments,
    flags_in_words,
    measure_boxes,
)
from clump_detector.photometry.aperture.psf import ANNULUS, APERTURE
from clump_detector.photometry.objects.chances import (
    likeliest,
    looks_in_words,
    object_chances,
)
from clump_detector.photometry.objects.doubts import doubts
from clump_detector.photometry.other_sources.kinds import GALAXY, STAR
from clump_detector.photometry.other_sources.sources import OtherSources
from clump_detector.photometry.results import BRIGHTER_LIMIT, FAINTER_LIMIT

#: Prefixes of Jy from the largest that fits; fluxes of clumps are uJy or nJy.
_PREFIXES = (("Jy", 1.0), ("mJy", 1e3), ("µJy", 1e6), ("nJy", 1e9), ("pJy", 1e12))

#: The unit of uncalibrated fluxes.
RELATIVE = "relative"

NO_FLUX = (
    "This is a picture: its brightness is no linear flux, so that only positions are "
    "measured. Open the galaxy as FITS for fluxes, magnitudes and colours."
)


@dataclass(frozen=True)
class ApertureCircles:
    """The circles over the canvas: centre and radii in pixels of the cutout."""

    x: float
    y: float
    aperture: float
    inner: float
    outer: float


@dataclass(frozen=True)
class Point:
    """One band of the spectral shape.

    ``wavelength`` is in nanometres; bands of unknown wavelength are shown side by
    side.
    """

    band: str
    wavelength: float
    flux: float
    error: float


@dataclass(frozen=True)
class PhotometryReadout:
    """The photometry of a clump, as text.

    Attributes
    ----------
    rows : tuple of tuple of str
        Of each band: its name, flux with error, S/N, AB magnitude with error, share of
        the galaxy's flux in per cent.
    unit : str
        Of the fluxes.
    lines : tuple of str
        Colours, flux ratio, distances, PSF and aperture.
    flags : tuple of str
        Reasons to doubt that it is a clump, and quality flags, in words.
    points : tuple of Point
    circles : ApertureCircles or None
        None for a picture.
    labels : int array of shape (height, width) or None
        The segments of all boxes, where they were asked for.
    others : OtherSources or None
        The stars and galaxies beside them, where they were asked for.
    """

    rows: tuple[tuple[str, ...], ...] = ()
    unit: str = ""
    lines: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    points: tuple[Point, ...] = ()
    circles: ApertureCircles | None = None
    labels: NDArray[np.int32] | None = None
    others: OtherSources | None = None


def make_readout(
    field: Field,
    corners: geometry.Boxes,
    index: int,
    segments: Segments | None = None,
    others: OtherSources | str | None = None,
    artefacts: Sequence[Artefact] = (),
) -> PhotometryReadout:
    """Measure one of the boxes on a prepared cutout, and put the results into text.

    Parameters
    ----------
    field : Field
        The prepared cutout.
    corners : array of shape (n, 4)
        All boxes that count as clumps.
    index : int
        Which of them to measure.
    segments : Segments, optional
        Of all boxes.
    others : OtherSources or str, optional
        The stars and galaxies beside them, or why they are not known.
    artefacts : sequence of Artefact
        On the cutout, without those that were refused.
    """
    measured = measure_boxes(field, corners, only=index)
    chances = object_chances(field.cutout, corners, only=index)
    looks = looks_in_words(chances[0])
    area = None if segments is None else int(segments.area[index])
    doubtful = _doubts(measured, chances, kinds_on(artefacts, corners[index]), area)
    beside = sources_readout(others)
    more = (*_segment(measured, segments, index), *beside.lines,
            *_nearest(measured, beside.others))  # fmt: skip
    labels = None if segments is None else segments.labels
    if not measured.bands:
        lines = (*filter(None, [looks]), NO_FLUX, *_distances(measured), *more)
        flags = int(measured.flags[0]) & ~int(Quality.PICTURE)
        return PhotometryReadout(
            lines=lines,
            flags=(*doubtful, *flags_in_words(flags)),
            labels=labels,
            others=beside.others,
        )
    unit, factor = _unit(measured)
    return PhotometryReadout(
        _rows(measured, factor),
        unit,
        (*filter(None, [looks]), *_colours(measured), *_ratio(measured),
         *_distances(measured), *_method(measured), *more),
        (*doubtful, *flags_in_words(int(measured.flags[0]))),
        _points(measured, factor),
        _circles(measured),
        labels,
        beside.others,
    )  # fmt: skip


def _doubts(
    measured: Measured, chances: Floats, artefact: str | None, area: int | None
) -> tuple[str, ...]:
    """Return every reason to doubt that it is a clump, in a line."""
    pixels = np.array([1 if area is None else area], dtype=np.int64)
    found = doubts(measured, likeliest(chances), [artefact], pixels)[0]
    if found is None:
        return ()
    return (f"Doubtful as a clump: {found.replace('_', ' ')}",)


def sources_readout(others: OtherSources | str | None) -> PhotometryReadout:
    """Put the stars and galaxies beside the clumps into text.

    Parameters
    ----------
    others : OtherSources, str or None
        Or why they are not known; None where nobody asked.
    """
    if others is None:
        return PhotometryReadout()
    if isinstance(others, str):
        return PhotometryReadout(flags=(others,))
    stars, galaxies = (others.kinds.count(kind) for kind in (STAR, GALAXY))
    rest = len(others) - stars - galaxies
    said = f"Beside it: {plural(stars, 'star')}, "
    said += plural(galaxies, "galaxy", "galaxies")
    if rest:
        said += f", {rest} too faint to tell or unclear"
    return PhotometryReadout(lines=(said,), others=others)


def _nearest(measured: Measured, others: OtherSources | None) -> tuple[str, ...]:
    """Return how far the nearest star and galaxy are from the clump, in a line."""
    if others is None:
        return ()
    far = {kind: others.nearest(kind, measured.x, measured.y)[0]
           for kind in (STAR, GALAXY)}  # fmt: skip
    known = [f"{kind} {v:.1f} FWHM" for kind, v in far.items() if np.isfinite(v)]
    return (f"Nearest: {', '.join(known)}",) if known else ()


def _circles(measured: Measured) -> ApertureCircles:
    fwhm = measured.fwhm
    return ApertureCircles(
        float(measured.x[0]),
        float(measured.y[0]),
        APERTURE * fwhm,
        ANNULUS[0] * fwhm,
        ANNULUS[1] * fwhm,
    )


def _unit(measured: Measured) -> tuple[str, float]:
    """Return the unit that fluxes are shown in, and the factor from Jy or counts."""
    if measured.is_relative:
        return RELATIVE, 1.0
    largest = np.nanmax(np.abs(measured.flux_jy), initial=0.0)
    for name, factor in _PREFIXES:
        if largest * factor >= 1:
            return name, factor
    return _PREFIXES[-1]


def _shown(measured: Measured, factor: float) -> tuple[list[float], list[float]]:
    """Return fluxes and errors of the clump in the unit shown, by band."""
    relative = measured.is_relative
    flux = measured.flux if relative else measured.flux_jy
    error = measured.error if relative else measured.error_jy
    return (flux[0] * factor).tolist(), (error[0] * factor).tolist()


def _rows(measured: Measured, factor: float) -> tuple[tuple[str, ...], ...]:
    flux, error = _shown(measured, factor)
    magnitude = measured.magnitude_corrected[0]
    magnitude = np.where(np.isfinite(magnitude), magnitude, measured.magnitude[0])
    rows = []
    for k, band in enumerate(measured.bands):
        signal = measured.flux[0, k] / measured.error[0, k]
        rows.append(
            (
                band,
                with_error(flux[k], error[k]),
                "" if not np.isfinite(signal) else f"{signal:.1f}",
                with_error(float(magnitude[k]), float(measured.magnitude_error[0, k])),
                _per_cent(float(measured.ratio[0, k])),
            )
        )
    return tuple(rows)


def with_error(value: float, error: float) -> str:
    """Return a value with its error, to the second digit of the error.

    Parameters
    ----------
    value : float
    error : float
        Left out of the text where it is not finite and positive.

    Returns
    -------
    str
        Empty where the value is not finite.
    """
    if not np.isfinite(value):
        return ""
    if not np.isfinite(error) or error <= 0:
        return f"{value:.3g}"
    digits = int(np.clip(1 - np.floor(np.log10(error)), 0, 6))
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def _per_cent(share: float) -> str:
    if not np.isfinite(share):
        return ""
    digits = 0 if abs(share) >= 0.1 else 1 if abs(share) >= 0.01 else 2
    return f"{100 * share:.{digits}f} %"


def _colours(measured: Measured) -> list[str]:
    parts = [
        f"{blue}−{red} {measured.colour(blue, red)[0]:.2f}"
        for blue, red in COLOURS
        if np.isfinite(measured.colour(blue, red)[0])
    ]
    if not parts:
        return []
    dust = np.isfinite(measured.extinction).any()
    return [", ".join(parts) + (", without Galactic extinction" if dust else "")]


def _ratio(measured: Measured) -> list[str]:
    band, ratio = measured.ratio_band, float(measured.blue_ratio[0])
    if band is None or not np.isfinite(ratio) or measured.host is None:
        return []
    if ratio >= BRIGHTER_LIMIT:
        limit = "over 8 % (Guo 2015)"
    else:
        over = ratio >= FAINTER_LIMIT
        limit = f"{'over' if over else 'under'} 3 % (Adams 2022)"
    name, kind = measured.bands[band], measured.host.kind
    return [f"{_per_cent(ratio)} of the galaxy's {kind} flux in {name}: {limit}"]


def _distances(measured: Measured) -> list[str]:
    units = (
        (measured.distance[0], "px", 1),
        (measured.distance_arcsec[0], "″", 2),
        (measured.distance_in_radii[0], "Rₑ", 2),
        (measured.distance_kpc[0], "kpc", 2),
    )
    parts = [f"{v:.{digits}f} {unit}" for v, unit, digits in units if np.isfinite(v)]
    return ["From the centre: " + " = ".join(parts)] if parts else []


def _method(measured: Measured) -> list[str]:
    fwhm, width = measured.fwhm, float(measured.width[0])
    arcsec = f" = {fwhm * measured.scale:.2f} ″" if measured.scale else ""
    correction = measured.correction[0]
    known = correction[np.isfinite(correction)]
    lines = [
        f"PSF {fwhm:.2f} px{arcsec} ({measured.psf_source}; {measured.psfs[0].model}), "
        f"aperture radius {APERTURE * fwhm:.1f} px"
    ]
    if len(known):
        error = float(measured.width_error[0])
        lines.append(
            f"{width:.2f} ± {error:.2f} times as wide as the PSF: aperture correction "
            f"{np.median(known):.2f}"
        )
    return lines


def _segment(
    measured: Measured, segments: Segments | None, index: int
) -> tuple[str, ...]:
    """Return size and light of a clump's segment, in a line; none is said elsewhere."""
    area = 0 if segments is None else int(segments.area[index])
    if segments is None or not area:
        return ()
    radius = float(segments.radius[index])
    size = f"{radius * measured.scale:.2f} ″" if measured.scale else f"{radius:.1f} px"
    said = f"Segment: {area} px, as a circle of radius {size}"
    share = segments.flux[index] / measured.flux[0] if measured.bands else np.zeros(0)
    known = share[np.isfinite(share)]
    if len(known):
        said += f"; {100 * np.median(known):.0f} % of the total flux"
    return (said,)


def _points(measured: Measured, factor: float) -> tuple[Point, ...]:
    flux, error = _shown(measured, factor)
    lengths = [wavelength(band) for band in measured.bands]
    known = all(length is not None for length in lengths)
    return tuple(
        Point(band, float(length or 0) if known else 400.0 + 100 * k, f, e)
        for k, (band, length, f, e) in enumerate(
            zip(measured.bands, lengths, flux, error, strict=True)
        )
        if np.isfinite(f) and np.isfinite(e)
    )
