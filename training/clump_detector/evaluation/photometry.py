"""Measured fluxes against true ones, on simulated galaxies.

``python -m clump_detector.evaluation.photometry --picture check.png`` simulates
galaxies, measures the clumps in their boxes and prints, by band, the median of measured
over true and the width of the pulls, (measured - true) / error, of isolated clumps of
S/N over 10. A value measured on a simulated sky does not hold for the real sky.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from clump_detector.core.arrays import Floats, Mask
from clump_detector.core.boxes import SIDE_IN_FWHM
from clump_detector.core.errors import ClumpError
from clump_detector.core.files import write_json
from clump_detector.core.progress import Progress, no_progress
from clump_detector.images.cutout import Cutout
from clump_detector.photometry.aperture.annulus import MEDIAN
from clump_detector.photometry.aperture.psf import ANNULUS, APERTURE, moffat
from clump_detector.photometry.measurement import measure
from clump_detector.simulate import SimulatedCutout, simulate_one
from clump_detector.simulate.cutout import galaxy_rng
from clump_detector.simulate.priors import BANDS
from clump_detector.simulate.render import DOUBTFUL_SNR

from .plots import COLOURS, new_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: A clump is isolated where the centres of everything else, true clumps that nobody can
#: see, stars, neighbours and galaxies, are farther than this many FWHM: none of their
#: apertures reaches into its annulus.
ISOLATED = ANNULUS[1] + APERTURE

#: Neighbours fainter than this in r, in nanomaggies (24 mag), are part of the noise.
FAINTEST = 0.25

#: Boxes are this far off the clumps, in FWHM, as a detector's are.
OFF = 0.15

LEAST_SIGNAL = 10.0

#: What is known of the PSF: its true shape, or its width alone and beta 3.
PSFS = ("known", "beta 3")


#: Seed, number of the galaxy from 0, and PSFs.
Job = tuple[int, int, Sequence[str]]


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
    isolated : bool
        Whether no other source reaches into its annulus.
    """

    psf: str
    band: str
    true: float
    flux: float
    error: float
    isolated: bool

    @property
    def wanted(self) -> bool:
        """Whether it is one that the goal is set for."""
        signal = self.true / self.error if self.error > 0 else 0.0
        return self.isolated and signal > LEAST_SIGNAL and bool(np.isfinite(self.flux))


def compare_galaxy(seed: int, index: int, psfs: Sequence[str] = PSFS) -> list[Pair]:
    """Simulate one galaxy with clumps, measure it and return the pairs.

    Parameters
    ----------
    seed : int
    index : int
        Number of the galaxy, from 0.
    psfs : sequence of str
        Of `PSFS`.
    """
    made = simulate_one(galaxy_rng(seed, index), clumpy=True)
    scene, n = made.scene, made.planes.shape[1]
    scale = scene.size * scene.scale / n
    fwhm = scene.fwhm / scale
    measured_ones = np.flatnonzero(made.snr >= DOUBTFUL_SNR)
    positions = _positions(made, scene.clumps)
    half = SIDE_IN_FWHM * fwhm / 2
    off = np.random.default_rng((seed, index, 1)).normal(0, OFF * fwhm, positions.shape)
    boxes = np.concatenate([positions + off - half, positions + off + half], axis=1)
    isolated = _isolated(made, positions, fwhm)
    cutout = Cutout(
        "simulated", made.planes, bands=tuple(scene.survey.bands), scale=scale,
        fwhm=fwhm,
    )  # fmt: skip
    pairs = []
    for psf in psfs:
        given = moffat(fwhm, scene.beta) if psf == "known" else None
        found = measure(cutout, boxes[measured_ones], psf=given)
        for row, clump in enumerate(measured_ones):
            true = scene.clumps[clump].flux
            pairs += [
                Pair(
                    psf,
                    band,
                    float(true[BANDS.index(band)]),
                    float(found.flux[row, k]),
                    float(found.error[row, k]),
                    bool(isolated[clump]),
                )
                for k, band in enumerate(found.bands)
            ]
    return pairs


class _Source(Protocol):
    """A source of a scene, at its offsets from the picture's centre in arcsec."""

    @property
    def x(self) -> float: ...

    @property
    def y(self) -> float: ...


def _positions(made: SimulatedCutout, things: Iterable[_Source]) -> Floats:
    """Return the positions of sources in pixels of a scene's planes, shape (n, 2)."""
    n = made.planes.shape[1]
    scale = made.scene.size * made.scene.scale / n
    middle = (n - 1) / 2
    rows = [(middle + t.x / scale, middle + t.y / scale) for t in things]
    return np.array(rows, dtype=float).reshape(-1, 2)


