"""Reading cutouts, for the plugin, the command line and training alike."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import AnyArray
from clump_detector.core.errors import ClumpError, ImageError, from_os_error
from clump_detector.core.signatures import AS_IT_IS, belied, refuse_special
from clump_detector.galaxies.galaxy import Galaxy
from clump_detector.galaxies.sidecar import with_galaxy
from clump_detector.image_files.sources import (
    FITS_SUFFIXES,
    PICTURE_SUFFIXES,
    SUFFIXES,
    TIFF_SUFFIXES,
    Source,
    stem,
)
from clump_detector.images.fits.read import read_fits
from clump_detector.images.formats.arrays import as_image, read_npy, read_npz
from clump_detector.images.formats.orientation import orientation_of, turn_notes
from clump_detector.images.formats.pictures import read_picture
from clump_detector.images.formats.tiff import read_tiff
from clump_detector.images.pixels.added_light import with_light
from clump_detector.images.pixels.planes import ColourImage, Planes

from .combine import Assembled, assembled

if TYPE_CHECKING:
    from astropy.wcs import WCS

#: Images with fewer pixels across than this are too small for good proposals.
SMALL = 48


@dataclass(frozen=True)
class Cutout:
    """One galaxy's image.

    Attributes
    ----------
    name : str
    pixels : array
        Either a picture, uint8 of shape (height, width, 3), or linear fluxes, float32
        of shape (bands, height, width), where NaN means no data.
    bands : tuple of str
        Names of the bands of linear fluxes, where known.
    wcs : astropy.wcs.WCS or None
    scale : float or None
        Arcsec per pixel.
    fwhm : float or None
        FWHM of the PSF in pixels: of the r band if headers give it by band.
    notes : tuple of str
        Sentences for the user on this image.
    variance : array or None
        Of linear fluxes, float32 of their shape, if the file gives errors: infinite
        where it gives no weight, NaN for bands without errors.
    jansky : tuple of (float or None)
        Jy of one unit of the pixels, by band; empty if none is known.
    galaxy : Galaxy or None
        The galaxy's values from the table next to the image.
    psf : mapping of str to float
        FWHM of the PSF in pixels by band, if the header gives it; ``""`` is a band
        without a name.
    read_as : str
        What was read and from where, in one line.
    """

    name: str
    pixels: AnyArray
    source: Source | None = None
    bands: tuple[str, ...] = ()
    wcs: WCS | None = None
    scale: float | None = None
    fwhm: float | None = None
    notes: tuple[str, ...] = field(default=())
    variance: NDArray[np.float32] | None = None
    jansky: tuple[float | None, ...] = ()
    galaxy: Galaxy | None = None
    psf: Mapping[str, float] = field(default_factory=dict)
    read_as: str = ""

    @property
    def is_picture(self) -> bool:
        """Whether the pixels are a picture rather than linear fluxes."""
        return bool(self.pixels.dtype == np.uint8)

    @property
    def height(self) -> int:
        """Number of rows."""
        return int(self.pixels.shape[0 if self.is_picture else 1])

    @property
    def width(self) -> int:
        """Number of columns."""
        return int(self.pixels.shape[1 if self.is_picture else 2])


def read_cutout(source: Source | str | Path) -> Cutout:
    """Read one cutout, and add the simulated clumps of its source.

    Raises
    ------
    ImageError
        If a file is missing, damaged or not an image, has no finite pixel or the same
        value everywhere, is larger than `pixels.limits` allows, or the planes of
        several files do not fit together.
    ConfigError
        If the source's unit is unknown.
    """
    if not isinstance(source, Source):
        source = Source(stem(Path(source)), (Path(source),))
    files = [_read_file(path) for path in source.files]
    first = files[0]
    if isinstance(first, ColourImage) and len(files) == 1:
        _refuse_empty(first.pixels, source.path)
        return with_galaxy(_picture(first, source))
    image = _assembled(files, source)
    _refuse_empty(image.pixels, source.path)
    return with_galaxy(
        Cutout(
            source.name,
            with_light(image.pixels, source.added, source.path),
            source,
            image.bands,
            image.wcs,
            image.scale,
            image.fwhm,
            (*_notes(image.pixels, image.named), *_turned(source), *image.notes),
            image.variance,
            image.jansky,
            psf=image.psf,
            read_as=image.read_as,
        )
    )


def _picture(found: ColourImage, source: Source) -> Cutout:
    notes = (*_notes(found.pixels, True), *_turned(source), *found.notes)
    pixels = with_light(found.pixels, source.added, source.path)
    return Cutout(source.name, pixels, source, notes=notes, read_as=found.words)


def _turned(source: Source) -> tuple[str, ...]:
    """Return a note on an image that its orientation tag rotates."""
    return turn_notes(orientation_of(source.path))


def _assembled(files: list[ColourImage | list[Planes]], source: Source) -> Assembled:
    planes: list[list[Planes]] = []
    for path, found in zip(source.files, files, strict=True):
        if isinstance(found, ColourImage):
            raise ImageError(
                "this is a colour picture, but each file should be one band",
                path,
                "Open this file by itself.",
            )
        planes.append(found)
    with _errors_about(source.path):
        return assembled(planes, source)


def from_array(
    array: AnyArray, name: str = "image", *, rgb: bool = False, path: str = ""
) -> Cutout:
    """Create a cutout from an array, such as the data of a napari image layer.

    Parameters
    ----------
    array : array
        Shape (height, width), (bands, height, width) or (height, width, 3 or 4).
    name : str
        The cutout's name.
    rgb : bool
        Whether a last axis of three or four is colour, as in a napari RGB layer, where
        floats run from 0 to 1.
    path : str
        The file, for messages; the name if empty.

    Raises
    ------
    ImageError
        If the array is not an image.
    """
    array = np.asarray(array)
    if rgb and array.dtype.kind == "f":
        array = (np.clip(np.nan_to_num(array), 0, 1) * 255 + 0.5).astype(np.uint8)
    where = Path(path or name)
    found = as_image(array, where)
    if isinstance(found, ColourImage):
        pixels: AnyArray = found.pixels
    else:
        pixels = found.fluxes[::-1] if found.red_first else found.fluxes
    _refuse_empty(pixels, where)
    named = isinstance(found, ColourImage) or found.red_first
    return Cutout(name, pixels, notes=_notes(pixels, named))


def _read_file(path: Path) -> ColourImage | list[Planes]:
    """Return a picture, or the planes of linear fluxes."""
    refuse_special(path)
    with _errors_about(path):
        return _by_name(path, path.name.lower())


def _by_name(path: Path, name: str) -> ColourImage | list[Planes]:
    if name.endswith(FITS_SUFFIXES):
        return read_fits(path)
    if name.endswith(".npz"):
        array, planes = read_npz(path)
        return _listed(as_image(array, path) if planes is None else planes)
    if name.endswith(PICTURE_SUFFIXES):
        return _listed(as_image(read_picture(path), path))
    if name.endswith(TIFF_SUFFIXES):
        return _listed(read_tiff(path))
    if name.endswith(".npy"):
        return _listed(as_image(read_npy(path), path))
    raise ImageError(
        "this is not an image that can be read",
        path,
        f"Images end in {', '.join(SUFFIXES)}.",
    )


def _listed(found: ColourImage | Planes) -> ColourImage | list[Planes]:
    return found if isinstance(found, ColourImage) else [found]


@contextmanager
def _errors_about(path: Path) -> Iterator[None]:
    """Turn all errors and warnings of decoders into one error about a file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ClumpError:
        raise
    except MemoryError as error:
        raise ImageError(
            "this image does not fit into the memory", path, "Use a smaller cutout."
        ) from error
    except OSError as error:
        if error.errno is not None:
            raise from_os_error(error, path, "read") from error
        raise _damaged(path, error) from error
    except Exception as error:  # decoders raise many kinds for damaged bytes
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> ImageError:
    real = belied(path)
    if real and path.stat().st_size:
        return ImageError(
            f"its suffix is {path.suffix}, but it is {real}", path, AS_IT_IS
        )
    reason = (real or str(error) or type(error).__name__).splitlines()[0][:120]
    return ImageError(
        f"this file is damaged or not an image ({reason})", path, "Get the file again."
    )


