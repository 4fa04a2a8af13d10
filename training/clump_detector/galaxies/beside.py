"""The table of galaxies that lies beside cutouts, and what it tells of each of them.

``galaxies.csv`` (or ``.ecsv``, ``.vot``, ``.fits``, ``.parquet``) in the folder of the
cutouts or in the one above. A row belongs to a cutout by its column ``file`` or its
name.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ..errors import ClumpError
from ..galaxy import Galaxy
from ..sources import Source, stem
from ..tangent import tangent_wcs
from ..wcs import no_sky, note, pixel_scale, sky_positions
from .lists import GalaxyList, read_galaxies

#: In this order; the first that knows a cutout tells of it.
NAMES = tuple(f"galaxies{e}" for e in (".ecsv", ".csv", ".vot", ".fits", ".parquet"))

#: Folders that are remembered.
_MOST = 64

#: Nanoseconds for which a change of a folder may not show in its time.
_BLUR = 2_000_000_000

_Cutout = TypeVar("_Cutout")


class FolderTable:
    """A table of galaxies and which of its rows belongs to which file and name.

    Attributes
    ----------
    problem : str
        Why it cannot be used, or an empty text.
    """

    def __init__(self, path: Path) -> None:
        self.problem = ""
        self._name = path.name
        self._by_file: dict[str, int] = {}
        self._by_name: dict[str, int] = {}
        try:
            galaxies = read_galaxies(path, positions=False)
        except ClumpError as error:
            self.problem = f"{error.message} What it knows of this galaxy is missing."
            return
        self._galaxies: GalaxyList = galaxies
        # The first of several rows counts.
        for row in reversed(range(len(galaxies))):
            file = galaxies.file(row)
            if file:
                self._by_file[file] = row
                self._by_name[stem(Path(file))] = row
            self._by_name[galaxies.names[row]] = row

    def find(self, source: Source) -> tuple[Galaxy, tuple[str, ...]] | None:
        """Return the galaxy of a cutout and what is odd in its row, or None."""
        rows = [self._by_file.get(path.name) for path in source.files]
        rows += [self._by_name.get(n) for n in (source.name, stem(source.path))]
        row = next((row for row in rows if row is not None), None)
        if row is None:
            return None
        notes = self._galaxies.notes(row)
        said = tuple(f"{text.rstrip('.')} ({self._name})." for text in notes)
        return self._galaxies[row], said


class _Folder:
    """What is known of a folder, so that a second look costs one or two stats."""

    def __init__(self) -> None:
        self.time = -1
        self.looked = 0
        self.tables: dict[Path, tuple[tuple[int, int], FolderTable]] = {}


_folders: OrderedDict[str, _Folder] = OrderedDict()
_lock = threading.Lock()


def galaxy_of(source: Source) -> tuple[Galaxy | None, tuple[str, ...]]:
    """Return what a table beside a cutout tells of its galaxy.

    Returns
    -------
    (Galaxy or None, tuple of str)
        None where there is no table, or none that knows the cutout; and what is wrong
        with a table or the galaxy's row, in sentences.
    """
    beside = source.path.parent
    problem = ""
    for folder in (beside, beside.parent):
        for table in _tables_of(folder):
            found = table.find(source)
            if found is not None:
                return found
            problem = problem or table.problem
    return None, (problem,) if problem else ()


def _tables_of(folder: Path) -> list[FolderTable]:
    key = str(folder)
    with _lock:
        known = _folders.setdefault(key, _Folder())
        _folders.move_to_end(key)
        while len(_folders) > _MOST:
            _folders.popitem(last=False)
        try:
            changed = os.stat(key or ".").st_mtime_ns  # noqa: PTH116 - half the time
        except OSError:
            return []
        # A folder's time tells of new names; one that is too fresh tells nothing yet.
        if changed != known.time or known.looked - changed < _BLUR:
            paths = [folder / name for name in NAMES if (folder / name).is_file()]
            known.tables = {p: known.tables.get(p, _NEVER) for p in paths}
            known.time, known.looked = changed, time.time_ns()
        for path, (stamp, _) in list(known.tables.items()):
            new = _stamp(path)
            if new != stamp:
                known.tables[path] = new, FolderTable(path)
        return [table for _, table in known.tables.values()]


_NEVER: Any = ((-1, -1), None)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return -1, 0
    return status.st_mtime_ns, status.st_size


def with_galaxy(cutout: _Cutout) -> _Cutout:
    """Return a cutout with what the table beside it tells of its galaxy.

    Where the image does not say it itself, it gets the pixel scale, the FWHM of the PSF
    in pixels, and, if it is a picture, the WCS of a picture with the galaxy in its
    middle, North up and East to the left.

    Parameters
    ----------
    cutout : images.Cutout
    """
    known: Any = cutout
    if known.source is None:
        return cutout
    galaxy, problems = galaxy_of(known.source)
    if galaxy is None:
        notes = (*known.notes, *problems)
        return replace(known, notes=notes)  # type: ignore[no-any-return]
    scale = known.scale or galaxy.scale
    psf = psf_for(galaxy, known.bands)
    fwhm = known.fwhm or (psf / scale if psf and scale else None)
    wcs = known.wcs or _picture_wcs(known, galaxy)
    notes = (*known.notes, *_sky_notes(known, galaxy, problems))
    return replace(  # type: ignore[no-any-return]
        known, galaxy=galaxy, scale=scale, fwhm=fwhm, wcs=wcs, notes=notes
    )


def _sky_notes(cutout: Any, galaxy: Galaxy, problems: tuple[str, ...]) -> list[str]:
    """Return what of a galaxy's row is not used, or speaks against the image."""
    known = galaxy.ra is not None and galaxy.dec is not None
    if cutout.wcs is None:
        if known and galaxy.scale and not cutout.is_picture and not problems:
            said = "the table of galaxies cannot say which way up this array is"
            return [no_sky(said)]
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
            f"the table of galaxies has {galaxy.name} {where} from the middle of the "
            "image and outside of it, so that one of the two is wrong"
        )
    ]


def _separation(place: Any, galaxy: Galaxy) -> float:
    """Return how far a galaxy is from a place, in arcsec."""
    from astropy.coordinates import angular_separation

    angles = np.radians([*place, galaxy.ra, galaxy.dec])
    return float(np.degrees(angular_separation(*angles)) * 3600)


def psf_for(galaxy: Galaxy, bands: tuple[str, ...] = ()) -> float | None:
    """Return the FWHM of the PSF in arcsec: of r, or of a band there is, or any."""
    for band in ("r", "", *bands, *galaxy.psf):
        if band in galaxy.psf:
            return galaxy.psf[band]
    return None


def _picture_wcs(cutout: Any, galaxy: Galaxy) -> Any:
    """Return the WCS of a picture; nobody knows which way up other arrays are."""
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
