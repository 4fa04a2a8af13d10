"""Paths of a review's images, changes of their content, and search for moved ones.

A path is kept twice, relative to the review's folder and absolute, so that the images
are found after the whole folder was moved, and after the review alone was.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from clump_detector.core.errors import ClumpError, ReviewError
from clump_detector.core.files import sha256
from napari_clumps.review.storage.records import CutoutRecord

#: A path relative to the review's folder (None on another drive), and the absolute one.
Kept = Sequence[str | None]

#: Bytes, modification time in ns, and SHA-256 of a file.
Fingerprint = Sequence[int | str]


def absolute(path: str | Path) -> Path:
    """Return an absolute path; links are not resolved."""
    return Path(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111


def stamp(files: Sequence[Path]) -> tuple[int, ...]:
    """Return sizes and modification times, or nothing if a file is not there."""
    try:
        states = [path.stat() for path in files]
    except OSError:
        return ()
    return tuple(v for s in states for v in (s.st_size, s.st_mtime_ns))


def keep(path: Path, home: Path) -> list[str | None]:
    """Return both paths of an image, as a review's file keeps them.

    Parameters
    ----------
    path : path
        Of the image.
    home : path
        The review's folder.

    Returns
    -------
    list of (str or None)
        Relative to ``home``, None on another drive, and absolute.
    """
    full = os.path.abspath(path)  # noqa: PTH100
    below = f"{home}{os.sep}"
    relative: str | None
    try:
        relative = (
            full.removeprefix(below)
            if full.startswith(below)
            else os.path.relpath(full, home)
        )
    except ValueError:  # another drive on Windows
        relative = None
    return [relative and relative.replace(os.sep, "/"), full]


def locate(kept: Kept, home: Path) -> Path:
    """Return where an image is now, or was last if it is nowhere.

    Parameters
    ----------
    kept : Kept
        Both paths, from `keep`.
    home : path
        The review's folder.
    """
    relative, full = kept
    assert full is not None
    if relative is None:
        return Path(full)
    moved = os.path.normpath(os.path.join(home, relative))  # noqa: PTH118 - 5x faster
    if moved == full or os.path.exists(moved):  # noqa: PTH110
        return Path(moved)
    return Path(full if os.path.exists(full) else moved)  # noqa: PTH110


def fingerprint(path: Path) -> list[int | str]:
    """Return the fingerprint of a file, which shows whether it has changed.

    Raises
    ------
    FileError
        If it cannot be read.
    OSError
        If it is not there.
    """
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, sha256(path)]


def has_changed(path: Path, seen: Fingerprint) -> bool:
    """Return whether a file's content differs; the content is read only if it may.

    Parameters
    ----------
    path : path
    seen : Fingerprint
        Of the file at first sight.

    Raises
    ------
    OSError
        If the file is not there.
    FileError
        If it cannot be read.
    """
    size, mtime, digest = seen
    status = path.stat()
    if status.st_size != size:
        return True
    return status.st_mtime_ns != mtime and sha256(path) != digest


def problem(files: Sequence[Path], seen: Sequence[Fingerprint] | None) -> str | None:
    """Return a sentence if a cutout's files are missing or have changed, else None.

    Parameters
    ----------
    files : sequence of path
    seen : sequence of Fingerprint or None
        Of the files at first sight; None where they were never read.
    """
    for path in files:
        if not path.is_file():
            return (
                f"{path.name} is no longer at {path.parent}: the decisions on it are "
                "kept. Put it back, or give its new folder."
            )
    if seen is None:
        return None
    try:
        changed = [p for p, s in zip(files, seen, strict=True) if has_changed(p, s)]
    except (OSError, ClumpError) as error:
        return f"{files[0].name} cannot be read ({error})."
    if changed:
        return (
            f"{changed[0].name} has changed since its boxes were first displayed: the "
            "decisions are kept, but they may not fit. Put the old image back, or "
            "check the boxes and mark the cutout as done again."
        )
    return None


def misfit(cutout: CutoutRecord, size: tuple[int, int]) -> str | None:
    """Return a sentence if an image has another size than when it was labelled.

    Parameters
    ----------
    cutout : CutoutRecord
    size : (int, int)
        Width and height of the image now, in pixels.
    """
    if cutout.size in (None, size):
        return None
    return (
        f"{cutout.source.path.name} has {size[0]} x {size[1]} pixels, but its boxes "
        f"were made on {cutout.width} x {cutout.height}. Put the old image back, or "
        "make a new review for the new one."
    )


def files_below(folder: Path) -> dict[str, list[Path]]:
    """Return the files below a folder by their names.

    Raises
    ------
    ReviewError
        If it is no folder.
    """
    if not folder.is_dir():
        raise ReviewError("this is not a folder", folder, "Give a folder.")
    found: dict[str, list[Path]] = defaultdict(list)
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in names:
            found[name].append(Path(root, name))
    return found


def best_match(
    old: Path, candidates: Iterable[Path], seen: Fingerprint | None
) -> Path | None:
    """Return the file that an image has become, or None if that is not clear.

    Files whose content was recorded come first, then those with the most folders in
    common at the end of their paths.

    Parameters
    ----------
    old : path
        Where the image was.
    candidates : iterable of path
        Files of the same name.
    seen : Fingerprint or None
        Of the image at first sight.
    """
    ranked: dict[tuple[bool, int], list[Path]] = defaultdict(list)
    for path in candidates:
        same = seen is not None and not has_changed(path, seen)
        ranked[same, _common_tail(old, path)].append(path)
    best = ranked[max(ranked)] if ranked else []
    return best[0] if len(best) == 1 else None


def _common_tail(first: Path, second: Path) -> int:
    pairs = zip(reversed(first.parts), reversed(second.parts), strict=False)
    common = 0
    for a, b in pairs:
        if a != b:
            break
        common += 1
    return common
