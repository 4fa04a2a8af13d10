"""Finding cutouts: image files, folders, and the bands that file names give."""

from __future__ import annotations

import os
import re
import stat
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from clump_detector.core.errors import FileError, ImageError, from_os_error
from clump_detector.core.signatures import refuse_special

from .added_light import AddedLight
from .bands import BAND_ORDER, band_of_token, from_blue
from .companions import Companions, LeftOut, companions_in_words

__all__ = [
    "BAND_ORDER", "FITS_SUFFIXES", "PICTURE_SUFFIXES", "SUFFIXES", "TIFF_SUFFIXES",
    "FoundSources", "Source", "find_sources", "group_bands", "is_image_name",
    "kinds_by_name", "search", "stem", "with_bands_beside",
]  # fmt: skip

_FITS = (".fits", ".fit", ".fts")
FITS_SUFFIXES = (*_FITS, *(f"{s}{c}" for s in _FITS for c in (".gz", ".bz2", ".fz")))
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg")
TIFF_SUFFIXES = (".tif", ".tiff")
SUFFIXES = (*PICTURE_SUFFIXES, *TIFF_SUFFIXES, ".npy", ".npz", *FITS_SUFFIXES)

#: Folders and files that systems and programs create.
_OF_SYSTEMS = ("__macosx", "__pycache__", "@eadir", "$recycle.bin", "lost+found",
               "system volume information")  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Where a cutout is read from: one file, or one FITS file per band.

    Attributes
    ----------
    name : str
    files : tuple of path
    bands : tuple of str
        One for each file, from its name; for a single file, the bands of its planes
        as the user gives them. Headers take precedence.
    unit : str
        The user's unit for fluxes whose header names none; see `units.chosen_unit`.
    added : tuple of AddedLight
        Simulated clumps that are added to the pixels when they are read.
    """

    name: str
    files: tuple[Path, ...]
    bands: tuple[str, ...] = ()
    unit: str = ""
    added: tuple[AddedLight, ...] = ()

    @property
    def path(self) -> Path:
        """The first file, which names the cutout in tables and messages."""
        return self.files[0]


def is_image_name(path: str | Path) -> bool:
    """Return whether a file's name is that of an image that `read_cutout` reads."""
    return str(path).lower().endswith(SUFFIXES)


def stem(path: Path) -> str:
    """Return a file's name without its image suffix, ``.fits.bz2`` included."""
    name = path.name
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return path.stem


@dataclass(frozen=True)
class FoundSources:
    """The cutouts in files and folders, and what was left out of the folders.

    Attributes
    ----------
    sources : list of Source
    left_out : list of LeftOut
    """

    sources: list[Source]
    left_out: list[LeftOut]

    @property
    def note(self) -> str:
        """A sentence on what was left out, or an empty text."""
        return companions_in_words(self.left_out)


def find_sources(paths: Iterable[str | Path]) -> list[Source]:
    """Return the cutouts of `search`."""
    return search(paths).sources


def search(paths: Iterable[str | Path]) -> FoundSources:
    """Find the cutouts in files and folders, without reading them.

    FITS files of one folder whose names differ only in a band (``a-g.fits``,
    ``a-r.fits``) are one cutout.

    Parameters
    ----------
    paths : paths
        Files are taken as they are; folders are searched to any depth, in order of
        name. Left out are hidden files and folders and those of systems, empty files,
        and files that accompany an image: see `companions`. A path given twice is one
        cutout.

    Raises
    ------
    ImageError
        If a path does not exist, a folder holds no image, or a file does not have the
        suffix of an image.
    """
    folders: list[Path] = []
    left_out: list[LeftOut] = []
    loose: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            found, others = _images_below(path)
            if not found:
                raise ImageError(
                    "there is no image in this folder",
                    path,
                    companions_in_words(others)
                    or f"Images end in {', '.join(SUFFIXES)}.",
                )
            folders += found
            left_out += others
        elif not path.exists():
            raise ImageError("no such file or folder", path, "Check the path.")
        elif not is_image_name(path):
            raise ImageError(
                "this is not an image that can be read",
                path,
                f"Images end in {', '.join(SUFFIXES)}.",
            )
        else:
            loose.append(path)
    below = _unique(folders)
    known = {path.absolute() for path in below}
    apart = [path for path in _unique(loose) if path.absolute() not in known]
    return FoundSources(group_bands(apart) + group_bands(below), left_out)


def _unique(paths: Iterable[Path]) -> list[Path]:
    return list({path.absolute(): path for path in paths}.values())


