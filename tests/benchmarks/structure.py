"""The structure of simulated galaxies against their true light and size.

``python -m tests.benchmarks.structure -n 100`` measures simulated clumpy galaxies that
lie within their frame, and compares flux and effective radius with those of the same
scene drawn almost without noise and PSF.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from clump_detector.core.errors import ClumpError
from clump_detector.evaluation.photometry.cases import Case, make_case
from clump_detector.images.cutout import Cutout
from clump_detector.photometry import moffat, prepare
from clump_detector.photometry.aperture.profile import semi_major
from clump_detector.photometry.structure.measure import measure_structure
from clump_detector.photometry.structure.values import VALUES
from clump_detector.simulate.priors import BANDS
from clump_detector.simulate.render import draw

#: Sharper than the survey's PSF by this factor, the true light's image.
SHARP = 0.35

COMPARED = {
    "flux": "galaxy_elliptical_mag",
    "Sersic Re": "galaxy_sersic_re_arcsec",
    "half-light radius": "galaxy_half_light_arcsec",
}
PLACES = [[v.column for v in VALUES].index(column) for column in COMPARED.values()]


@dataclass
class Measured:
    """A galaxy's ratios of measured over true values, and their errors."""

    quality: str
    converged: bool
    ratios: list[float]
    errors: list[float]
    seconds: float


def measure_one(job: tuple[int, int]) -> Measured | str | None:
    """Simulate a galaxy, measure it, and compare; None of one that is left out."""
    case = make_case("isolated", *job)
    if len(case.scene.hosts) > 1:
        return None
    cutout = Cutout(
        "simulated", case.planes, bands=tuple(case.scene.bands), scale=case.scale,
        fwhm=case.fwhm,
    )  # fmt: skip
    field = prepare(cutout, psf=moffat(case.fwhm, case.scene.beta))
    if field.host is None or field.host.cut:
        return None
    start = time.perf_counter()
    try:
        found = measure_structure(field)
    except ClumpError as error:
        return error.message
    seconds = time.perf_counter() - start
    ratio = float(found.values[3])
    true = _truth(case, field.host.band, ratio if np.isfinite(ratio) else 0.6)
    ratios = [float(found.values[k]) / t for k, t in zip(PLACES, true, strict=True)]
    errors = [float(found.error[k]) / t for k, t in zip(PLACES, true, strict=True)]
    return Measured(found.quality, found.sersic_good, ratios, errors, seconds)


def _truth(case: Case, band: int, ratio: float) -> tuple[float, float, float]:
    """Return true flux, and the half-light semi-major axis in pixels, twice."""
    scene = replace(
        case.scene, stars=(), neighbours=(), depth=1e-4, fwhm=SHARP * case.scene.fwhm
    )
    plane = draw(scene, np.random.default_rng(0)).planes[band].astype(float)
    n = case.planes.shape[1]
    zoom = plane.shape[0] / n
    host, k = scene.host, BANDS.index(scene.bands[band])
    total = float(host.flux[k] + sum(clump.flux[k] for clump in scene.clumps))
    middle = (n - 1) / 2
    x, y = (
        (middle + place / case.scale + 0.5) * zoom - 0.5 for place in (host.x, host.y)
    )
    rows, columns = np.indices(plane.shape)
    radius = semi_major(columns - x, rows - y, max(ratio, 0.1), host.angle).ravel()
    order = np.argsort(radius)
    grown = plane.ravel()[order].cumsum()
    if grown[-1] <= total / 2:
        return total, np.nan, np.nan
    half = float(radius[order][np.searchsorted(grown, total / 2)]) / zoom
    return total, half, half


def _print(name: str, galaxies: Sequence[Measured]) -> None:
    for k, what in enumerate(COMPARED):
        ratio = np.array([one.ratios[k] for one in galaxies])
        error = np.array([one.errors[k] for one in galaxies])
        known = np.isfinite(ratio) & (error > 0)
        low, middle, high = np.percentile(ratio[known], [16, 50, 84])
        pulls = np.percentile((ratio[known] - 1) / error[known], [16, 84])
        spread = np.sqrt(np.pi / 2) * (high - low) / 2 / np.sqrt(known.sum())
        print(
            f"{name}: {what} of {known.sum()}: {middle:.3f} +- {spread:.3f} "
            f"({low:.2f} to {high:.2f}), pulls {(pulls[1] - pulls[0]) / 2:.2f} wide"
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.structure")
    parser.add_argument("-n", type=int, default=100, help="galaxies to simulate")
    parser.add_argument("--seed", type=int, default=34)
    options = parser.parse_args(arguments)
    jobs = [(options.seed, k) for k in range(options.n)]
    with ProcessPoolExecutor(2) as pool:
        made = [one for one in pool.map(measure_one, jobs) if one is not None]
    galaxies = [one for one in made if isinstance(one, Measured)]
    print(f"measured: {len(galaxies)}, refused: {len(made) - len(galaxies)}")
    print("quality:", dict(Counter(one.quality for one in galaxies)))
    print(f"seconds: {np.median([one.seconds for one in galaxies]):.1f}")
    good = [one for one in galaxies if one.quality == "good" and one.converged]
    _print("good", good)
    _print("all", galaxies)


if __name__ == "__main__":
    main()
