"""A folder with files of each cutout: the common part of all folder formats.

The folder appears when it is complete. Cutouts whose image is missing or has changed
are left out and reported. File names are unique, and a table in the folder says which
cutout each belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clump_detector.core.files import atomic_folder
from clump_detector.images.cutout import Cutout
from napari_clumps.review import Box, Corners, CutoutRecord, Review

from .file_names import FileNames
from .selection import Step, Tally, read


@dataclass(frozen=True)
class Outgoing:
    """A cutout to export.

    Attributes
    ----------
    record : CutoutRecord
    cutout : Cutout
    boxes : list of (Box, corners)
        Clipped to the image.
    name : str
        Of its files, without an ending.
    image_path : str
        Its image, with enough folders to be unique.
    """

    record: CutoutRecord
    cutout: Cutout
    boxes: list[tuple[Box, Corners]]
    name: str
    image_path: str

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.cutout.width, self.cutout.height


def into_folder(
    review: Review,
    folder: Path,
    found: Sequence[tuple[CutoutRecord, list[Box]]],
    put: Callable[[Path, Outgoing], None],
    end: Callable[[Path], None] = lambda _: None,
) -> Generator[Step, None, str]:
    """Write a folder, and return a sentence about it.

    Parameters
    ----------
    review : Review
    folder : path
        It must not exist.
    found : sequence of (CutoutRecord, boxes)
        What to export.
    put : callable
        Writes the files of one cutout into the temporary folder.
    end : callable
        Writes the files that the folder has once.

    Raises
    ------
    LabelError
        If no image could be exported; nothing is left then.
    """
    tally, names = Tally(), FileNames.of_review(review)
    with atomic_folder(folder) as temporary:
        for number, record, cutout, boxes in read(review, found, tally):
            if cutout is not None:
                size = cutout.width, cutout.height
                name, image = (
                    names.of(record.source, size),
                    names.image_path(record.source),
                )
                put(temporary, Outgoing(record, cutout, boxes, name, image))
                tally.add(len(boxes))
            yield number, len(found)
        tally.refuse_nothing(folder)
        names.write(temporary)
        end(temporary)
    return f"{folder}: {tally.in_words()}"
