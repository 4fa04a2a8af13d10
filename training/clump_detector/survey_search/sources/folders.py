"""A survey in image files: folders, single files, and lists of files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from clump_detector.image_files.sources import search
from clump_detector.survey_search.items import FileItem, Item, address_of


class Folders:
    """The cutouts in files and folders, found as everywhere in this program.

    Parameters
    ----------
    paths : sequence of path
    dataset : path, optional
        Images below it are its own copies of others, and left out, but for those in a
        folder below it that is named; their addresses are relative to it.

    Attributes
    ----------
    notes : list of str

    Raises
    ------
    ImageError
        If a path does not exist, or a folder holds no image.
    """

    def __init__(self, paths: Sequence[Path], dataset: Path | None = None) -> None:
        found = search(paths)
        self.notes = [found.note] if found.note else []
        self._sources, self._dataset = found.sources, dataset
        if dataset is not None and not any(_below(path, dataset) for path in paths):
            others = [s for s in found.sources if not _below(s.path, dataset)]
            self._sources = others

    @property
    def total(self) -> int:
        """How many cutouts there are."""
        return len(self._sources)

    def __iter__(self) -> Iterator[Item]:
        """Go through the cutouts, in order of name."""
        for source in self._sources:
            yield FileItem(source, address_of(source.path, self._dataset))


def _below(path: Path, folder: Path) -> bool:
    return path.absolute().is_relative_to(folder.absolute())
