"""Artefacts that the program finds on real pictures, against those listed by eye.

``python -m tests.benchmarks.artefacts FOLDER`` searches the pictures of a folder that
``artefacts_by_eye.csv`` lists, and prints for each kind how many of those seen are
found, with intervals of 95 % (Wilson), and how many pictures are flagged where nothing
was seen. The list was made on pictures of 150 to 200 pixels before the program was run
on the half ``judged``; the rules were chosen on the half ``development``.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.stats import binom_conf_interval

from clump_detector.core.errors import ClumpError
from clump_detector.images.artefacts.kinds import KINDS
from clump_detector.images.artefacts.search import find_artefacts
from clump_detector.images.cutout import read_cutout

LIST = Path(__file__).with_name("artefacts_by_eye.csv")

#: The kinds that count as finding what was seen: a star beyond the edge is its light.
FINDS = {
    "star": ("saturated_star", "scattered_light"),
    "trail": ("trail", "missing"),
    "gap": ("missing", "seam"),
    "light": ("scattered_light", "saturated_star"),
}


@dataclass(frozen=True)
class Picture:
    """A picture of the list, and what was found on it."""

    file: str
    seen: tuple[str, ...]
    unsure: tuple[str, ...]
    half: str
    found: frozenset[str] = frozenset()
    seconds: float = 0.0


def search(job: tuple[Path, Picture]) -> Picture | None:
    """Return a picture with what is found on it; None where there is no such file."""
    folder, one = job
    try:
        cutout = read_cutout(folder / one.file)
    except ClumpError:
        return None
    start = time.perf_counter()
    found = frozenset(artefact.kind for artefact in find_artefacts(cutout))
    took = time.perf_counter() - start
    return Picture(one.file, one.seen, one.unsure, one.half, found, took)


def listed() -> list[Picture]:
    """Return the pictures of the list."""
    with LIST.open(encoding="utf-8", newline="") as file:
        return [
            Picture(
                row["file"],
                tuple(row["seen"].split()),
                tuple(row["unsure"].split()),
                row["half"],
            )
            for row in csv.DictReader(file)
        ]


def _share(k: int, n: int) -> str:
    if not n:
        return "none"
    low, high = binom_conf_interval(k, n, 0.95, interval="wilson")
    return f"{k} of {n}: {k / n:.2f} ({low:.2f} to {high:.2f})"


def _print(half: str, pictures: Sequence[Picture]) -> None:
    print(f"\n{half}, {len(pictures)} pictures")
    for kind, finds in FINDS.items():
        seen = [one for one in pictures if kind in one.seen]
        k = sum(bool(one.found & {*finds}) for one in seen)
        print(f"  {kind} seen and found: {_share(k, len(seen))}")
    clean = [one for one in pictures if not one.seen and not one.unsure]
    for kind in KINDS:
        k = sum(kind in one.found for one in clean)
        print(f"  {kind} where nothing was seen: {_share(k, len(clean))}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.artefacts")
    parser.add_argument("folder", type=Path, help="where the listed pictures are")
    folder = parser.parse_args(arguments).folder
    with ProcessPoolExecutor(2) as pool:
        jobs = [(folder, one) for one in listed()]
        found = [one for one in pool.map(search, jobs, chunksize=10) if one]
    print(f"{len(found)} of {len(jobs)} pictures are there")
    if not found:
        return
    for half in ("development", "judged"):
        _print(half, [one for one in found if one.half == half])
    seconds = [one.seconds for one in found]
    print(
        f"\nseconds: {np.median(seconds):.2f}, 95 %: {np.percentile(seconds, 95):.2f}"
    )


if __name__ == "__main__":
    main()
