"""Isophotes as a table, and what is left without their light as a FITS file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.astrometry.wcs import sky_positions
from clump_detector.core.arrays import BandArray, Floats
from clump_detector.core.files import atomic_path
from clump_detector.fluxes.magnitudes import magnitude_errors
from clump_detector.images.cutout import Cutout
from clump_detector.photometry.field import Field

from .ellipses import Isophotes
from .image import light_of

if TYPE_CHECKING:
    from astropy.table import QTable, Table

#: Columns without a band: unit and description.
COLUMNS = {
    "galaxy_name": ("", "Name of the cutout"),
    "kind": (
        "",
        "isophotes: each ellipse was fitted; Sersic: all have the shape of one profile",
    ),
    "fitted_in": ("", "Band whose light gave the shapes"),
    "centre_px_x": ("pix", "Centre along columns, 0 in the middle of the first pixel"),
    "centre_px_y": ("pix", "Centre along rows, 0 in the middle of the first pixel"),
    "semi_major_px": ("pix", "Semi-major axis"),
    "semi_major_arcsec": ("arcsec", "Semi-major axis"),
    "ellipticity": ("", "1 - minor over major axis"),
    "ellipticity_err": ("", "Its error; missing where the shape was not fitted"),
    "angle_px": ("deg", "Major axis from the columns' direction towards higher rows"),
    "angle_err": ("deg", "Its error; missing where the shape was not fitted"),
    "position_angle": ("deg", "Major axis on the sky, from North over East"),
    "pixels": ("", "Number of pixels that gave the light"),
}

#: Columns of a band.
BAND_COLUMNS = {
    "light_{band}": ("", "Light per pixel above the sky in {band}, the file's unit"),
    "light_err_{band}": ("", "Its error"),
    "mu_{band}": ("mag / arcsec2", "AB surface brightness in {band}"),
    "mu_err_{band}": ("mag / arcsec2", "Its error"),
}


def as_table(cutout: Cutout, found: Isophotes) -> Table:
    """Return the isophotes of a galaxy as a table, a row for each.

    Parameters
    ----------
    cutout : Cutout
    found : Isophotes

    Returns
    -------
    astropy.table.Table
        `COLUMNS`, and `BAND_COLUMNS` for each band; NaN is missing.
    """
    from astropy.table import Table

    shapes, n = found.shapes, len(found.shapes.radii)
    values: dict[str, Sequence[object] | Floats] = {
        "galaxy_name": [cutout.name] * n,
        "kind": [found.kind] * n,
        "fitted_in": [found.fitted_in] * n,
        "centre_px_x": np.full(n, shapes.x),
        "centre_px_y": np.full(n, shapes.y),
        "semi_major_px": shapes.radii,
        "semi_major_arcsec": shapes.radii * (found.scale or np.nan),
        "ellipticity": shapes.ellipticity,
        "ellipticity_err": found.ellipticity_error,
        "angle_px": np.degrees(shapes.angle),
        "angle_err": np.degrees(found.angle_error),
        "position_angle": position_angles(cutout, found),
        "pixels": found.area.astype(int),
    }
    table = Table()
    for name, column in values.items():
        _add(table, name, column, *COLUMNS[name])
    brightness = found.surface_brightness
    errors = magnitude_errors(found.light, found.error)
    for k, band in enumerate(found.bands):
        by_band = [found.light[k], found.error[k], brightness[k], errors[k]]
        if not np.isfinite(brightness[k]).any():
            del by_band[2:]
        for (name, (unit, words)), column in zip(
            BAND_COLUMNS.items(), by_band, strict=False
        ):
            named = name.replace("{band}", band), words.replace("{band}", band)
            _add(table, named[0], column, unit, named[1])
    return table


def _add(table: Table, name: str, values: object, unit: str, words: str) -> None:
    from astropy.table import MaskedColumn

    array = np.asarray(values)
    mask = ~np.isfinite(array) if array.dtype.kind == "f" else False
    column = MaskedColumn(array, mask=mask, unit=unit or None, description=words)
    table[name] = column


def position_angles(cutout: Cutout, found: Isophotes) -> Floats:
    """Return the angles of the major axes on the sky, in degrees from 0 to 180.

    Parameters
    ----------
    cutout : Cutout
    found : Isophotes

    Returns
    -------
    array of shape (n,)
        From North over East; NaN without a WCS.
    """
    shapes = found.shapes
    if cutout.wcs is None:
        return np.full(len(shapes.radii), np.nan)
    x = np.append(shapes.x, shapes.x + np.cos(shapes.angle))
    y = np.append(shapes.y, shapes.y + np.sin(shapes.angle))
    ra, dec = np.radians(sky_positions(cutout.wcs, x, y)).T
    east = (ra[1:] - ra[0] + np.pi) % (2 * np.pi) - np.pi
    north = dec[1:] - dec[0]
    return np.asarray(np.degrees(np.arctan2(east * np.cos(dec[0]), north)) % 180)


def write_table(tables: Sequence[Table], path: Path) -> None:
    """Write the isophotes of galaxies as one table, whole or not at all.

    Parameters
    ----------
    tables : sequence of astropy.table.Table
        As `as_table` returns them; a band that a galaxy lacks is missing.
    path : path
        Ends in .ecsv, .vot, .fits, .parquet or .csv.

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    from astropy.table import vstack

    together: QTable = vstack(list(tables), metadata_conflicts="silent")
    together.meta["pixels"] = "counted from 0 in the middle of the first one"
    kinds = {
        ".ecsv": "ascii.ecsv",
        ".vot": "votable",
        ".fits": "fits",
        ".parquet": "parquet",
        ".csv": "ascii.csv",
    }
    with atomic_path(path) as temporary:
        together.write(temporary, format=kinds[path.suffix.lower()], overwrite=True)


def residual(field: Field, found: Isophotes) -> BandArray:
    """Return a cutout's light above the sky without that of its isophotes.

    Parameters
    ----------
    field : Field
    found : Isophotes
        Of that cutout.

    Returns
    -------
    array of shape (bands, height, width)
        In the unit of the pixels; of a picture, in that of its isophotes.
    """
    light = light_of(field)
    smooth = found.smooth_light((field.cutout.height, field.cutout.width))
    return light - smooth


def write_residual(field: Field, found: Isophotes, path: Path) -> None:
    """Write what is left without the isophotes' light, with the cutout's WCS.

    Parameters
    ----------
    field : Field
    found : Isophotes
    path : path
        A FITS file, which is replaced.

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    from astropy.io import fits

    header = fits.Header()
    if field.cutout.wcs is not None:
        header.update(field.cutout.wcs.to_header(relax=True))
    for k, band in enumerate(found.bands, start=1):
        header[f"BAND{k}"] = band
    header["COMMENT"] = "Light above the sky without the host's isophotes"
    planes = residual(field, found).astype(np.float32)
    with atomic_path(path) as temporary:
        fits.PrimaryHDU(planes, header).writeto(temporary, overwrite=True)
