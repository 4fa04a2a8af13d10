"""Simulated cutouts in memory, and as a folder of images with their label set."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..boxes import SIDE_IN_FWHM, Boxes, centres
from ..errors import ConfigError, FileError, from_os_error
from ..images import Cutout, Source
from ..labels import LabelledBox, LabelledCutout, LabelSet, write_label_set
from ..stretch import to_rgb
from .catalogue import Rng, Scene, draw_scene
from .draw import DOUBTFUL_SNR, VISIBLE_SNR, Planes, draw
from .look import (
    DOUBTFUL_LEVELS,
    VISIBLE_LEVELS,
    Picture,
    local_contrasts,
    to_picture,
)

Kind = Literal["png", "fits", "both"]


@dataclass(frozen=True)
class SimulatedCutout:
    """One simulated galaxy and the truth about it.

    Attributes
    ----------
    scene : Scene
        Everything that was drawn.
    rgb : array of shape (size, size, 3)
        The picture, uint8.
    planes : array of shape (3, n, n)
        Fluxes in nanomaggies on the survey's own pixels, over the same sky.
    boxes : array of shape (m, 4)
        Boxes of all true clumps in pixels of the picture.
    snr : array of shape (m,)
        Their matched-filter signal-to-noise ratios.
    contrast : array of shape (m,)
        How many of 255 grey levels their peaks add to the picture.
    classes : tuple of str
    """

    scene: Scene
    rgb: Picture
    planes: Planes
    boxes: Boxes
    snr: NDArray[np.float64]
    contrast: NDArray[np.float64]
    classes: tuple[str, ...]

    @property
    def visible(self) -> NDArray[np.bool_]:
        """Which of the true clumps a person can see, shape (m,)."""
        return (self.snr >= VISIBLE_SNR) & (self.contrast >= VISIBLE_LEVELS)

    @property
    def doubtful(self) -> NDArray[np.bool_]:
        """Which of the others some would see and some not, shape (m,)."""
        maybe = (self.snr >= DOUBTFUL_SNR) & (self.contrast >= DOUBTFUL_LEVELS)
        return maybe & ~self.visible


def simulate_one(
    rng: Rng, *, size: int = 400, clumpy: bool | None = None
) -> SimulatedCutout:
    """Simulate one galaxy in memory.

    Parameters
    ----------
    rng : numpy.random.Generator
    size : int
        Side of the picture in pixels.
    clumpy : bool, optional
        With or without clumps; by default as often as real galaxies have them.
    """
    scene = draw_scene(rng, size=size, clumpy=clumpy)
    drawn = draw(scene, rng)
    rgb, contrast = to_picture(scene, drawn, rng)
    inside = [k for k, c in enumerate(scene.clumps) if _inside(scene, c.x, c.y)]
    half = SIDE_IN_FWHM * scene.fwhm_px / 2
    places = [scene.pixels(scene.clumps[k].x, scene.clumps[k].y) for k in inside]
    boxes = np.array([(x - half, y - half, x + half, y + half) for x, y in places])
    return SimulatedCutout(
        replace(scene, clumps=tuple(scene.clumps[k] for k in inside)),
        rgb,
        drawn.planes,
        boxes.reshape(-1, 4),
        np.array([drawn.seen[k].snr for k in inside], dtype=np.float64),
        np.asarray(contrast, dtype=np.float64)[inside],
        tuple("odd clump" if scene.clumps[k].odd else "clump" for k in inside),
    )


def _inside(scene: Scene, x: float, y: float) -> bool:
    return max(abs(x), abs(y)) < scene.size * scene.scale / 2


def galaxy_rng(seed: int, index: int) -> Rng:
    """Return the random numbers of one galaxy, the same whatever else is made."""
    return np.random.default_rng((seed, index))


def simulate(
    out: Path,
    n: int,
    seed: int = 0,
    *,
    kind: Kind = "png",
    size: int = 400,
    report: Callable[[int, int], None] | None = None,
    workers: int = 1,
) -> Path:
    """Write simulated galaxies and their label set to a new folder.

    Parameters
    ----------
    out : path
        The folder, which must not exist or be empty. It appears whole or not at all.
    n : int
        Number of galaxies.
    seed : int
        Galaxy k depends on (seed, k) alone, so a larger n goes on where a smaller
        one ended.
    kind : {"png", "fits", "both"}
        Pictures, or linear fluxes in three bands on the survey's own pixels.
    size : int
        Side of a picture in pixels; a FITS cube covers the same sky.
    report : callable, optional
        Called with (galaxies written, n).
    workers : int
        Number of processes.

    Returns
    -------
    path
        The label set, ``out/labels.json``.

    Raises
    ------
    FileError
        If the folder is not empty or cannot be written.
    ConfigError
        If GalSim is not installed.
    """
    out = Path(out)
    if find_spec("galsim") is None:
        raise ConfigError(
            "GalSim, which draws the galaxies, is not installed",
            remedy="Run: pip install 'napari-clumps[simulate]'.",
        )
    _refuse_used(out)
    if n < 1:
        raise FileError(
            f"{n} galaxies are too few to write", out, "Ask for one or more."
        )
    staging = _staging(out)
    try:
        (staging / "images").mkdir()
        cutouts: list[LabelledCutout] = []
        jobs = [(staging / "images", seed, k, kind, size) for k in range(n)]
        for made in _run(jobs, workers):
            cutouts += made
            if report is not None:
                report(min(len(cutouts) // (2 if kind == "both" else 1), n), n)
        info = {"simulation": {"n": n, "seed": seed, "kind": kind, "size": size}}
        write_label_set(LabelSet(tuple(cutouts), info=info), staging / "labels.json")
        staging.chmod(0o755)
        if out.exists():
            out.rmdir()
        staging.replace(out)
    except OSError as error:
        raise from_os_error(error, out, "write") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return out / "labels.json"


def _refuse_used(out: Path) -> None:
    try:
        used = out.exists() and (not out.is_dir() or any(out.iterdir()))
    except OSError as error:
        raise from_os_error(error, out, "read") from error
    if used:
        raise FileError(
            "this is there already and not an empty folder",
            out,
            "Choose a new folder for the simulated galaxies.",
        )


def _staging(out: Path) -> Path:
    try:
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        name = tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.absolute().parent)
    except FileExistsError as error:  # mkdir's word for a file in a folder's place
        raise from_os_error(OSError(errno.ENOTDIR, ""), out, "write") from error
    except OSError as error:
        raise from_os_error(error, out, "write") from error
    return Path(name)


Job = tuple[Path, int, int, Kind, int]


def _run(jobs: list[Job], workers: int) -> Iterator[list[LabelledCutout]]:
    if workers <= 1:
        yield from map(write_one, jobs)
        return
    with ProcessPoolExecutor(workers) as pool:
        try:
            yield from pool.map(write_one, jobs, chunksize=8)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def write_one(job: Job) -> list[LabelledCutout]:
    """Simulate and write one galaxy; return its entries of the label set."""
    folder, seed, index, kind, size = job
    made = simulate_one(galaxy_rng(seed, index), size=size)
    name = f"sim-{index + 1:04d}"
    entries = []
    if kind in ("png", "both"):
        path = folder / f"{name}.png"
        _write_png(path, made.rgb)
        entries.append(labelled(made, Source(name, (path,)), size))
    if kind in ("fits", "both"):
        name = f"{name}-{made.scene.survey.bands}"
        path = folder / f"{name}.fits"
        write_fits(path, made)
        entries.append(
            labelled(as_cube(made), Source(name, (path,)), made.planes.shape[1])
        )
    return entries


def as_cube(made: SimulatedCutout) -> SimulatedCutout:
    """Return the galaxy as it is seen in its cube, through this program's stretch."""
    cube = Cutout("cube", made.planes, bands=tuple(made.scene.survey.bands))
    zoom = made.planes.shape[1] / made.scene.size
    places = (centres(made.boxes) + 0.5) * zoom - 0.5
    levels = local_contrasts(to_rgb(cube), places, made.scene.fwhm_px * zoom)
    return replace(made, contrast=levels)


