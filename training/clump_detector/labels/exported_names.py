"""The table of the cutouts that the pictures of an exported folder show.

The pictures cannot always keep the names of the cutouts: two of these may have one name
in different folders, or in one folder with different suffixes. The table
``cutouts.csv`` gives the cutout of each picture and is used when labels are imported.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from clump_detector.core.errors import ClumpError
from clump_detector.image_files.sources import stem

from .external import ForeignLabels
from .packed_files import read_text

FILE = "cutouts.csv"
COLUMNS = ("picture", "cutout", "file", "width", "height")

#: Folders above a label file or folder in which the table is searched.
_UP = 3

_MOST_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class OwnName:
    """A row of the table.

    Attributes
    ----------
    picture : str
        The picture's name in the folder, without suffix.
    cutout : str
        The cutout's name.
    file : str
        The cutout's image, with as many folders as make it unique.
    size : (int, int)
        Width and height in pixels.
    """

    picture: str
    cutout: str
    file: str
    size: tuple[int, int]


def names_table(rows: Iterable[OwnName]) -> str:
    """Return the text of the table."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([r.picture, r.cutout, r.file, *r.size] for r in rows)
    return text.getvalue()


def own_names(path: Path) -> dict[str, str]:
    """Return the image of each picture, by the picture's name in lower case.

    Parameters
    ----------
    path : path
        A folder or file of labels; the table is in it, next to it or above it, or in
        the folder ``X_images`` of a file ``X.json``.
    """
    above = [path, *path.parents] if path.is_dir() else list(path.parents)
    folders = [path.with_name(f"{path.stem}_images"), *above[:_UP]]
    for folder in folders:
        rows = _rows(folder / FILE)
        if rows:
            return rows
    return {}


def with_own_names(labels: ForeignLabels, path: Path) -> ForeignLabels:
    """Return labels with the names of the cutouts that their images were made of.

    Parameters
    ----------
    labels : ForeignLabels
    path : path
        Their file or folder; see `own_names`.

    Returns
    -------
    ForeignLabels
        Unchanged where there is no table.
    """
    table = own_names(path)
    if not table:
        return labels
    boxes = tuple(replace(b, image=_own(b.image, table)) for b in labels.boxes)
    others = (*(_own(name, table) for name in labels.others), *table.values())
    return replace(labels, boxes=boxes, others=tuple(dict.fromkeys(others)))


def _own(image: str, table: Mapping[str, str]) -> str:
    name = PurePosixPath(image.replace("\\", "/")).name
    key = name.lower()
    return table.get(key) or table.get(stem(Path(name)).lower(), image)


def _rows(path: Path) -> dict[str, str]:
    """Return the table's rows, none if it is missing or a different table."""
    try:
        if not path.is_file():
            return {}
        reader = csv.reader(io.StringIO(read_text(path, _MOST_BYTES), newline=""))
        if tuple(next(reader, ())) != COLUMNS:
            return {}
        return {row[0].lower(): row[2] for row in reader if len(row) == len(COLUMNS)}
    except (ClumpError, OSError, csv.Error):
        return {}
