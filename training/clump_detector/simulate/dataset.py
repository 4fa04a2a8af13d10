"""Simulated cutouts as a folder of images with their label set."""

from __future__ import annotations

import errno
import math
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np

from clump_detector.core.errors import ConfigError, FileError, from_os_error
from clump_detector.core.json_types import JsonObject
from clump_detector.core.progress import CancelToken, Progress, no_progress
from clump_detector.image_files.sources import Source, find_sources
from clump_detector.labels.label_set import LabelledCutout, LabelSet, write_label_set

from .cutout import SimulatedCutout, as_cube, galaxy_rng, simulate_one
from .inject import inject
from .labelled import labelled, labelled_injection
from .priors import BANDS, SURVEYS
from .survey_picture import Picture

Kind = Literal["png", "fits", "both"]


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
    bands: str = "",
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
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
        Galaxy k depends on (seed, k) alone, so a larger n continues where a smaller
        one ended.
    kind : {"png", "fits", "both"}
        Pictures, or linear fluxes on the survey's own pixels.
    size : int
        Side of a picture in pixels; a FITS cube covers the same sky.
    into : path, optional
        An image or a folder of real cutouts: clumps are injected into their pictures.
    share : float
        Share of the galaxies that are real, where there are any.
    clumpy : float, optional
        Share of the simulated ones that are given clumps; as many as have them in
        reality by default.
    bands : str
        Of FITS cubes, such as ugriz; those of the survey's pictures if empty.
    progress : callable
        Called after each galaxy.
    cancel : CancelToken, optional
        Checked after each galaxy.
    workers : int
        Number of processes.

    Returns
    -------
    path
        The label set, ``out/labels.json``.

    Raises
    ------
    Cancelled
    FileError
        If the folder is not empty or cannot be written.
    ImageError
        If there is no real cutout, or one cannot be read.
    ConfigError
        If GalSim is not installed, or FITS is asked for with real pictures.
    """
    out = Path(out)
    real = () if into is None else tuple(find_sources([into]))
    plan = SimulationPlan(seed, kind, size, clumpy, real, share, bands)
    plan.check()
    _refuse_used(out)
    if n < 1:
        raise FileError(
            f"{n} galaxies are too few to write", out, "Ask for one or more."
        )
    staging = _staging(out)
    try:
        _write_all(staging, plan, n, workers, progress, cancel or CancelToken())
        staging.chmod(0o755)
        if out.exists():
            out.rmdir()
        staging.replace(out)
    except OSError as error:
        raise from_os_error(error, out, "write") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return out / "labels.json"


def _write_all(
    folder: Path,
    plan: SimulationPlan,
    n: int,
    workers: int,
    progress: Progress,
    cancel: CancelToken,
) -> None:
    """Write n galaxies and their label set to a folder."""
    images = folder / "images"
    images.mkdir()
    cutouts: list[LabelledCutout] = []
    jobs = [(images, plan, k) for k in range(n)]
    for done, made in enumerate(_run(jobs, workers), start=1):
        cutouts += made
        progress(done, n, "simulating galaxies")
        cancel.check()
    info = {"simulation": {"n": n, **plan.as_info()}}
    write_label_set(LabelSet(tuple(cutouts), info=info), folder / "labels.json")


@dataclass(frozen=True)
class SimulationPlan:
    """What `simulate` makes, as its parameters say.

    Attributes
    ----------
    seed : int
    kind : {"png", "fits", "both"}
    size : int
        Side of a picture in pixels.
    clumpy : float or None
        Share of the simulated galaxies that have clumps.
    real : tuple of Source
        Real cutouts to inject clumps into.
    share : float
        Share of the galaxies that are real.
    bands : str
        Of the cubes; those of the survey's pictures if empty.
    """

    seed: int
    kind: Kind = "png"
    size: int = 400
    clumpy: float | None = None
    real: tuple[Source, ...] = ()
    share: float = 1.0
    bands: str = ""

    def check(self) -> None:
        """Refuse what cannot be made.

        Raises
        ------
        ConfigError
        """
        if self.real and self.kind != "png":
            raise ConfigError(
                f"clumps are put into pictures, and {self.kind} was asked for",
                remedy="Ask for png.",
            )
        if self.bands and self.kind == "png":
            raise ConfigError(
                f"a picture has three colours, and not the bands {self.bands}",
                remedy="Ask for fits.",
            )
        if not any(survey.has(self.bands) for survey in SURVEYS.values()):
            known = "; ".join(f"{s.name} {s.all_bands}" for s in SURVEYS.values())
            raise ConfigError(
                f"no simulated survey has the bands {self.bands}",
                remedy=f"There are: {known}.",
            )
        if list(self.bands) != sorted(set(self.bands), key=BANDS.find):
            raise ConfigError(
                f"the bands are {self.bands!r}",
                remedy=f"Give each once, from blue to red: of {BANDS}.",
            )
        if (self.share < 1 or not self.real) and find_spec("galsim") is None:
            raise ConfigError(
                "GalSim, which draws the galaxies, is not installed",
                remedy="Run: pip install 'napari-clumps[simulate]'.",
            )

    def source(self, index: int) -> Source | None:
        """Return the real cutout of a galaxy, None where it is simulated.

        Real ones take turns among as many of the galaxies as their share requires.
        """
        before = math.floor(index * self.share)
        if not self.real or math.floor((index + 1) * self.share) == before:
            return None
        return self.real[before % len(self.real)]

    def as_info(self) -> JsonObject:
        """Return what the label set records of it."""
        info: JsonObject = {
            "seed": self.seed,
            "kind": self.kind,
            "size": self.size,
        }
        if self.clumpy is not None:
            info["clumpy"] = self.clumpy
        if self.bands:
            info["bands"] = self.bands
        if self.real:
            info |= {"real_cutouts": len(self.real), "share_real": self.share}
        return info


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


#: The images' folder, the plan, and the galaxy's number from 0.
Job = tuple[Path, SimulationPlan, int]


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
    folder, plan, index = job
    rng = galaxy_rng(plan.seed, index)
    source = plan.source(index)
    if source is not None:
        name = f"real-{index + 1:04d}-{source.name}"
        path, put = folder / f"{name}.png", inject(source, rng)
        _write_png(path, put.rgb)
        return [labelled_injection(put, Source(path.stem, (path,)))]
    clumpy = None if plan.clumpy is None else bool(rng.random() < plan.clumpy)
    made = simulate_one(rng, size=plan.size, clumpy=clumpy, bands=plan.bands)
    name = f"sim-{index + 1:04d}"
    entries = []
    if plan.kind in ("png", "both"):
        path = folder / f"{name}.png"
        _write_png(path, made.rgb)
        entries.append(labelled(made, Source(name, (path,)), plan.size))
    if plan.kind in ("fits", "both"):
        name = f"{name}-{made.scene.bands}"
        path = folder / f"{name}.fits"
        write_fits(path, made)
        entries.append(
            labelled(as_cube(made), Source(name, (path,)), made.planes.shape[1])
        )
    return entries


def _write_png(path: Path, rgb: Picture) -> None:
    from PIL import Image

    Image.fromarray(rgb).save(path, compress_level=4)


def write_fits(path: Path, made: SimulatedCutout) -> None:
    """Write the fluxes as a cube with band names, a TAN WCS and the PSF's FWHM.

    Rows run down as in the picture, so North is towards row 0 and East to the left.

    Parameters
    ----------
    path : path
    made : SimulatedCutout
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
    header["BANDS"] = (scene.bands, "bands of the planes")
    header["PSFFWHM"] = (round(scene.fwhm, 4), "[arcsec] FWHM of the PSF")
    header["PSFBETA"] = (round(scene.beta, 4), "beta of the PSF, a Moffat profile")
    header["BUNIT"] = ("nanomaggy", "22.5 mag")
    header["ORIGIN"] = ("simulation", "no real sky")
    fits.PrimaryHDU(made.planes.astype(np.float32), header).writeto(path)
