"""Measuring clumps in five bands, and what a galaxy costs before the first of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from tests.benchmarks.goal import Figure, spread

SIDE, FWHM, BANDS = 400, 6.64, "ugriz"

#: Clumps a galaxy: their mean on clumpy galaxies of Clump Scout is 2.3.
CLUMPS = (1, 1, 2, 2, 2, 3, 3, 4)

GALAXIES = 96


def galaxy(seed: int):  # type: ignore[no-untyped-def]
    """Return a cutout of a disc with clumps in five bands, and the clumps' boxes."""
    from clump_detector.images.cutout import Cutout
    from clump_detector.photometry import moffat

    rng = np.random.default_rng(seed)
    rows, columns = np.indices((SIDE, SIDE), dtype=np.float32)
    middle = (SIDE - 1) / 2
    disc = 30 * np.exp(-np.hypot(columns - middle, (rows - middle) / 0.6) / 28)
    n = CLUMPS[seed % len(CLUMPS)]
    places = middle + rng.uniform(-70, 70, (n, 2)) * (1, 0.6)
    psf = moffat(FWHM)
    for x, y in places:
        disc += 900 * psf.at(np.hypot(columns - x, rows - y))
    noise = rng.normal(0, 1, (len(BANDS), SIDE, SIDE))
    planes = (disc * np.linspace(0.5, 1.5, len(BANDS))[:, None, None] + noise).astype(
        np.float32
    )
    half = 1.25 * FWHM
    boxes = np.concatenate([places - half, places + half], axis=1)
    jansky = (3.631e-6,) * len(BANDS)
    return Cutout(
        f"g{seed}", planes, bands=tuple(BANDS), fwhm=FWHM, scale=0.2, jansky=jansky
    ), boxes


def measure_some(seeds: list[int]) -> tuple[int, float]:
    """Return how many clumps were measured in how many seconds, in this process."""
    from clump_detector.photometry import measure

    made = [galaxy(seed) for seed in seeds]
    measure(*made[0])  # imports and caches
    start = time.perf_counter()
    n = sum(len(measure(cutout, boxes)) for cutout, boxes in made)
    return n, time.perf_counter() - start


def figures() -> Iterator[Figure]:
    """Measure galaxies in two processes, and one clump again and again as the panel."""
    from clump_detector.photometry import measure_boxes, prepare

    halves = [list(range(k, GALAXIES, 2)) for k in (0, 1)]
    with ProcessPoolExecutor(2) as pool:
        done = list(pool.map(measure_some, halves))
    rate = sum(n / seconds for n, seconds in done)
    yield Figure(
        "clumps measured in five bands, two processes", rate, "a second", "at least 200"
    )
    cutout, boxes = galaxy(3)
    field = prepare(cutout)  # imports and caches
    yield from spread("a galaxy's sky, segment and PSF", _seconds(prepare, cutout), "")
    yield from spread(
        "a clump of the panel",
        _seconds(lambda: measure_boxes(field, boxes, only=0)),
        "under 50 ms",
    )


def _seconds(work: Callable[..., object], *given: object) -> list[float]:
    found = []
    for _ in range(50):
        start = time.perf_counter()
        work(*given)
        found.append(time.perf_counter() - start)
    return found
