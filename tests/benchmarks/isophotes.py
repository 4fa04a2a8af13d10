"""Isophotes on simulated galaxies: how many converge, what is left, what clumps gain.

``python -m tests.benchmarks.isophotes -n 200`` fits the isophotes of simulated galaxies
with their clumps left out, compares the light that is left on the galaxy with what is
left without medians on ellipses of one shape, and measures the clumps on both.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from clump_detector.core.arrays import Floats
from clump_detector.core.boxes import SIDE_IN_FWHM
from clump_detector.core.errors import ClumpError
from clump_detector.evaluation.photometry.cases import Case, make_case
from clump_detector.images.cutout import Cutout
from clump_detector.photometry import Field, measure_boxes, moffat, prepare
from clump_detector.photometry.aperture.background import spreads
from clump_detector.photometry.isophotes.ellipses import Isophotes
from clump_detector.photometry.isophotes.fit import fit_isophotes
from clump_detector.photometry.isophotes.image import light_of

SEED, LEAST_SIGNAL = 20, 5.0


@dataclass
class Fitted:
    """What came of a galaxy."""

    kind: str
    seconds: float = 0.0
    left: float = np.nan
    errors: list[tuple[float, float]] = field(default_factory=list)


class Smooth:
    """Isophotes in the place of a host's profile."""

    def __init__(self, found: Isophotes, core: float) -> None:
        self._found, self.core = found, core

    def around(self, position: tuple[float, float], x: Any, y: Any) -> Floats:
        """Return the light around a clump, as `Profile.around` does."""
        shapes = self._found.shapes
        radius = shapes.radius_at(np.asarray(x, float), np.asarray(y, float))
        if np.hypot(position[0] - shapes.x, position[1] - shapes.y) < self.core:
            radius = np.maximum(radius, self.core)
        radii = np.append(shapes.radii, 1.2 * shapes.radii[-1])
        lights = [np.append(light, 0.0) for light in self._found.light]
        return np.stack([np.interp(radius, radii, light) for light in lights])


def fit_one(index: int) -> Fitted | None:
    """Simulate a galaxy, fit it, and compare."""
    case = make_case("isolated", SEED, index)
    half = SIDE_IN_FWHM * case.fwhm / 2
    boxes = np.concatenate([case.positions - half, case.positions + half], axis=1)
    cutout = Cutout(
        "simulated", case.planes, bands=tuple(case.scene.bands), scale=case.scale,
        fwhm=case.fwhm,
    )  # fmt: skip
    prepared = prepare(cutout, psf=moffat(case.fwhm, case.scene.beta))
    host = prepared.host
    if host is None or host.profile is None:
        return None
    start = time.perf_counter()
    try:
        found = fit_isophotes(prepared, boxes)
    except ClumpError:
        return Fitted("none")
    made = Fitted(found.kind, time.perf_counter() - start)
    made.left = _left(case, prepared, found)
    other = replace(
        prepared, host=replace(host, profile=Smooth(found, host.profile.core))
    )
    made.errors = _errors(case, prepared, other, boxes)
    return made


def _left(case: Case, prepared: Field, found: Isophotes) -> float:
    """Return the spread on the galaxy over that without ellipses of one shape."""
    host = prepared.host
    assert host is not None
    assert host.profile is not None
    shape = case.planes.shape[1:]
    rows, columns = np.indices(shape)
    free = host.mask.copy()
    for x, y in case.positions:
        free &= np.hypot(columns - x, rows - y) > 1.5 * case.fwhm
    light = light_of(prepared)[host.band]
    level = prepared.sky.level[host.band] if prepared.sky is not None else 0.0
    profile = host.profile
    usual = profile.light_at(columns, rows)[host.band] - level
    smooth = found.smooth_light((shape[0], shape[1]))[host.band]
    new, old = ((light - s)[free] for s in (smooth, usual))
    return float(spreads(new[None])[0] / spreads(old[None])[0])


def _errors(
    case: Case, prepared: Field, other: Field, boxes: Floats
) -> list[tuple[float, float]]:
    """Return relative errors of clumps' fluxes: as measured, and on isophotes."""
    before, after = (measure_boxes(one, boxes) for one in (prepared, other))
    errors = []
    for k in np.flatnonzero(case.wanted & case.measured):
        for b, band in enumerate(before.bands):
            true = case.true(k, band)
            if true > LEAST_SIGNAL * before.error[k, b]:
                errors.append(
                    tuple(float(m.flux[k, b] / true - 1) for m in (before, after))
                )
    return errors  # type: ignore[return-value]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.isophotes")
    parser.add_argument("-n", type=int, default=200, help="galaxies to simulate")
    options = parser.parse_args(arguments)
    with ProcessPoolExecutor(2) as pool:
        made = [one for one in pool.map(fit_one, range(options.n)) if one is not None]
    kinds = [one.kind for one in made]
    for kind in ("isophotes", "Sersic", "none"):
        print(f"{kind}: {kinds.count(kind)} of {len(made)}")
    seconds = [one.seconds for one in made if one.kind != "none"]
    print(
        f"seconds: {np.median(seconds):.1f} ({np.percentile(seconds, 95):.1f} at 95 %)"
    )
    left = [one.left for one in made if np.isfinite(one.left)]
    print(f"spread left, over ellipses of one shape: {np.median(left):.2f}")
    errors = np.abs(list(itertools.chain(*(one.errors for one in made))))
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(errors), size=(1000, len(errors)))
    differences = [
        np.subtract(*np.median(errors[rows], axis=0)[::-1]) for rows in drawn
    ]
    low, high = np.percentile(differences, [2.5, 97.5])
    print(
        f"clumps' errors, median of {len(errors)} fluxes: "
        f"{np.median(errors[:, 0]):.3f} as measured, {np.median(errors[:, 1]):.3f} on "
        f"isophotes (difference {low:+.3f} to {high:+.3f})"
    )


if __name__ == "__main__":
    main()
