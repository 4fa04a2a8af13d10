"""The values that tables of galaxies next to cutouts have for each of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from clump_detector.astrometry.tangent_plane import tangent_wcs
from clump_detector.astrometry.wcs import no_sky, note, pixel_scale, sky_positions
from clump_detector.core.arrays import Floats
from clump_detector.image_files.sources import Source

from .folder_tables import FolderTable, tables_for
from .galaxy import Galaxy

if TYPE_CHECKING:
    from astropy.wcs import WCS

_Cutout = TypeVar("_Cutout")


class _Image(Protocol):
    """What the position of a galaxy is compared with: an `images.Cutout`."""

    @property
    def wcs(self) -> WCS | None: ...

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    @property
    def is_picture(self) -> bool: ...


def galaxy_of(source: Source) -> tuple[Galaxy | None, tuple[str, ...]]:
    """Return the galaxy of a cutout from the table next to it.

    Returns
    -------
    (Galaxy or None, tuple of str)
        None where there is no table with a row for the cutout; and sentences for the
        user on values that were not understood, ambiguous rows and missing ones.
    """
    notes: list[str] = []
    for table in tables_for(source):
        galaxy, words = table.find(source)
        if galaxy is not None:
            return galaxy, (*table.notes, *([words] if words else []))
        notes.append(words or f"{table.path.name} has no row for this cutout.")
    return None, tuple(notes)


def rows_without_cutout(sources: Sequence[Source]) -> list[str]:
    """Return sentences on rows of tables next to cutouts that match none of these."""
    by_table: dict[Path, tuple[FolderTable, list[Source]]] = {}
    for source in sources:
        for table in tables_for(source):
            by_table.setdefault(table.path, (table, []))[1].append(source)
    lines = []
    for table, own in by_table.values():
        names = table.names_without(own)
        if names:
            few = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
            verb = "row matches" if len(names) == 1 else "rows match"
            lines.append(f"{len(names)} {verb} no cutout here in {table.path}: {few}.")
    return lines


def with_galaxy(cutout: _Cutout) -> _Cutout:
    """Return a cutout with the values of the table next to it.

    If the image itself does not give them, it gets the pixel scale, the FWHM of the PSF
    in pixels, and, if it is a picture, a WCS with the galaxy at its centre, North up
    and East to the left.

    Parameters
    ----------
    cutout : images.Cutout
    """
    known: Any = cutout  # whose class is in a package above this one
    if known.source is None:
        return cutout
    galaxy, warnings = galaxy_of(known.source)
    known = replace(known, notes=(*known.notes, *warnings))
    if galaxy is None:
        return known  # type: ignore[no-any-return]
    scale = known.scale or galaxy.scale
    psf = psf_for(galaxy, known.bands)
    fwhm = known.fwhm or (psf / scale if psf and scale else None)
    wcs = known.wcs or _picture_wcs(known, galaxy)
    notes = (*known.notes, *_sky_notes(known, galaxy, _row_notes(known.source)))
    return replace(  # type: ignore[no-any-return]
        known, galaxy=galaxy, scale=scale, fwhm=fwhm, wcs=wcs, notes=notes
    )


def _row_notes(source: Source) -> tuple[str, ...]:
    """Return sentences on the position and scale of the row used, if not understood."""
    for table in tables_for(source):
        if table.row_of(source)[0] is not None:
            return table.sky_notes(source)
    return ()


def _sky_notes(cutout: _Image, galaxy: Galaxy, problems: tuple[str, ...]) -> list[str]:
    """Return sentences on values of a row that are unused or contradict the image."""
    known = galaxy.ra is not None and galaxy.dec is not None
    if cutout.wcs is None:
        if known and galaxy.scale and not cutout.is_picture and not problems:
            reason = "the table of galaxies does not give the orientation of this array"
            return [no_sky(reason)]
        return list(problems)
    if not known:
        return []
    middle = (cutout.width - 1) / 2, (cutout.height - 1) / 2
    apart = _separation(sky_positions(cutout.wcs, *middle)[0], galaxy)
    reach = np.hypot(cutout.width, cutout.height) / 2 * pixel_scale(cutout.wcs)
    if apart <= reach:
        return []
    where = f"{apart:.3g}″" if apart < 3600 else f"{apart / 3600:.3g}°"
    return [
        note(
            f"the table of galaxies has {galaxy.name} {where} from the centre of the "
            "image and outside of it, so that one of the two is wrong"
        )
    ]


def _separation(position: Floats, galaxy: Galaxy) -> float:
    """Return the distance of a galaxy from a position (degrees) in arcsec."""
    from astropy.coordinates import angular_separation

    angles = np.radians([*position, galaxy.ra, galaxy.dec])
    return float(np.degrees(angular_separation(*angles)) * 3600)


def psf_for(galaxy: Galaxy, bands: tuple[str, ...] = ()) -> float | None:
    """Return the FWHM of the PSF in arcsec, or None where it is not known.

    Parameters
    ----------
    galaxy : Galaxy
    bands : tuple of str
        The image's bands, which are used in order after r; any other comes last.
    """
    for band in ("r", "", *bands, *galaxy.psf):
        if band in galaxy.psf:
            return galaxy.psf[band]
    return None


def _picture_wcs(cutout: _Image, galaxy: Galaxy) -> WCS | None:
    """Return the WCS of a picture; the orientation of other arrays is not known."""
    known = galaxy.ra is not None and galaxy.dec is not None and galaxy.scale
    if not cutout.is_picture or not known:
        return None
    return tangent_wcs(
        galaxy.ra,  # type: ignore[arg-type]
        galaxy.dec,  # type: ignore[arg-type]
        galaxy.scale,  # type: ignore[arg-type]
        cutout.width,
        cutout.height,
        picture=True,
    )
