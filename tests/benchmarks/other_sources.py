"""Stars and galaxies beside real galaxies, against what was seen by eye.

``python -m tests.benchmarks.other_sources FOLDER`` finds the sources on the cutouts of
the label sets in a folder that ``other_sources_by_eye.csv`` names a star or a galaxy.
It prints what they are called by regressions that have not learned from the cutout
(five folds), with intervals of 95 % (Wilson). ``--fit`` fits the regression of the
program to all of them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from clump_detector.core.files import write_json
from clump_detector.images.cutout import read_cutout
from clump_detector.images.psf_width import width_from_noise
from clump_detector.images.rgb import to_rgb
from clump_detector.labels.label_set import read_label_set
from clump_detector.photometry.other_sources import kinds as module
from clump_detector.photometry.other_sources.kinds import (
    GALAXY,
    STAR,
    UNCLEAR,
    clear,
    fit_stars,
    kinds_of,
)
from clump_detector.photometry.other_sources.values import find_sources
from tests.benchmarks.objects import FOLDS, folds_of, seen_by_eye, share

LIST = Path(__file__).with_name("other_sources_by_eye.csv")

#: A source is found where one is so many FWHM from the place in the list.
SAME = 0.5


def measured(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return values (n, d), which are stars (n,), and the cutout of each (n,)."""
    seen, values, stars, names = seen_by_eye(LIST), [], [], []
    missed = 0
    for path in sorted(folder.glob("*.json")):
        for one in read_label_set(path).cutouts:
            listed = seen.get((path.stem, one.source.name), [])
            if not listed:
                continue
            cutout = read_cutout(one.source)
            rgb = to_rgb(cutout)
            fwhm = cutout.fwhm or width_from_noise(rgb)
            found = find_sources(rgb, fwhm)
            for x, y, what in listed:
                far = np.hypot(found.x - x, found.y - y)
                k = int(far.argmin()) if len(far) else -1
                if k < 0 or far[k] > SAME * fwhm or not clear(found)[k]:
                    missed += 1
                    continue
                values.append(found.values[k])
                stars.append(what == STAR)
                names.append(one.source.name)
    print(f"{len(values)} sources found again, {missed} not.")
    return np.array(values), np.array(stars), np.array(names)


def out_of_fold(values: np.ndarray, stars: np.ndarray, names: np.ndarray) -> np.ndarray:
    """Return chances (n,) by regressions that did not learn from the cutout."""
    which = folds_of(names)
    chances = np.zeros(len(values))
    for k in range(FOLDS):
        fitted = fit_stars(values[which != k], stars[which != k])
        chances[which == k] = fitted.chances(values[which == k])
    return chances


def print_table(stars: np.ndarray, chances: np.ndarray) -> None:
    """Print what stars and galaxies are called."""
    called = np.array(kinds_of(chances))
    for what, own in ((STAR, stars), (GALAXY, ~stars)):
        n = int(own.sum())
        counts = {kind: int((called[own] == kind).sum())
                  for kind in (STAR, GALAXY, UNCLEAR)}  # fmt: skip
        wrong = counts[GALAXY if what == STAR else STAR]
        named = n - counts[UNCLEAR]
        print(
            f"{what}: {n}, called {counts}; right of all {share(counts[what], n)}, "
            f"right of those that are called something {share(named - wrong, named)}"
        )


def main() -> None:
    """Print the table; fit the program's regression if that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    values, stars, names = measured(options.folder)
    print_table(stars, out_of_fold(values, stars, names))
    if options.fit:
        write_json(module._WEIGHTS, fit_stars(values, stars).as_json())
        print(f"{module._WEIGHTS.name}: of {len(values)} sources.")


if __name__ == "__main__":
    main()
