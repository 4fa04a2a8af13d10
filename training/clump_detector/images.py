"""The one reader of cutouts, for the window, the command line and training alike."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import ImageError, from_os_error
from .galaxy import Galaxy
from .sources import (
    BAND_ORDER,
    FITS_SUFFIXES,
    PICTURE_SUFFIXES,
    SUFFIXES,
    TIFF_SUFFIXES,
    Source,
    stem,
)
from .wcs import celestial_wcs, pixel_scale

#: More pixels than this are refused before they fill the memory.
MOST_PIXELS = 16_000 * 16_000

#: Fewer pixels across than this and a detector has little to go on.
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
        FWHM of the PSF in pixels.
    notes : tuple of str
        What a person should know about this image, in sentences.
    variance : array or None
        Of linear fluxes, float32 of their shape, where the file tells errors.
    jansky : tuple of (float or None)
        How many Jy one unit of the pixels is, by band; empty where no band is known.
    galaxy : Galaxy or None
        What is known of the galaxy from elsewhere.
    """

    name: str
    pixels: NDArray[Any]
    source: Source | None = None
    bands: tuple[str, ...] = ()
    wcs: Any = None
    scale: float | None = None
    fwhm: float | None = None
    notes: tuple[str, ...] = field(default=())
    variance: NDArray[np.float32] | None = None
    jansky: tuple[float | None, ...] = ()
    galaxy: Galaxy | None = None

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
    """Read one cutout.

    Raises
    ------
    ImageError
        If a file is missing, damaged or no image, has no finite pixel or the same
        value everywhere, or is larger than `MOST_PIXELS`.
    """
    if not isinstance(source, Source):
        source = Source(stem(Path(source)), (Path(source),))
    parts = [_read_file(path) for path in source.files]
    first = parts[0]
    if len(parts) > 1:
        pixels = _stack(source, [part[0] for part in parts])
        bands: tuple[str, ...] = source.bands
    else:
        pixels, bands = first[0], first[1]
    header = first[2]
    _refuse_empty(pixels, source.path)
    wcs = None if header is None else celestial_wcs(header)
    scale = None if wcs is None else pixel_scale(wcs)
    notes = _notes(pixels, bands)
    fwhm = _psf_fwhm(header, scale)
    return Cutout(source.name, pixels, source, bands, wcs, scale, fwhm, notes)


def from_array(
    array: NDArray[Any], name: str = "image", *, rgb: bool = False, path: str = ""
) -> Cutout:
    """Make a cutout of an array, such as the data of a napari image layer.

    Parameters
    ----------
    array : array
        Shape (height, width), (bands, height, width) or (height, width, 3 or 4).
    rgb : bool
        Whether a last axis of three or four is colour, as in a napari RGB layer, where
        floats run from 0 to 1.

    Raises
    ------
    ImageError
        If the array is no image.
    """
    array = np.asarray(array)
    if rgb and array.dtype.kind == "f":
        array = (np.clip(np.nan_to_num(array), 0, 1) * 255 + 0.5).astype(np.uint8)
    where = Path(path or name)
    pixels = _as_pixels(array, where)
    _refuse_empty(pixels, where)
    return Cutout(name, pixels, notes=_notes(pixels, ()))


def _read_file(path: Path) -> tuple[NDArray[Any], tuple[str, ...], Any]:
    """Return (pixels, bands, FITS header or None)."""
    name = path.name.lower()
    try:
        if name.endswith(PICTURE_SUFFIXES):
            return _as_pixels(_read_picture(path), path), (), None
        if name.endswith(TIFF_SUFFIXES):
            return _as_pixels(_read_tiff(path), path), (), None
        if name.endswith(".npy"):
            return _as_pixels(np.load(path, allow_pickle=False), path), (), None
        if name.endswith(FITS_SUFFIXES):
            return _read_fits(path)
    except ImageError:
        raise
    except MemoryError as error:
        raise ImageError(
            "this image does not fit into the memory", path, "Cut it into parts."
        ) from error
    except OSError as error:
        if error.errno is not None:
            raise from_os_error(error, path, "read") from error
        raise _damaged(path, error) from error
    except Exception as error:  # decoders raise whatever they like on damaged bytes
        raise _damaged(path, error) from error
    raise ImageError(
        "this is not an image that can be read",
        path,
        f"Images end in {', '.join(SUFFIXES)}.",
    )


def _damaged(path: Path, error: Exception) -> ImageError:
    reason = (str(error) or type(error).__name__).splitlines()[0][:120]
    return ImageError(
        f"this file is damaged or no image ({reason})", path, "Get the file again."
    )


def _read_picture(path: Path) -> NDArray[Any]:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # _as_pixels has its own limit
    with Image.open(path) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise _too_large(path, picture.height, picture.width)
        if picture.mode not in ("L", "RGB", "RGBA", "I;16", "I", "F"):
            return np.asarray(picture.convert("RGB"))
        return np.asarray(picture)


def _read_tiff(path: Path) -> NDArray[Any]:
    import tifffile

    return np.asarray(tifffile.imread(path))


