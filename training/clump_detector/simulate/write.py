"""Simulated cutouts in memory, and as a folder of images with their label set."""

from __future__ import annotations

import errno
import math
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..boxes import SIDE_IN_FWHM, Boxes, centres
from ..errors import ConfigError, FileError, from_os_error
from ..images import Cutout
from ..labels import LabelledBox, LabelledCutout, LabelSet, write_label_set
from ..sources import Source, find_sources
from ..stretch import to_rgb
from .catalogue import Rng, Scene, draw_scene
from .draw import DOUBTFUL_SNR, VISIBLE_SNR, Planes, draw
from .inject import inject
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
    into: Path | None = None,
    share: float = 1.0,
    clumpy: float | None = None,
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
    into : path, optional
        An image or a folder of real cutouts: clumps are put into their pictures.
    share : float
        Share of the galaxies that are real, where there are any.
    clumpy : float, optional
        Share of the simulated ones that are given clumps; as many as have them in
        reality by default.
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
        If the folder is not empty or cannot be written, or there is no real cutout.
    ImageError
        If a real cutout cannot be read.
    ConfigError
        If GalSim is not installed, or FITS is asked for with real pictures.
    """
    out = Path(out)
    real = () if into is None else tuple(find_sources([into]))
    if real and kind != "png":
        raise ConfigError(
            f"clumps are put into pictures, and {kind} was asked for",
            remedy="Ask for png.",
        )
    if (share < 1 or not real) and find_spec("galsim") is None:
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
        images = staging / "images"
        jobs = [
            _job(images, seed, k, kind, size, real, share, clumpy) for k in range(n)
        ]
        for made in _run(jobs, workers):
            cutouts += made
            if report is not None:
                report(min(len(cutouts) // (2 if kind == "both" else 1), n), n)
        info: dict[str, Any] = {"n": n, "seed": seed, "kind": kind, "size": size}
        if clumpy is not None:
            info["clumpy"] = clumpy
        if real:
            info |= {"real_cutouts": len(real), "share_real": share}
        made_of = {"simulation": info}
        write_label_set(LabelSet(tuple(cutouts), info=made_of), staging / "labels.json")
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


@dataclass(frozen=True)
class Job:
    """One galaxy to write: a simulated one, or a real one with clumps put into it."""

    folder: Path
    seed: int
    index: int
    kind: Kind
    size: int
    real: Source | None = None
    clumpy: float | None = None

    @property
    def rng(self) -> Rng:
        """Random numbers that depend on the seed and the index alone."""
        return galaxy_rng(self.seed, self.index)


def _job(
    folder: Path,
    seed: int,
    index: int,
    kind: Kind,
    size: int,
    real: Sequence[Source],
    share: float,
    clumpy: float | None,
) -> Job:
    """Return a job; real cutouts take turns among as many of the galaxies as asked."""
    before, after = math.floor(index * share), math.floor((index + 1) * share)
    source = real[before % len(real)] if real and after > before else None
    return Job(folder, seed, index, kind, size, source, clumpy)


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
    """Make and write one galaxy; return its entries of the label set."""
    if job.real is not None:
        return [_write_injected(job, job.real)]
    rng = job.rng
    clumpy = None if job.clumpy is None else bool(rng.random() < job.clumpy)
    made = simulate_one(rng, size=job.size, clumpy=clumpy)
    name = f"sim-{job.index + 1:04d}"
    entries = []
    if job.kind in ("png", "both"):
        path = job.folder / f"{name}.png"
        _write_png(path, made.rgb)
        entries.append(labelled(made, Source(name, (path,)), job.size))
    if job.kind in ("fits", "both"):
        name = f"{name}-{made.scene.survey.bands}"
        path = job.folder / f"{name}.fits"
        write_fits(path, made)
        entries.append(
            labelled(as_cube(made), Source(name, (path,)), made.planes.shape[1])
        )
    return entries


def _write_injected(job: Job, source: Source) -> LabelledCutout:
    made = inject(source, job.rng)
    name = f"real-{job.index + 1:04d}-{source.name}"
    path = job.folder / f"{name}.png"
    _write_png(path, made.rgb)
    height, width = made.rgb.shape[:2]
    clumps = [
        _box(corners, contrast=round(float(level), 1))
        for corners, level in zip(made.boxes, made.contrast, strict=True)
    ]
    host = [_box(corners, ignored=True) for corners in made.host]
    return LabelledCutout(
        Source(name, (path,)),
        width,
        height,
        boxes=(*clumps, *host),
        rejected=tuple(_box(corners, status="rejected") for corners in made.empty),
        fwhm=made.fwhm,
    )


def _box(
    corners: NDArray[np.float64],
    *,
    ignored: bool = False,
    status: str = "accepted",
    **extra: Any,
) -> LabelledBox:
    x1, y1, x2, y2 = (float(v) for v in corners)
    return LabelledBox(
        x1, y1, x2, y2, "clump",
        origin="simulation", status=status, ignored=ignored,
        extra={**extra, "kind": "real"},
    )  # fmt: skip


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
