"""The check from the command line: ``python -m clump_detector.evaluation.photometry``.

It simulates galaxies, measures the clumps in their boxes and prints, by band, the
median of measured over true and the width of the pulls, (measured - true) / error, of
clumps of S/N over 10, and the same of their sizes in FWHM of the PSF.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from clump_detector.core.errors import ClumpError
from clump_detector.core.files import write_json

from .cases import CASES
from .pairs import PSFS, Pair, check, size_statistics, statistics
from .picture import draw

#: Distances from the nucleus in FWHM by which clumps near it are listed.
_DISTANCES = ((0.0, 0.7), (0.7, 1.5), (1.5, 2.5))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the check from the command line."""
    options = _parser().parse_args(arguments)
    try:
        pairs = check(
            options.n,
            options.seed,
            options.workers,
            _print_progress,
            kind=options.clumps,
        )
        parts = _parts(pairs, options.clumps)
        values = {name: statistics(some) for name, some in parts}
        heads = "fluxes  measured/true (16-84 %)         pulls' width  segment"
        print(f"{'band, PSF':20s}{heads}")
        for name, found in values.items():
            if "ratio" in found:
                print(
                    f"{name:18s}  {found['n']:6d}  {found['ratio']:.3f} +- "
                    f"{found['ratio_error']:.3f} ({found['ratio_16']:.2f} to "
                    f"{found['ratio_84']:.2f})   {found['width']:.2f}          "
                    f"{found['isophotal']:.2f}"
                )
        sizes = dict(_sizes(pairs))
        print(f"{'PSF':20s}sizes   measured/true (16-84 %)   pulls' median, width")
        for name, found in sizes.items():
            if "ratio" in found:
                print(
                    f"{name:18s}  {found['n']:6d}  {found['ratio']:.3f} "
                    f"({found['ratio_16']:.2f} to {found['ratio_84']:.2f})     "
                    f"{found['pull']:+.2f}, {found['width']:.2f}"
                )
        if options.out is not None:
            write_json(options.out, {**values, "sizes": sizes})
        if options.picture is not None:
            draw(pairs, options.picture)
    except ClumpError as error:
        print(error.message, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m clump_detector.evaluation.photometry"
    )
    parser.add_argument("-n", type=int, default=1200, help="galaxies to simulate")
    parser.add_argument(
        "--clumps",
        choices=CASES,
        default="isolated",
        help="far from everything, near the nucleus, or pairs 1.5 FWHM apart",
    )
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--picture", type=Path, help="draw them: png, pdf or svg")
    parser.add_argument("--out", type=Path, help="write the values as JSON")
    return parser


def _parts(pairs: Sequence[Pair], kind: str) -> Iterator[tuple[str, list[Pair]]]:
    """Yield the pairs by band and PSF, and near the nucleus by distance from it."""
    for psf in PSFS:
        mine = [p for p in pairs if p.psf == psf]
        for band in "griz":
            yield f"{band}, {psf}", [p for p in mine if p.band == band]
        for low, high in _DISTANCES if kind == "nucleus" else ():
            near = [p for p in mine if low <= p.from_nucleus < high]
            yield f"{low}-{high} FWHM, {psf}", near


def _sizes(pairs: Sequence[Pair]) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield the statistics of sizes by PSF: of all, of points, and of wider ones."""
    for psf in PSFS:
        mine = [p for p in pairs if p.psf == psf]
        yield psf, size_statistics(mine)
        yield f"points, {psf}", size_statistics(p for p in mine if p.true_size < 1.02)
        yield (
            f"from 1.1, {psf}",
            size_statistics(p for p in mine if p.true_size >= 1.1),
        )


def _print_progress(done: int, total: int, text: str) -> None:
    if done % max(total // 10, 1) == 0:
        print(f"{done} of {total} galaxies", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
