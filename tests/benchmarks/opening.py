"""Opening FITS cutouts: from the file to the picture that is shown."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from astropy.io import fits

from clump_detector.image_files.sources import Source, find_sources
from clump_detector.images.cutout import read_cutout
from clump_detector.images.rgb import to_rgb
from tests.benchmarks.goal import Figure, spread

SIDE = 400

TIMES = 200


def figures() -> Iterator[Figure]:
    """Open the same galaxy as a cube, as three files, compressed and with errors."""
    with tempfile.TemporaryDirectory() as name:
        for kind, make in KINDS.items():
            folder = Path(name, kind.replace(" ", "-"))
            folder.mkdir()
            make(folder)
            (source,) = find_sources([folder])
            goal = "at most 60 ms" if kind == "a cube" else ""
            yield from spread(
                f"opening 3 bands of {SIDE} px, {kind}", _timed(source), goal
            )


def _timed(source: Source) -> list[float]:
    seconds = []
    for _ in range(TIMES + 3):
        start = time.perf_counter()
        to_rgb(read_cutout(source))
        seconds.append(time.perf_counter() - start)
    return seconds[3:]


def _planes() -> np.ndarray:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    galaxy = 5 * np.exp(-np.hypot(x, y) / 40)
    return (galaxy + rng.normal(0, 0.03, (3, SIDE, SIDE))).astype(np.float32)


def _header() -> fits.Header:
    return fits.Header({
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0,
        "CRPIX1": 200.5, "CRPIX2": 200.5, "CDELT1": -7e-5, "CDELT2": 7e-5,
        "BUNIT": "nanomaggy",
    })  # fmt: skip


def _cube(folder: Path) -> None:
    hdu = fits.PrimaryHDU(_planes(), _header())
    hdu.header["BANDS"] = "grz"
    hdu.writeto(folder / "a.fits")


def _files(folder: Path) -> None:
    for band, plane in zip("grz", _planes(), strict=True):
        fits.PrimaryHDU(plane, _header()).writeto(folder / f"a-{band}.fits")


def _tiles(folder: Path) -> None:
    hdus = [fits.PrimaryHDU()]
    for band, plane in zip("grz", _planes(), strict=True):
        hdus.append(fits.CompImageHDU(plane, _header(), name=band))
    fits.HDUList(hdus).writeto(folder / "a.fits.fz")


def _errors(folder: Path) -> None:
    hdus = [fits.PrimaryHDU()]
    for band, plane in zip("grz", _planes(), strict=True):
        hdus.append(fits.ImageHDU(plane, _header(), name=band))
        weight = np.full(plane.shape, 1111, np.float32)
        hdus.append(fits.ImageHDU(weight, _header(), name=f"{band}_invvar"))
    fits.HDUList(hdus).writeto(folder / "a.fits")


KINDS: dict[str, Callable[[Path], None]] = {
    "a cube": _cube,
    "three files": _files,
    "tile-compressed": _tiles,
    "with inverse variances": _errors,
}