def _refuse_empty(pixels: AnyArray, path: Path) -> None:
    if pixels.dtype != np.uint8 and not np.isfinite(pixels).any():
        raise ImageError("it has no finite pixel", path, "Leave this cutout out.")
    if np.nanmin(pixels) == np.nanmax(pixels):
        value = float(np.nanmax(pixels))
        raise ImageError(
            f"every pixel has the same value ({value:g})",
            path,
            "Leave this cutout out, or get the file again.",
        )


def _notes(pixels: AnyArray, named: bool) -> tuple[str, ...]:
    """Return sentences for the user on small, masked, grey or unnamed images."""
    notes = []
    picture = pixels.dtype == np.uint8
    height, width = pixels.shape[:2] if picture else pixels.shape[1:]
    if max(height, width) < SMALL:
        notes.append(
            f"Only {width} x {height} pixels: proposals will be rough. "
            f"Use a cutout of at least {SMALL} pixels across."
        )
    if not picture:
        missing = float(np.isnan(pixels).any(axis=0).mean())
        if missing:
            notes.append(
                f"{missing:.2%} of the pixels are masked or have no value: they are "
                "shown black and nothing is proposed there."
            )
        if len(pixels) == 1:
            notes.append(
                "One band: shown in grey. Give three bands if you can, since clumps "
                "are recognised by their blue colour."
            )
        elif not named:
            middle = ", the middle" if len(pixels) > 2 else ""
            shown = "blue, green and red" if len(pixels) > 2 else "blue and red"
            notes.append(
                f"{len(pixels)} bands without names: the first{middle} and the last "
                f"are shown as {shown}. Name them in the header key BANDS, such as "
                "'ugriz', or with --bands."
            )
    return tuple(notes)
