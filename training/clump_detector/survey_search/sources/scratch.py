"""Cutouts written into a worker's scratch folder, with what is known of their galaxy.

They go into a folder of their own below the scratch folder: the tables of galaxies next
to an image are looked for in its folder and in the one above, and the one above the
scratch folder is not the survey's.
"""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np

from clump_detector.core.arrays import AnyArray
from clump_detector.core.errors import ClumpError, from_os_error
from clump_detector.galaxies.galaxy import Galaxy
from clump_detector.image_files.sources import Source
from clump_detector.images.pixels.band_names import bands_word
from clump_detector.survey_search.items import FileItem, stamp_of

#: What is known of a galaxy, by the names of the columns of a table of galaxies.
Known: TypeAlias = Mapping[str, object]

#: Columns of the table by the fields of a galaxy; their units are in their names.
_COLUMNS = {
    "ra": "ra", "dec": "dec", "redshift": "redshift", "radius": "radius_arcsec",
    "ebv": "ebv", "scale": "pixscale",
}  # fmt: skip

_TABLE = "galaxies.csv"

#: Characters of the longest name of a file.
_LONGEST = 80


@dataclass(frozen=True)
class ListedItem(FileItem):
    """A cutout in files, with the row of a list that describes its galaxy.

    Attributes
    ----------
    known : mapping
        See `known_of`.
    """

    known: Known = field(default_factory=dict)

    def source(self, scratch: Path) -> Source:
        """Return links to the files, with the galaxy's row next to them."""
        stamp_of(self.files.files)  # names the file itself where it is missing
        folder = own_folder(scratch)
        paths = tuple(folder / path.name for path in self.files.files)
        for path, link in zip(self.files.files, paths, strict=True):
            _link(path.absolute(), link)
        write_known(self.known, paths[0])
        return Source(self.files.name, paths, self.files.bands, self.files.unit)


@dataclass(frozen=True)
class FailedItem:
    """What cannot be searched, so that it becomes a problem of the dataset.

    Attributes
    ----------
    address, name : str
    error : ClumpError
        Why.
    files : tuple of path
        Files that are there and whose change may mend it.
    """

    address: str
    name: str
    error: ClumpError
    files: tuple[Path, ...] = ()

    def stamp(self) -> str:
        """Return that of the files; without one there is nothing at the address."""
        if not self.files:
            raise self.error
        return stamp_of(self.files)

    def source(self, scratch: Path) -> Source:
        """Raise the error."""
        raise self.error


def known_of(galaxy: Galaxy) -> Known:
    """Return what a list says of a galaxy, without what it does not say."""
    found: dict[str, object] = {"name": galaxy.name}
    for name, column in _COLUMNS.items():
        value = getattr(galaxy, name)
        if value is not None:
            found[column] = value
    for band, fwhm in galaxy.psf.items():
        found[f"psf_fwhm_{band}" if band else "psf_fwhm"] = fwhm
    return found


def own_folder(scratch: Path) -> Path:
    """Return a new folder for the files of a cutout in the scratch folder.

    Raises
    ------
    FileError
        If it cannot be made.
    """
    folder = scratch / "cutout"
    try:
        folder.mkdir()
    except OSError as error:
        raise from_os_error(error, folder, "write to") from error
    return folder


def write_known(known: Known, image: Path) -> None:
    """Write what is known of a galaxy as the table next to its image.

    A table in CSV takes a tenth of the time of one in ECSV; nothing is written where
    only the name is known.
    """
    if not known.keys() - {"name"}:
        return
    row = {"file": image.name, **known}
    try:
        with (image.parent / _TABLE).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(row)
            writer.writerow(_plain(value) for value in row.values())
    except OSError as error:
        raise from_os_error(error, image.parent, "write to") from error


def write_fluxes(
    fluxes: AnyArray, bands: Sequence[str], unit: str, known: Known, path: Path
) -> None:
    """Write fluxes as FITS: with their bands, unit and, where it is known, the sky.

    North is at the last row and East to the left, as FITS has it.

    Parameters
    ----------
    fluxes : array of shape (bands, height, width)
    bands : sequence of str
        One a plane, or none.
    unit : str
        In the words of FITS, or ''.
    known : mapping
        See `known_of`; the sky needs ``ra``, ``dec`` and ``pixscale``.
    path : path

    Raises
    ------
    FileError
        If it cannot be written.
    """
    from astropy.io import fits

    from clump_detector.astrometry.tangent_plane import tangent_wcs

    height, width = fluxes.shape[1:]
    ra, dec, scale = (known.get(name) for name in ("ra", "dec", "pixscale"))
    header = fits.Header()
    if isinstance(ra, float) and isinstance(dec, float) and isinstance(scale, float):
        wcs = tangent_wcs(ra, dec, scale, width, height, picture=False)
        header = wcs.to_header()
    elif isinstance(scale, float):
        header["PIXSCALE"] = (scale, "[arcsec/pixel]")
    if bands:
        header["BANDS"] = bands_word(bands)
    if unit:
        header["BUNIT"] = unit
    planes = fluxes[0] if len(fluxes) == 1 else fluxes
    planes = np.asarray(planes).astype(planes.dtype.newbyteorder("="))
    try:
        fits.PrimaryHDU(planes, header).writeto(path, output_verify="silentfix")
    except OSError as error:
        raise from_os_error(error, path, "write") from error


def write_picture(pixels: AnyArray, path: Path) -> None:
    """Write a picture, uint8 of shape (height, width, 3 or 4), as PNG.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    from PIL import Image

    try:
        Image.fromarray(np.ascontiguousarray(pixels)).save(path, compress_level=1)
    except OSError as error:
        raise from_os_error(error, path, "write") from error


def write_bytes(content: bytes, path: Path) -> None:
    """Write the bytes of an image.

    Raises
    ------
    FileError
        If they cannot be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise from_os_error(error, path, "write") from error


def safe_name(text: str) -> str:
    """Return the last part of a name as a name that is safe in any folder.

    Words and separators stay, since they may name bands; of a long name the end stays,
    where these and the suffix are.
    """
    last = re.split(r"[\\/]", text)[-1]
    plain = re.sub(r"[^A-Za-z0-9+._-]+", "_", last)[-_LONGEST:].lstrip("._-")
    return plain if re.match(r"[A-Za-z0-9+]", plain) else f"cutout{plain}"


def _plain(value: object) -> object:
    """Return a value for a table: a text in one line, a number with all its digits."""
    if isinstance(value, float):
        return repr(float(value))
    return " ".join(str(value).split())


def _link(path: Path, link: Path) -> None:
    """Link a file, or copy it where the system has no links."""
    try:
        link.symlink_to(path)
    except (OSError, NotImplementedError):
        try:
            shutil.copyfile(path, link)
        except OSError as error:
            raise from_os_error(error, path, "read") from error
