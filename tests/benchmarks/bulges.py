"""The bulge fraction of simulated galaxies against the truth.

``python -m tests.benchmarks.bulges -n 100`` simulates clumpy galaxies, gives seven in
ten of them another share of bulge, at random up to 0.7, and compares what is measured.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np

from clump_detector.core.errors import ClumpError
from clump_detector.evaluation.photometry.cases import make_case
from clump_detector.images.cutout import Cutout
from clump_detector.photometry import moffat, prepare
from clump_detector.photometry.structure.measure import measure_structure
from clump_detector.photometry.structure.values import VALUES
from clump_detector.simulate.priors import BANDS
from clump_detector.simulate.render import draw

PLACE = [v.column for v in VALUES].index("galaxy_bulge_fraction")

#: Galaxies that get another bulge, and the largest share of light it has.
CHANGED, LARGEST = 0.7, 0.7

#: Resampled images: enough for errors, which are mostly that beyond resampling.
SAMPLES = 4


def measure_one(job: tuple[int, int]) -> tuple[float, ...] | None:
    """Return true share, measured, its error and seconds; None if it is left out."""
    case, rng = make_case("isolated", *job), np.random.default_rng([*job, 5])
    if len(case.scene.hosts) > 1:
        return None
    host = case.scene.hosts[0]
    share = rng.uniform(0, LARGEST)
    if rng.random() < CHANGED and host.bulge[2] > 0:
        rest = float(host.flux[2] - host.bulge[2])
        host = replace(
            host, bulge=host.bulge * (share / (1 - share) * rest / host.bulge[2])
        )
    scene = replace(case.scene, hosts=(host,))
    cutout = Cutout(
        "simulated", draw(scene, rng).planes, bands=tuple(scene.bands),
        scale=case.scale, fwhm=case.fwhm,
    )  # fmt: skip
    field = prepare(cutout, psf=moffat(case.fwhm, scene.beta))
    if field.host is None or field.host.cut:
        return None
    start = time.perf_counter()
    try:
        found = measure_structure(field, SAMPLES)
    except ClumpError:
        return None
    band = BANDS.index(field.bands[field.host.band])
    true = float(host.bulge[band] / host.flux[band])
    seconds = time.perf_counter() - start
    return true, float(found.values[PLACE]), float(found.error[PLACE]), seconds


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bulges")
    parser.add_argument("-n", type=int, default=100, help="galaxies to simulate")
    parser.add_argument("--seed", type=int, default=44)
    options = parser.parse_args(arguments)
    jobs = [(options.seed, k) for k in range(options.n)]
    with ProcessPoolExecutor(2) as pool:
        made = np.array([one for one in pool.map(measure_one, jobs) if one is not None])
    made = made[np.isfinite(made).all(axis=1)]
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.8), (0.0, 1.0)):
        own = made[(made[:, 0] >= low) & (made[:, 0] < high)]
        off = own[:, 1] - own[:, 0]
        least, middle, most = np.percentile(off, [16, 50, 84])
        pulls = np.percentile(off / own[:, 2], [16, 84])
        print(
            f"true {low} to {high}, {len(own)} galaxies: off by {middle:+.2f} "
            f"({least:+.2f} to {most:+.2f}), pulls {(pulls[1] - pulls[0]) / 2:.2f} wide"
        )
    both = np.corrcoef(made[:, 0], made[:, 1])[0, 1]
    print(f"correlation {both:.2f}; {np.median(made[:, 3]):.1f} s a galaxy")


if __name__ == "__main__":
    main()
