"""Names of exported files, and which cutout each of them belongs to.

A file has its cutout's name only where no other cutout of the review has that name, as
a name or as an image's; else both get a number, so that a label that is imported again
is never assigned to another cutout. ``cutouts.csv`` in the folder lists the cutouts.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from clump_detector.image_files.sources import Source, stem
from clump_detector.labels.exported_names import FILE, OwnName, names_table
from napari_clumps.review import Review

from .selection import write_text_into

#: Letters of a name at most: file systems take 255 bytes, of which one letter may take
#: four.
_LONGEST = 60

#: Names of devices, which no file can have on Windows.
_DEVICES = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9])([. ].*)?", re.IGNORECASE)


class FileNames:
    """Names of files, one for each cutout, that are valid on any system.

    Parameters
    ----------
    sources : iterable of Source
        All cutouts of a review, exported or not.
    """

    def __init__(self, sources: Iterable[Source]) -> None:
        self._owners: dict[str, set[Source]] = defaultdict(set)
        self._taken: set[str] = set()
        self._rows: list[OwnName] = []
        known = list(dict.fromkeys(sources))
        for source in known:
            stems = (stem(path) for path in source.files)
            for name in (source.name, *stems, plain(source.name)):
                self._owners[_key(name)].add(source)
        self._root = _above([path for source in known for path in source.files])

    @classmethod
    def of_review(cls, review: Review) -> FileNames:
        """Return the names for the cutouts of a review."""
        records = review.cutouts()
        return cls(r.source for r in records if r.repeat_of is None)

    def of(self, source: Source, size: tuple[int, int]) -> str:
        """Return a name for a cutout, its own where possible, without an ending.

        Parameters
        ----------
        source : Source
        size : (int, int)
            Width and height in pixels.
        """
        own = plain(source.name)
        new, n = own, 0
        while self._is_anothers(new, source):
            n += 1
            new = f"{own}-{n}"
        self._taken.add(_key(new))
        self._rows.append(OwnName(new, source.name, self.image_path(source), size))
        return new

    def image_path(self, source: Source) -> str:
        """Return the path of a cutout's image, with enough folders to be unique."""
        if self._root is None:
            return source.path.as_posix()
        return Path(os.path.relpath(_absolute(source.path), self._root)).as_posix()

    def write(self, folder: Path) -> None:
        """Write the table that says which cutout each picture of a folder shows."""
        write_text_into(folder / FILE, names_table(self._rows))

    def _is_anothers(self, name: str, source: Source) -> bool:
        key = _key(name)
        return key in self._taken or bool(self._owners.get(key, set()) - {source})


def plain(name: str) -> str:
    """Return a name without characters that some system forbids in file names."""
    name = re.sub(r"[^\w .+-]+", "_", unicodedata.normalize("NFC", name))
    name = name.strip(" .")[:_LONGEST].strip(" .") or "cutout"
    return f"_{name}" if _DEVICES.fullmatch(name) else name


def _key(name: str) -> str:
    """Return a key that is equal for names that are equal on some file system."""
    return unicodedata.normalize("NFC", name).casefold()


def _absolute(path: Path) -> str:
    return os.path.abspath(path)  # noqa: PTH100 - links stay as they are


def _above(files: Sequence[Path]) -> str | None:
    """Return the parent of the folder of all files, or None on several drives."""
    try:
        folders = {str(Path(_absolute(path)).parent) for path in files}
        return str(Path(os.path.commonpath(folders)).parent)
    except ValueError:
        return None
