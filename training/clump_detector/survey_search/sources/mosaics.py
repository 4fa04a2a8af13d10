"""A survey in mosaics: a section is cut out about each position of a list.

Only the section is read, also of compressed files (``.fz``). All images of a file that
have the shape of its first one are cut alike, so that masks and errors go along.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from clump_detector.astrometry.wcs import celestial_wcs, pixel_scale
from clump_detector.core.arrays import AnyArray, Floats
from clump_detector.core.errors import (
    ClumpError,
    ConfigError,
    ImageError,
    from_os_error,
)
from clump_detector.core.text import plural
from clump_detector.galaxies.read import read_galaxies
from clump_detector.image_files.sources import Source, search
from clump_detector.images.pixels.limits import refuse_large
from clump_detector.survey_search.items import Item, address_of, stamp_of

from .scratch import Known, known_of, own_folder, safe_name, write_known

if TYPE_CHECKING:
    from astropy.io.fits import Header
    from astropy.wcs import WCS

#: Suffixes of files of which a section can be read without the rest.
SUFFIXES = (".fits", ".fit", ".fts", ".fz")

#: Cards of a header that are of the whole file, and of no section.
_OF_THE_WHOLE = ("CHECKSUM", "DATASUM", "BSCALE", "BZERO", "BLANK", "COMMENT",
                 "HISTORY", "ZHECKSUM", "ZDATASUM")  # fmt: skip


@dataclass(frozen=True)
class MosaicItem:
    """A section of a mosaic about a position.

    Attributes
    ----------
    mosaic : Source
    address, name : str
    position : (float, float)
        Right ascension and declination in degrees.
    size : float
        Side in arcsec.
    known : mapping
        What the list says of the galaxy.
    """

    mosaic: Source
    address: str
    name: str
    position: tuple[float, float]
    size: float
    known: Known

    def stamp(self) -> str:
        """Return the sizes and times of the files of the mosaic."""
        return stamp_of(self.mosaic.files)

    def source(self, scratch: Path) -> Source:
        """Write the section of each file, with what is known of the galaxy."""
        folder = own_folder(scratch)
        paths = []
        for i, path in enumerate(self.mosaic.files):
            name = safe_name(path.name.removesuffix(".fz"))
            paths.append(folder / (f"{i}-{name}" if i else name))
            _cut(path, self.position, self.size, paths[-1])
        write_known(self.known, paths[0])
        return Source(self.name, tuple(paths), self.mosaic.bands, self.mosaic.unit)


@dataclass(frozen=True)
class _Tile:
    """A mosaic, and where it lies."""

    source: Source
    wcs: WCS
    width: int
    height: int

    def depths(self, ra: Floats, dec: Floats) -> Floats:
        """Return how far positions lie from the edge in pixels; -1 outside."""
        from astropy.coordinates import angular_separation

        middle = (self.width - 1) / 2, (self.height - 1) / 2
        centre = self.wcs.all_pix2world(*middle, 0, ra_dec_order=True)
        reach = math.hypot(self.width, self.height) * pixel_scale(self.wcs) / 3600
        apart = angular_separation(*np.radians([ra, dec]), *np.radians(centre)[:, None])
        near = np.flatnonzero(np.degrees(apart) <= reach)
        depth = np.full(len(ra), -1.0)
        if len(near):
            x, y = _pixels(self.wcs, ra[near], dec[near])
            within = [x + 0.5, y + 0.5, self.width - 0.5 - x, self.height - 0.5 - y]
            depth[near] = np.nan_to_num(np.min(within, axis=0), nan=-1.0)
        return depth


class Mosaics:
    """The galaxies of a list, each on the mosaic in which it lies deepest.

    Parameters
    ----------
    paths : sequence of path
        FITS files and folders; files whose names differ only in a band are one mosaic.
    positions : path
        The list: any table of positions.
    size : float
        Side of the cutouts in arcsec.
    dataset : path, optional
        Addresses of files below it are relative to it.
    columns : mapping of str to str, optional
        Columns of the list by role, where the guess is wrong.

    Attributes
    ----------
    notes : list of str

    Raises
    ------
    ClumpError
        If the list or a mosaic cannot be used, or no position is on a mosaic.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        positions: Path,
        size: float,
        dataset: Path | None = None,
        columns: Mapping[str, str] | None = None,
    ) -> None:
        self._galaxies = read_galaxies(positions, columns)
        self._size, self._dataset = size, dataset
        found = search(paths)
        self.notes = [found.note] if found.note else []
        self.notes += [f"{positions}: {text}" for text in self._galaxies.problems]
        self._tiles = [tile(source) for source in found.sources]
        self._chosen = self._assigned()
        outside = int((self._chosen < 0).sum())
        if outside == len(self._chosen):
            raise ConfigError(
                f"none of {plural(outside, 'position')} is on the mosaics",
                positions,
                "Are they degrees, and is this the right list?",
            )
        if outside:
            words = plural(outside, "position is", "positions are")
            self.notes.append(f"{positions}: {words} on no mosaic and left out.")

    @property
    def total(self) -> int:
        """How many positions are on a mosaic."""
        return int((self._chosen >= 0).sum())

    def __iter__(self) -> Iterator[Item]:
        """Go through the galaxies, row by row; the first of a position counts."""
        seen = set()
        for row, index in enumerate(self._chosen):
            if index < 0:
                continue
            galaxy, source = self._galaxies[row], self._tiles[index].source
            ra, dec = float(galaxy.ra or 0.0), float(galaxy.dec or 0.0)
            place = f"{round(ra % 360, 6) % 360:.6f},{round(dec, 6) + 0.0:.6f}"
            place = f"{place},{self._size:g}"  # another side is another cutout
            address = f"{address_of(source.path, self._dataset)}::{place}"
            if address not in seen:
                seen.add(address)
                yield MosaicItem(
                    source, address, galaxy.name, (ra, dec), self._size,
                    known_of(galaxy),
                )  # fmt: skip

    def _assigned(self) -> Floats:
        """Return the number of the tile of each galaxy, -1 where there is none."""
        places = [(galaxy.ra, galaxy.dec) for galaxy in self._galaxies]
        ra, dec = np.array(places, dtype=float).T
        deepest = np.full(len(ra), -1.0)
        chosen = np.full(len(ra), -1)
        for number, tile_ in enumerate(self._tiles):
            depth = tile_.depths(ra, dec)
            better = (depth >= 0) & (depth > deepest)
            chosen[better], deepest[better] = number, depth[better]
        return chosen