def labelled(made: SimulatedCutout, source: Source, size: int) -> LabelledCutout:
    """Return a galaxy's entry of the label set, for an image of ``size`` pixels.

    Clumps that nobody can see are left out, doubtful ones are ignored.
    """
    zoom = size / made.scene.size
    boxes = []
    for k, (corners, clump) in enumerate(
        zip(made.boxes, made.scene.clumps, strict=True)
    ):
        if not (made.visible[k] or made.doubtful[k]):
            continue
        # Pixels are counted from the first one's centre, so zoom about its corner.
        x1, y1, x2, y2 = (float(v) for v in (corners + 0.5) * zoom - 0.5)
        boxes.append(
            LabelledBox(
                x1, y1, x2, y2, made.classes[k],
                origin="simulation",
                ignored=bool(made.doubtful[k]),
                extra={
                    "flux_ratio": round(clump.ratio, 5),
                    "snr": round(float(made.snr[k]), 2),
                    "kind": made.scene.host.kind,
                },
            )
        )  # fmt: skip
    return LabelledCutout(
        source, size, size, True, False, tuple(boxes), fwhm=made.scene.fwhm_px * zoom
    )


def _write_png(path: Path, rgb: Picture) -> None:
    from PIL import Image

    Image.fromarray(rgb).save(path, compress_level=4)


def write_fits(path: Path, made: SimulatedCutout) -> None:
    """Write the fluxes as a cube with band names, a TAN WCS and the PSF's FWHM.

    Rows run down as in the picture, so North is towards row 0 and East to the left.
    """
    from astropy.io import fits
    from astropy.wcs import WCS

    scene = made.scene
    n = made.planes.shape[1]
    scale = scene.size * scene.scale / n / 3600
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crpix = [(n + 1) / 2, (n + 1) / 2]
    # A place on the sky that follows from the galaxy, so that files do not coincide.
    wcs.wcs.crval = [150 + 20 * np.sin(1e3 * scene.fwhm), 2 + np.cos(1e3 * scene.scale)]
    wcs.wcs.cdelt = [-scale, -scale]
    header = wcs.to_header()
    header["BANDS"] = (scene.survey.bands, "bands of the planes")
    header["PSFFWHM"] = (round(scene.fwhm, 4), "[arcsec] FWHM of the PSF")
    header["BUNIT"] = ("nanomaggy", "22.5 mag")
    header["ORIGIN"] = ("simulation", "no real sky")
    fits.PrimaryHDU(made.planes.astype(np.float32), header).writeto(path)
