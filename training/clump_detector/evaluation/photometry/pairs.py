"""Measured and true fluxes and sizes of simulated clumps, and their statistics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from clump_detector.core.boxes import SIDE_IN_FWHM
from clump_detector.core.progress import Progress, no_progress
from clump_detector.images.cutout import Cutout
from clump_detector.photometry import measure_boxes, prepare, segment
from clump_detector.photometry.aperture.annulus import MEDIAN
from clump_detector.photometry.aperture.psf import moffat

from .cases import make_case

#: Boxes are this far off the clumps, in FWHM, as a detector's are.
OFF = 0.15

LEAST_SIGNAL = 10.0

#: What is known of the PSF: its true shape, or its width alone and beta 3.
PSFS = ("known", "beta 3")

#: Kind of case, seed, number of the galaxy from 0, and PSFs.
Job = tuple[str, int, int, Sequence[str]]


@dataclass(frozen=True)
class Pair:
    """A clump's true and its measured flux in one band.

    Attributes
    ----------
    psf : str
        One of `PSFS`.
    band : str
    true, flux, error : float
        In nanomaggies.
    clear : bool
        Whether no source but those of the case reaches into its annulus.
    from_nucleus : float
        Its distance from the nucleus in FWHM.
    isophotal : float
        Flux of its segment; NaN where it has none.
    true_size, size, size_error : float
        How many times wider than the PSF it is; the same in all bands.
    clump : (int, int)
        The number of the galaxy, and of the clump on it.
    """

    psf: str
    band: str
    true: float
    flux: float
    error: float
    clear: bool
    from_nucleus: float
    isophotal: float
    true_size: float
    size: float
    size_error: float
    clump: tuple[int, int]

    @property
    def wanted(self) -> bool:
        """Whether it is one that the goal is set for."""
        signal = self.true / self.error if self.error > 0 else 0.0
        return self.clear and signal > LEAST_SIGNAL and bool(np.isfinite(self.flux))


def compare_galaxy(
    kind: str, seed: int, index: int, psfs: Sequence[str] = PSFS
) -> list[Pair]:
    """Simulate one galaxy with clumps, measure it and return the pairs.

    Parameters
    ----------
    kind : str
        One of `cases.CASES`.
    seed : int
    index : int
        Number of the galaxy, from 0.
    psfs : sequence of str
        Of `PSFS`.
    """
    case = make_case(kind, seed, index)
    rows = np.flatnonzero(case.measured)
    half = SIDE_IN_FWHM * case.fwhm / 2
    rng = np.random.default_rng((seed, index, 1))
    places = case.positions + rng.normal(0, OFF * case.fwhm, case.positions.shape)
    boxes = np.concatenate([places - half, places + half], axis=1)
    bands = tuple(case.scene.bands)
    cutout = Cutout(
        "simulated", case.planes, bands=bands, scale=case.scale, fwhm=case.fwhm
    )
    far = case.from_nucleus
    pairs = []
    for psf in psfs:
        given = moffat(case.fwhm, case.scene.beta) if psf == "known" else None
        field = prepare(cutout, psf=given, boxes=boxes[rows])
        found = measure_boxes(field, boxes[rows])
        segments = segment(field, found)
        pairs += [
            Pair(
                psf,
                band,
                case.true(clump, band),
                float(found.flux[row, k]),
                float(found.error[row, k]),
                bool(case.wanted[clump]),
                float(far[clump]),
                float(segments.flux[row, k]),
                case.true_size(clump),
                float(found.width[row]),
                float(found.width_error[row]),
                (index, int(clump)),
            )
            for row, clump in enumerate(rows)
            for k, band in enumerate(found.bands)
        ]
    return pairs


def check(
    galaxies: int,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
    psfs: Sequence[str] = PSFS,
    kind: str = "isolated",
) -> list[Pair]:
    """Simulate galaxies, measure them and return all pairs.

    Parameters
    ----------
    galaxies : int
        Number of galaxies.
    seed : int
    workers : int
        Number of processes.
    progress : callable
        Called after each galaxy.
    psfs : sequence of str
        Of `PSFS`.
    kind : str
        One of `cases.CASES`.
    """
    jobs = [(kind, seed, k, psfs) for k in range(galaxies)]
    pairs: list[Pair] = []
    for done, some in enumerate(_compare_all(jobs, workers), start=1):
        pairs += some
        progress(done, galaxies, "measuring simulated galaxies")
    return pairs


def _compare_all(jobs: Sequence[Job], workers: int) -> Iterator[list[Pair]]:
    if workers <= 1:
        yield from map(_compare, jobs)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(_compare, jobs, chunksize=8)


def _compare(job: Job) -> list[Pair]:
    return compare_galaxy(*job)


def statistics(pairs: Iterable[Pair]) -> dict[str, float]:
    """Return the statistics of pairs, of the wanted ones among them.

    Returns
    -------
    dict
        ``n``; ``ratio``, the median of measured over true, with its error, and its
        16th and 84th percentile; ``pull``, the median of the pulls; ``width``, half the
        distance between their 16th and 84th percentile; ``isophotal``, the median of
        their segments' flux over the true one.
    """
    chosen = [p for p in pairs if p.wanted]
    if len(chosen) < 3:
        return {"n": len(chosen)}
    return {
        **_of_values([(p.true, p.flux, p.error) for p in chosen]),
        "isophotal": float(np.nanmedian([p.isophotal / p.true for p in chosen])),
    }


def size_statistics(pairs: Iterable[Pair]) -> dict[str, float]:
    """Return the statistics of the sizes of the wanted clumps, each once.

    A clump counts once, however many bands its flux is wanted in.

    Parameters
    ----------
    pairs : iterable of Pair
        By one of the PSFs.

    Returns
    -------
    dict
        As of `statistics`, without ``isophotal``. With fewer than three clumps ``n``
        alone.
    """
    sizes = {
        p.clump: (p.true_size, p.size, p.size_error)
        for p in pairs
        if p.wanted and p.size_error > 0
    }
    return {"n": len(sizes)} if len(sizes) < 3 else _of_values([*sizes.values()])


def _of_values(rows: Sequence[tuple[float, float, float]]) -> dict[str, float]:
    """Return the statistics of values that are true, measured, and their errors."""
    true, measured, error = np.array(rows).T
    low, middle, high = np.percentile(measured / true, [16, 50, 84])
    pulls = np.percentile((measured - true) / error, [16, 50, 84])
    return {
        "n": len(rows),
        "ratio": float(middle),
        "ratio_error": float(np.sqrt(MEDIAN) * (high - low) / 2 / np.sqrt(len(rows))),
        "ratio_16": float(low),
        "ratio_84": float(high),
        "pull": float(pulls[1]),
        "width": float((pulls[2] - pulls[0]) / 2),
    }