def _isolated(made: SimulatedCutout, positions: Floats, fwhm: float) -> Mask:
    scene = made.scene
    bright = [t for t in scene.neighbours if t.flux[2] > FAINTEST]
    others = _positions(made, [*scene.hosts, *scene.stars, *bright])
    apart = np.hypot(*(positions[:, None] - positions[None]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    away = np.hypot(*(positions[:, None] - others[None]).transpose(2, 0, 1))
    nearest = np.minimum(apart.min(axis=1, initial=np.inf), away.min(axis=1))
    n = made.planes.shape[1]
    rim = np.minimum(positions, n - 1 - positions).min(axis=1, initial=np.inf)
    isolated: Mask = (nearest > ISOLATED * fwhm) & (rim > ANNULUS[1] * fwhm)
    return isolated


def check(
    galaxies: int,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
    psfs: Sequence[str] = PSFS,
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
    """
    jobs = [(seed, k, psfs) for k in range(galaxies)]
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
        distance between their 16th and 84th percentile.
    """
    chosen = [p for p in pairs if p.wanted]
    if len(chosen) < 3:
        return {"n": len(chosen)}
    true, flux, error = np.array([(p.true, p.flux, p.error) for p in chosen]).T
    ratio, pull = flux / true, (flux - true) / error
    low, middle, high = np.percentile(ratio, [16, 50, 84])
    pulls = np.percentile(pull, [16, 50, 84])
    return {
        "n": len(chosen),
        "ratio": float(middle),
        "ratio_error": float(np.sqrt(MEDIAN) * (high - low) / 2 / np.sqrt(len(chosen))),
        "ratio_16": float(low),
        "ratio_84": float(high),
        "pull": float(pulls[1]),
        "width": float((pulls[2] - pulls[0]) / 2),
    }


def draw(pairs: Sequence[Pair], path: Path, bands: str = "gri") -> None:
    """Draw measured over true against S/N, and the pulls, by band.

    Parameters
    ----------
    pairs : sequence of Pair
    path : path
        A file whose ending names its format: png, pdf or svg.
    bands : str
        One column each.
    """
    drawing = new_figure(10.5, 5.6)
    axes = drawing.subplots(2, len(bands), squeeze=False)
    for k, band in enumerate(bands):
        mine = [p for p in pairs if p.band == band and p.psf == "known" and p.isolated]
        _draw_ratios(axes[0][k], mine, band, COLOURS[k])
        _draw_pulls(axes[1][k], [p for p in mine if p.wanted], COLOURS[k])
    axes[0][0].set_ylabel("measured / true")
    axes[1][0].set_ylabel("clumps")
    save_figure(drawing, path)


def _draw_ratios(axes: Axes, pairs: Sequence[Pair], band: str, colour: str) -> None:
    signal = np.array([p.true / p.error for p in pairs])
    ratio = np.array([p.flux / p.true for p in pairs])
    axes.plot(signal, ratio, ".", ms=3, color=colour, alpha=0.4)
    edges = np.array([3, 5, 7, 10, 14, 20, 30, 50, 100, 300])
    for low, high in itertools.pairwise(edges):
        inside = ratio[(signal >= low) & (signal < high)]
        if len(inside) >= 5:
            bounds = np.percentile(inside, [16, 50, 84])
            axes.errorbar(
                np.sqrt(low * high),
                bounds[1],
                yerr=[[bounds[1] - bounds[0]], [bounds[2] - bounds[1]]],
                fmt="o",
                color="0.1",
                ms=4,
                lw=1,
            )
    axes.axhspan(0.97, 1.03, color="0.85", zorder=0)
    axes.axhline(1, color="0.6", lw=0.8, zorder=0)
    axes.axvline(LEAST_SIGNAL, color="0.6", lw=0.8, ls=":")
    axes.set(xscale="log", xlim=(3, 300), ylim=(0.5, 1.5))
    axes.set_xlabel("true flux / error", fontsize=9)
    values = statistics(pairs)
    if "ratio" in values:
        axes.set_title(
            f"{band}: median {values['ratio']:.3f} of {values['n']} with S/N > 10",
            fontsize=9,
        )


def _draw_pulls(axes: Axes, pairs: Sequence[Pair], colour: str) -> None:
    pulls = np.array([(p.flux - p.true) / p.error for p in pairs])
    edges = np.linspace(-5, 5, 41)
    axes.hist(pulls, edges.tolist(), color=colour, alpha=0.6)
    centre = (edges[1:] + edges[:-1]) / 2
    normal = np.exp(-(centre**2) / 2) / np.sqrt(2 * np.pi)
    axes.plot(centre, normal * len(pulls) * (edges[1] - edges[0]), color="0.1", lw=1)
    axes.set_xlabel("(measured - true) / error", fontsize=9)
    values = statistics(pairs)
    if "width" in values:
        axes.set_title(f"width {values['width']:.2f} (line: 1)", fontsize=9)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the check from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m clump_detector.evaluation.photometry"
    )
    parser.add_argument("-n", type=int, default=1200, help="galaxies to simulate")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--picture", type=Path, help="draw them: png, pdf or svg")
    parser.add_argument("--out", type=Path, help="write the values as JSON")
    options = parser.parse_args(arguments)
    try:
        pairs = check(options.n, options.seed, options.workers, _print_progress)
        values = {
            f"{band}, {psf}": statistics(
                p for p in pairs if p.band == band and p.psf == psf
            )
            for psf in PSFS
            for band in "griz"
        }
        print("band, PSF     clumps  measured/true (16-84 %)         pulls' width")
        for name, found in values.items():
            if "ratio" in found:
                print(
                    f"{name:12s}  {found['n']:6d}  {found['ratio']:.3f} +- "
                    f"{found['ratio_error']:.3f} ({found['ratio_16']:.2f} to "
                    f"{found['ratio_84']:.2f})   {found['width']:.2f}"
                )
        if options.out is not None:
            write_json(options.out, values)
        if options.picture is not None:
            draw(pairs, options.picture)
    except ClumpError as error:
        print(error.message, file=sys.stderr)
        return 2
    return 0


def _print_progress(done: int, total: int, text: str) -> None:
    if done % max(total // 10, 1) == 0:
        print(f"{done} of {total} galaxies", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