def _images_below(folder: Path) -> tuple[list[Path], list[LeftOut]]:
    """Return the cutouts in a folder, and the files that only have such a suffix."""
    found: list[Path] = []
    left_out: list[LeftOut] = []

    def refuse(error: OSError) -> None:
        raise from_os_error(error, error.filename or folder, "read") from error

    for root, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        images = [
            Path(root, name)
            for name in sorted(files)
            if not _is_hidden(name)
            and is_image_name(name)
            and not _is_list(Path(root, name))
        ]
        kinds = _kinds_of(images)
        found += [path for path in images if path not in kinds]
        left_out += [LeftOut(path, kind) for path, kind in kinds.items()]
    return found, left_out


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _OF_SYSTEMS


def _kinds_of(images: Sequence[Path]) -> dict[Path, str]:
    """Return the kinds of those files of a folder that are not cutouts."""
    kinds: dict[Path, str] = {}
    for path in images:
        with suppress(OSError):  # reading it will raise with a reason
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                kinds[path] = "pipes or devices"
            elif status.st_size == 0:
                kinds[path] = "empty files"
    return kinds | kinds_by_name([path for path in images if path not in kinds])


def kinds_by_name(images: Sequence[Path]) -> dict[Path, str]:
    """Return the kinds of those images of a folder that only accompany another.

    Parameters
    ----------
    images : sequence of path
        All images of one folder; they need not be there.
    """
    kinds: dict[Path, str] = {}
    names = {path: stem(path) for path in images}
    companions = Companions((name, _is_fits(path)) for path, name in names.items())
    for path, name in names.items():
        kind = companions.kind(name, is_picture=path.suffix.lower() in PICTURE_SUFFIXES)
        if kind:
            kinds[path] = kind
    return kinds


def _is_fits(path: Path) -> bool:
    return path.name.lower().endswith(FITS_SUFFIXES)


def _is_list(path: Path) -> bool:
    """Return whether a file is the table of galaxies that accompanies cutouts."""
    return path.name.lower().startswith("galaxies.fit") and holds_table(path)


def _band_of(path: Path) -> tuple[str, str] | None:
    """Return (band, the name without it), or None."""
    if not path.name.lower().endswith(FITS_SUFFIXES):
        return None
    tokens = re.split(r"([-_. ])", stem(path))
    around = ["", "", *tokens, "", ""]  # words and separators alternate
    named = [
        (i, band_of_token(t, around[i], around[i + 4])) for i, t in enumerate(tokens)
    ]
    words = [(i, band) for i, band in named if band]
    if not words:
        return None
    index, band = words[-1]
    rest = tokens[:index] + tokens[index + 1 :]
    return band, re.sub(
        r"[-_. ]+$|^[-_. ]+", "", re.sub(r"[-_. ]{2,}", "-", "".join(rest))
    )


def group_bands(files: Sequence[Path]) -> list[Source]:
    """Return the cutouts of files, by their names alone.

    FITS files of one folder whose names differ only in a band are one cutout.
    """
    groups: dict[tuple[Path, str], dict[str, Path]] = defaultdict(dict)
    for path in files:
        named = _band_of(path)
        if named:
            groups[path.parent, named[1]].setdefault(named[0], path)
    sources: list[Source] = []
    taken: set[Path] = set()
    for path in files:
        if path in taken:
            continue
        named = _band_of(path)
        group = groups[path.parent, named[1]] if named else {}
        if len(group) > 1 and path in group.values():
            bands = tuple(sorted(group, key=from_blue))
            members = tuple(group[band] for band in bands)
            taken.update(members)
            name = (named[1] if named else "") or path.parent.name
            sources.append(Source(name, members, bands))
        else:
            sources.append(Source(stem(path), (path,)))
    return sources


def with_bands_beside(path: Path) -> Source:
    """Return the cutout that a file is the first one of, as `search` finds it.

    Where the name has a band, its folder is listed, once for all files in it.

    Parameters
    ----------
    path : path
        Need not be there.
    """
    named = _band_of(path)
    if named is not None:
        with suppress(OSError):
            changed = path.parent.stat().st_mtime_ns
            beside = _by_name_without_band(path.parent, changed).get(named[1], [])
            left_out = _kinds_of(beside)
            kept = [other for other in beside if other not in left_out]
            for source in group_bands(kept):
                if path in source.files:
                    return source
    return Source(stem(path), (path,))


@lru_cache(maxsize=8)
def _by_name_without_band(folder: Path, changed: int) -> dict[str, list[Path]]:
    """Return the files of a folder that name a band, by the rest of their names."""
    found: dict[str, list[Path]] = defaultdict(list)
    for name in sorted(os.listdir(folder)):  # noqa: PTH208 - of a million files
        named = None if _is_hidden(name) else _band_of(folder / name)
        if named:
            found[named[1]].append(folder / name)
    return found


def holds_table(path: Path) -> bool:
    """Return whether a FITS file holds a table rather than an image, by its headers.

    False for a file that cannot be read.
    """
    try:
        refuse_special(path)
        with path.open("rb") as file:
            head = file.read(8 * 2880)
    except (OSError, FileError):
        return False
    return b"XTENSION= 'BINTABLE'" in head and b"ZIMAGE " not in head
