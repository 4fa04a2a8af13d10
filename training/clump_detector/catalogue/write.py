"""A clump catalogue as a file: ECSV, VOTable, FITS table, Parquet or CSV."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from clump_detector.core.errors import FileError
from clump_detector.core.files import atomic_path

from .arrow import write_csv, write_ecsv, write_parquet
from .builder import Catalogue
from .fits_table import write_fits
from .votable import write_votable

FORMATS = (".ecsv", ".vot", ".fits", ".parquet", ".csv")

#: Endings that mean the same.
_ALSO = {".xml": ".vot", ".votable": ".vot", ".fit": ".fits", ".pq": ".parquet"}


def check_catalogue_name(path: str | Path) -> Path:
    """Return the path of a catalogue that can be written, before hours of work.

    Raises
    ------
    FileError
        If its ending is none of `FORMATS`, or it is a folder.
    """
    path = Path(path)
    if format_of(path) is None:
        raise FileError(
            "the ending of a catalogue gives its format, and this one is unknown",
            path,
            f"Choose one of {', '.join(FORMATS)}.",
        )
    if path.is_dir():
        raise FileError("this is a folder", path, "Give the name of a file.")
    return path


def format_of(path: Path) -> str | None:
    """Return the format of an ending, as one of `FORMATS`."""
    suffix = path.suffix.lower()
    suffix = _ALSO.get(suffix, suffix)
    return suffix if suffix in FORMATS else None


def write_catalogue(catalogue: Catalogue, path: str | Path) -> None:
    """Write a catalogue, whole or not at all; the ending gives the format.

    Parameters
    ----------
    catalogue : Catalogue
    path : path
        Ends in one of `FORMATS`.

    Raises
    ------
    FileError
        If the ending is unknown or the file cannot be written.
    """
    path = check_catalogue_name(path)
    write = _WRITERS[format_of(path) or ""]
    with atomic_path(path) as temporary:
        write(catalogue, temporary)


_WRITERS: dict[str, Callable[[Catalogue, Path], None]] = {
    ".ecsv": write_ecsv,
    ".vot": write_votable,
    ".fits": write_fits,
    ".parquet": write_parquet,
    ".csv": write_csv,
}
