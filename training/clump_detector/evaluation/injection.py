"""How faint a clump a model finds on given cutouts: clumps are injected into them.

Clumps of known flux ratios are added to real galaxies, the model searches them, and the
share that it finds is its completeness on this very data. In linear fluxes the clump is
a point with the cutout's own PSF and the colours of real clumps; in a picture it is
linear after an asinh curve is undone, since the picture's own curve is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clump_detector.core import boxes as geometry
from clump_detector.core.arrays import Floats
from clump_detector.core.boxes import Boxes
from clump_detector.core.errors import ClumpError, ImageError
from clump_detector.core.progress import CancelToken, Progress, no_progress
from clump_detector.fluxes.magnitudes import bluest
from clump_detector.image_files.bands import wavelength
from clump_detector.image_files.sources import Source
from clump_detector.images.cutout import Cutout, read_cutout
from clump_detector.images.host_mask import nucleus
from clump_detector.images.rgb import to_rgb
from clump_detector.photometry import Field, prepare
from clump_detector.photometry.aperture.psf import SIGMA_PER_FWHM, moffat
from clump_detector.simulate.inject import (
    clump_colour,
    draw_positions,
    near,
    redone,
    star_width,
    undone,
)
from clump_detector.simulate.priors import (
    BANDS,
    CLUMP_COLOUR,
    PICTURE_FWHM,
    Rng,
    fluxes,
)

#: Flux ratios of the injected clumps, evenly in their logarithm.
RATIOS = (0.002, 0.3)

#: Not nearer than this to the nucleus, in FWHM: volunteers marked the bulge apart.
FROM_NUCLEUS = 1.5

#: A clump is found by a box whose centre is this near, in FWHM.
FOUND_WITHIN = 1.0

#: Finds boxes and scores on a cutout.
Finder = Callable[[Cutout], tuple[Boxes, Sequence[float]]]


@dataclass(frozen=True)
class Trial:
    """A clump that was injected into a cutout.

    Attributes
    ----------
    cutout : str
    ratio : float
        Its flux over the galaxy's, in the bluest band.
    x, y : float
        Where, in pixels.
    score : float or None
        Of the best box that finds it; None where there is none.
    """

    cutout: str
    ratio: float
    x: float
    y: float
    score: float | None


def try_clumps(
    sources: Sequence[Source],
    find: Finder,
    n: int,
    *,
    seed: int = 0,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> tuple[list[Trial], list[str]]:
    """Inject n clumps into cutouts and search for them.

    One at a time: a bright one changes the display levels of all else.

    Parameters
    ----------
    sources : sequence of Source
        Each has its share of them.
    find : callable
        Gives boxes and scores on a cutout, the ones below any threshold, too.
    n : int
    seed : int
    progress : callable
        Called after each clump.
    cancel : CancelToken, optional
        Checked after each clump.

    Returns
    -------
    (list of Trial, list of str)
        The trials, and why cutouts were left out, in sentences.

    Raises
    ------
    Cancelled
    ImageError
        If no cutout can be used.
    """
    cancel = cancel or CancelToken()
    trials: list[Trial] = []
    problems: list[str] = []
    for k, source in enumerate(sources):
        cancel.check()
        wanted = -(-(n - len(trials)) // (len(sources) - k))  # what is left, evenly
        try:
            for trial in _try_on(
                source, find, wanted, np.random.default_rng((seed, k))
            ):
                trials.append(trial)
                progress(len(trials), n, "injecting clumps")
                cancel.check()
        except ClumpError as error:
            problems.append(error.message)
    if not trials:
        raise ImageError(
            "on none of the cutouts a clump could be put",
            sources[0].path if sources else None,
            problems[0] if problems else "Is there a galaxy in the middle?",
        )
    return trials, problems


def _try_on(source: Source, find: Finder, n: int, rng: Rng) -> Iterator[Trial]:
    """Yield n trials on one cutout, or fewer where no more fit."""
    cutout = read_cutout(source)
    field = prepare(cutout, guess=_guess(cutout))
    free, light = _room(field, find(cutout)[0])
    add = _inject_into_picture if cutout.is_picture else _inject_into_fluxes
    for _ in range(n):
        positions = draw_positions(free, light**0.7, 1, 0.0, rng)
        if not len(positions):
            return
        x, y = (float(v) for v in positions[0])
        ratio = float(np.exp(rng.uniform(*np.log(RATIOS))))
        boxes, scores = find(add(field, (x, y), ratio, rng))
        centres = geometry.centres(geometry.as_boxes(boxes))
        near_by = np.hypot(*(centres - (x, y)).T) <= FOUND_WITHIN * field.fwhm
        found = [float(s) for s, yes in zip(scores, near_by, strict=True) if yes]
        yield Trial(cutout.name, ratio, x, y, max(found, default=None))


def _guess(cutout: Cutout) -> float:
    """Return a FWHM in pixels where it is not known, as for simulated clumps.

    The stars' of the picture that is shown, or what pictures of that size have.
    """
    longest = max(cutout.width, cutout.height)
    return star_width(to_rgb(cutout)) or PICTURE_FWHM[0] * longest / 400


def _room(field: Field, before: Boxes) -> tuple[NDArray[np.bool_], Floats]:
    """Return where on the galaxy a clump can be put, and the light there.

    Not where the model has found something before: it would count as the new clump.
    """
    host = field.host
    if host is None:
        raise ImageError(
            "there is no galaxy in its middle to put a clump on",
            None if field.cutout.source is None else field.cutout.source.path,
            "It was left out.",
        )
    plane = field.planes.mean(axis=0) if field.cutout.is_picture else _light(field)
    light = np.clip(np.nan_to_num(plane), 0, None).astype(float) + 1e-12
    known = np.isfinite(field.planes).all(axis=0)
    centre = nucleus(light, host.mask, field.fwhm)
    free = host.mask & known & ~near(centre, light.shape, FROM_NUCLEUS * field.fwhm)
    for position in geometry.centres(geometry.as_boxes(before)):
        free &= ~near(position, light.shape, 2 * FOUND_WITHIN * field.fwhm)
    return free, light


def _light(field: Field) -> Floats:
    from scipy import ndimage

    assert field.sky is not None
    assert field.host is not None
    band = field.host.band
    plane = np.nan_to_num(field.planes[band] - field.sky.level[band])
    smooth = ndimage.gaussian_filter(plane.astype(float), field.fwhm * SIGMA_PER_FWHM)
    return np.asarray(smooth)


def _inject_into_fluxes(
    field: Field, position: tuple[float, float], ratio: float, rng: Rng
) -> Cutout:
    """Return the cutout with a point of its own PSF added to its fluxes."""
    assert field.host is not None
    cutout, bands = field.cutout, field.bands
    blue = bluest(bands)
    units = np.array([v or np.nan for v in cutout.jansky] or [1.0] * len(bands))
    units = np.where(np.isfinite(units), units, 1.0)  # then one unit for all bands
    pixels = cutout.pixels.copy()
    rows, columns = np.indices(pixels.shape[1:])
    far = np.hypot(columns - position[0], rows - position[1])
    spectrum = _spectrum(bands, rng)
    total = ratio * max(float(field.host.flux[blue]), 0.0)
    for k, psf in enumerate(field.psfs):
        share = spectrum[k] / spectrum[blue] * units[blue] / units[k]
        pixels[k] += (total * share * psf.at(far)).astype(np.float32)
    return replace(cutout, pixels=pixels)


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


def _inject_into_picture(
    field: Field, position: tuple[float, float], ratio: float, rng: Rng
) -> Cutout:
    """Return the picture with a point added to what an asinh curve makes of it."""
    assert field.host is not None
    linear = undone(field.cutout.pixels)
    blue = linear[..., 2]
    sky = np.median(blue[~field.host.sources]) if (~field.host.sources).any() else 0.0
    light = max(float((blue - sky)[field.host.mask].sum()), 0.0)
    psf = moffat(field.fwhm)
    rows, columns = np.indices(blue.shape)
    colour = clump_colour(rng)
    spot = ratio * light * psf.at(np.hypot(columns - position[0], rows - position[1]))
    linear = linear + spot[..., None] * colour / max(float(colour[2]), 1e-3)
    return replace(field.cutout, pixels=redone(linear))