def tile(source: Source) -> _Tile:
    """Return where a mosaic lies, from the header of its first image.

    Raises
    ------
    ImageError
        If it is no FITS file, has no image or no sky coordinates.
    """
    path = source.path
    if not path.name.lower().endswith(SUFFIXES):
        raise ImageError(
            "a section of such a file cannot be read",
            path,
            "Give mosaics as FITS (.fits or .fits.fz), unpacked.",
        )
    with _opened(path) as hdus:
        image = _images(hdus, path)[0]
        wcs = celestial_wcs(image.header) or celestial_wcs(hdus[0].header)
        height, width = image.shape[-2:]
    if wcs is None:
        raise ImageError("this mosaic has no sky coordinates", path, "Give it a WCS.")
    return _Tile(source, wcs, width, height)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Give the HDUs of a file, whose values are read as they are asked for."""
    from astropy.io import fits

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(path) as hdus:
                yield hdus
    except ClumpError:
        raise
    except OSError as error:
        if error.errno is not None:
            raise from_os_error(error, path, "read") from error
        raise _damaged(path, error) from error
    except Exception as error:  # astropy raises many kinds for damaged bytes
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> ImageError:
    reason = " ".join(str(error).split())[:120] or type(error).__name__
    return ImageError(
        f"this mosaic is damaged or no FITS file ({reason})", path, "Get it again."
    )


def _images(hdus: Any, path: Path) -> list[Any]:
    """Return the first image of a file and those of the same height and width."""
    found = [hdu for hdu in hdus if hdu.is_image and len(hdu.shape) in (2, 3)]
    if not found:
        raise ImageError("this FITS file holds no image", path, "Give one with it.")
    return [hdu for hdu in found if hdu.shape[-2:] == found[0].shape[-2:]]


def _pixels(wcs: WCS, ra: Floats, dec: Floats) -> tuple[Floats, Floats]:
    x, y = wcs.all_world2pix(ra, dec, 0, ra_dec_order=True, quiet=True)
    return np.asarray(x), np.asarray(y)


def _cut(path: Path, position: tuple[float, float], size: float, to: Path) -> None:
    """Write the section of a file about a position, with its headers."""
    from astropy.io import fits

    with _opened(path) as hdus:
        images = _images(hdus, path)
        first = images[0]
        own = celestial_wcs(first.header)
        wcs = own or celestial_wcs(hdus[0].header)
        if wcs is None:
            raise ImageError("this mosaic has no sky coordinates", path, "Add a WCS.")
        side = max(math.ceil(size / pixel_scale(wcs) - 1e-6), 1)
        refuse_large(path, (side, side))
        x, y = (float(v[0]) for v in _pixels(wcs, *np.reshape(position, (2, 1))))
        left, bottom = (math.ceil(v - side / 2) for v in (x, y))
        box = left, bottom, side
        if first is hdus[0]:
            parts = [fits.PrimaryHDU(_section(first, box), _moved(first, box))]
            images = images[1:]
        else:
            header = hdus[0].header.copy() if own else _moved(hdus[0], box)
            parts = [fits.PrimaryHDU(header=header)]
        parts += [
            fits.ImageHDU(_section(hdu, box), _moved(hdu, box), name=hdu.name)
            for hdu in images
        ]
        fits.HDUList(parts).writeto(to, output_verify="silentfix")


def _moved(hdu: Any, box: tuple[int, int, int]) -> Header:
    """Return a header for a section that begins at a pixel counted from 0."""
    header = hdu.header.copy()
    for name in _OF_THE_WHOLE:
        header.remove(name, ignore_missing=True, remove_all=True)
    for axis, start in ((1, box[0]), (2, box[1])):
        for key in (f"CRPIX{axis}", f"CRPIX{axis}A"):
            if isinstance(header.get(key), int | float):
                header[key] = header[key] - start
    return header


def _section(hdu: Any, box: tuple[int, int, int]) -> AnyArray:
    """Return the values in a square, as floats with NaN where it goes beyond."""
    left, bottom, side = box
    height, width = hdu.shape[-2:]
    rows = slice(max(bottom, 0), min(bottom + side, height))
    columns = slice(max(left, 0), min(left + side, width))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        raise ImageError(
            "the position is outside of this mosaic", None, "Leave it out."
        )
    found = np.asarray(hdu.section[..., rows, columns])
    if found.shape[-2:] == (side, side):
        return found
    if found.dtype.kind != "f":
        found = found.astype(np.float64)
    whole = np.full((*found.shape[:-2], side, side), np.nan, found.dtype)
    y, x = rows.start - bottom, columns.start - left
    whole[..., y : y + found.shape[-2], x : x + found.shape[-1]] = found
    return whole