def _read_fits(path: Path) -> tuple[NDArray[Any], tuple[str, ...], Any]:
    from astropy.io import fits
    from astropy.utils.exceptions import AstropyWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        # A truncated file reads as zeros with a warning only: make it an error.
        warnings.filterwarnings("error", message=".*truncated.*")
        with fits.open(path, memmap=False) as hdus:
            planes = [
                hdu
                for hdu in hdus
                if getattr(hdu, "is_image", False)
                and len(hdu.shape) >= 2
                and min(hdu.shape[-2:]) > 1
            ]
            if not planes:
                raise ImageError(
                    "this FITS file holds no image", path, "Give one with a 2D image."
                )
            header = planes[0].header.copy()
            arrays = [np.asarray(planes[0].data)]
            if arrays[0].ndim == 2:  # one extension per band
                arrays += [
                    np.asarray(hdu.data)
                    for hdu in planes[1:]
                    if hdu.shape == planes[0].shape
                    and str(hdu.header.get("EXTNAME", "")) in tuple(BAND_ORDER)
                ]
            names = [str(hdu.header.get("EXTNAME", "")) for hdu in planes]
    data = arrays[0] if len(arrays) == 1 else np.stack(arrays)
    pixels = _as_pixels(np.squeeze(data) if data.ndim > 3 else data, path, linear=True)
    stated = str(header.get("BANDS", "")).replace(",", "").replace(" ", "")
    if len(arrays) > 1:
        bands = tuple(names[: len(arrays)])
    elif len(stated) == len(pixels) and set(stated) <= set(BAND_ORDER):
        bands = tuple(stated)
    else:
        bands = ()
    return pixels, bands, header


def _as_pixels(
    array: NDArray[Any], path: Path, *, linear: bool = False
) -> NDArray[Any]:
    """Bring an array into one of the two forms of `Cutout.pixels`."""
    array = np.asarray(array)
    if array.dtype.kind not in "uifb":
        raise ImageError(
            f"its values are {array.dtype}, not numbers", path, "Give real numbers."
        )
    array = _bands_first_or_colour_last(array, path)
    colour = array.ndim == 3 and array.shape[2] in (3, 4) and array.shape[0] > 4
    height, width = array.shape[:2] if colour or array.ndim == 2 else array.shape[1:]
    if height * width > MOST_PIXELS:
        raise _too_large(path, height, width)
    if not linear and array.dtype == np.uint8:
        if array.ndim == 2:
            return np.repeat(array[:, :, None], 3, axis=2)
        if colour:
            return np.ascontiguousarray(array[:, :, :3])
    if not linear and array.dtype == np.uint16 and colour:
        return np.ascontiguousarray((array[:, :, :3] >> 8).astype(np.uint8))
    if colour:
        array = np.moveaxis(array[:, :, :3], 2, 0)
    if array.ndim == 2:
        array = array[None]
    return _finite(array)


def _bands_first_or_colour_last(array: NDArray[Any], path: Path) -> NDArray[Any]:
    shape = array.shape
    good = array.ndim == 2 or (array.ndim == 3 and (shape[0] <= 12 or shape[2] <= 4))
    if not good or 0 in shape:
        raise ImageError(
            f"an array of shape {shape} is no cutout",
            path,
            "Give (height, width), (bands, height, width) or (height, width, 3).",
        )
    if array.ndim == 3 and shape[0] > 12 and shape[2] not in (3, 4):
        return np.moveaxis(array, 2, 0)
    return array


def _finite(array: NDArray[Any]) -> NDArray[np.float32]:
    """Return native float32 with NaN where there is no data.

    Fluxes as small as 1e-12 keep their digits in float32; ones that would overflow are
    no data.
    """
    with np.errstate(over="ignore"):
        pixels = np.array(array, dtype=np.float32)
    pixels[~np.isfinite(pixels)] = np.nan
    return pixels


def _too_large(path: Path, height: int, width: int) -> ImageError:
    return ImageError(
        f"{width} x {height} pixels are too many for one cutout",
        path,
        "Cut it into parts of at most 16,000 pixels a side.",
    )


def _stack(source: Source, planes: list[NDArray[Any]]) -> NDArray[Any]:
    for path, plane in zip(source.files, planes, strict=True):
        if plane.ndim != 3 or plane.shape[0] != 1 or plane.dtype != np.float32:
            raise ImageError(
                "one file per band means one plane per file",
                path,
                "Give this file by itself.",
            )
        if plane.shape != planes[0].shape:
            raise ImageError(
                f"its size differs from that of {source.path.name}: "
                f"{plane.shape[2]} x {plane.shape[1]} and "
                f"{planes[0].shape[2]} x {planes[0].shape[1]} pixels",
                path,
                "Bring the bands onto one pixel grid first.",
            )
    return np.concatenate(planes)


def _refuse_empty(pixels: NDArray[Any], path: Path) -> None:
    if pixels.dtype != np.uint8 and not np.isfinite(pixels).any():
        raise ImageError("it has no finite pixel", path, "Leave this cutout out.")
    if np.nanmin(pixels) == np.nanmax(pixels):
        value = float(np.nanmax(pixels))
        raise ImageError(
            f"every pixel has the same value ({value:g})",
            path,
            "Leave this cutout out, or get the file again.",
        )


def _notes(pixels: NDArray[Any], bands: tuple[str, ...]) -> tuple[str, ...]:
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
                f"{missing:.1%} of the pixels hold no finite value: they are shown "
                "black and nothing is proposed there. Mend or mask them if they matter."
            )
        if len(pixels) == 1:
            notes.append(
                "One band: shown in grey. Give three bands where you can, since clumps "
                "are told by their blue colour."
            )
        elif len(pixels) > 3 and not bands:
            notes.append(
                f"{len(pixels)} bands without names: the first, the middle and the "
                "last are shown as blue, green and red. Name them in the header key "
                "BANDS, such as 'ugriz'."
            )
    return tuple(notes)


def _psf_fwhm(header: Any, scale: float | None) -> float | None:
    """Return the PSF's FWHM in pixels from a header key in arcsec."""
    if header is None or scale is None:
        return None
    for key in ("PSFFWHM", "PSF_FWHM", "SEEING"):
        try:
            value = float(header.get(key, 0))
        except (TypeError, ValueError):
            continue
        if 0 < value < 100:
            return value / scale
    return None
