"""Recognising the kind of labels in a file or folder, by content and suffix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from clump_detector.core.errors import FileError, LabelError
from clump_detector.core.signatures import refuse_special, what_it_is
from clump_detector.labels.catalogues.adams import is_adams, read_adams
from clump_detector.labels.catalogues.any_table import read_columns
from clump_detector.labels.catalogues.clump_scout import (
    is_clump_scout,
    read_clump_scout,
)
from clump_detector.labels.catalogues.popp import is_popp, read_popp
from clump_detector.labels.catalogues.table import ENDINGS, LabelTable, read_grid
from clump_detector.labels.catalogues.vizier import PREFIX, fetch_catalogue
from clump_detector.labels.exported_names import with_own_names
from clump_detector.labels.external import ForeignLabels
from clump_detector.labels.packed_files import is_inside, plain_suffix, read_bytes

from .coco import coco_files, read_coco
from .ds9 import read_ds9
from .voc import read_voc, xml_files
from .yolo import is_yolo, read_yolo, starts_as_yolo
from .yolo_names import TEXT_NAMES, YAML_NAMES

#: Kinds of labels, and their descriptions.
KINDS = {
    "clump-scout": "boxes of Galaxy Zoo: Clump Scout (.csv, .csv.gz)",
    "popp": "detections of Popp et al. 2023 (.csv, .csv.zip)",
    "adams": "clumps of Adams et al. 2022 (machine-readable, VOTable, or "
    f"{PREFIX}J/ApJ/931/16)",
    "ds9": "DS9 regions (.reg, or a folder of them)",
    "coco": "COCO (.json, or a folder of them)",
    "yolo": "YOLO (a folder)",
    "voc": "Pascal VOC (.xml, or a folder of them)",
    "table": "any table with boxes in pixels, or ra and dec",
}

_TABLES: dict[
    str, tuple[Callable[[LabelTable], bool], Callable[[LabelTable], ForeignLabels]]
] = {
    "clump-scout": (is_clump_scout, read_clump_scout),
    "popp": (is_popp, read_popp),
    "adams": (is_adams, read_adams),
    "table": (lambda _: True, read_columns),
}
_FILES: dict[str, Callable[[Path], ForeignLabels]] = {
    "ds9": read_ds9,
    "coco": read_coco,
    "yolo": read_yolo,
    "voc": read_voc,
}

#: Files of YOLO that may be given instead of their folder.
_YOLO_FILES = (*YAML_NAMES, *TEXT_NAMES)


def read_labels(
    path: str | Path, kind: str | None = None, *, server: str | None = None
) -> ForeignLabels:
    """Read labels of another program or catalogue.

    Parameters
    ----------
    path : path
        A file, a folder of files, or ``vizier:`` and the name of a catalogue.
    kind : str, optional
        One of `KINDS`; by default recognised by content and suffix.
    server : str, optional
        A mirror of VizieR.

    Raises
    ------
    LabelError
        If it holds no labels, or not those of the kind.
    FileError
        If it cannot be read.
    """
    if kind is not None and kind not in KINDS:
        raise LabelError(
            f"there is no kind of labels {kind!r}",
            remedy=f"The kinds are {', '.join(KINDS)}.",
        )
    name = str(path)
    if name.startswith(PREFIX):
        return _fetched(name.removeprefix(PREFIX), kind, server)
    path = Path(path)
    if not path.exists():
        raise FileError("no such file or folder", path, "Check the path.")
    refuse_special(path)
    if path.is_file() and path.name.lower() in _YOLO_FILES and kind in (None, "yolo"):
        path = path.parent
    found = kind or (_kind_of_folder(path) if path.is_dir() else _kind_of_file(path))
    if found in _FILES:
        return with_own_names(_FILES[found](path), path)
    return _of_table(read_grid(path), kind)


def _of_table(grid: LabelTable, kind: str | None) -> ForeignLabels:
    if kind is None:
        kind = next(name for name, (fits, _) in _TABLES.items() if fits(grid))
    fits, read = _TABLES[kind]
    if not fits(grid):
        raise LabelError(
            f"its columns are not those of {KINDS[kind]} (it has "
            f"{', '.join(grid.names[:12])})",
            grid.path,
            "Leave the kind out, or give table.",
        )
    labels = read(grid)
    if not labels.boxes:
        raise LabelError(
            "none of its rows is a label. " + " ".join(labels.losses.in_words()),
            grid.path,
            "Check its columns.",
        )
    notes = dict.fromkeys((*labels.notes, *grid.notes))
    return replace(labels, notes=tuple(notes))


def _kind_of_file(path: Path) -> str:
    """Return the kind by a file's suffix and first bytes; any table is ``table``."""
    suffix = plain_suffix(path)
    if suffix == ".reg":
        return "ds9"
    if suffix == ".json":
        return "coco"
    if suffix == ".xml":
        # A VOTable ends in .xml, too.
        return "table" if b"<VOTABLE" in read_bytes(path)[:4000] else "voc"
    if suffix in ("", ".txt"):
        start = read_bytes(path)[:400].lstrip()
        if start.startswith((b"# Region file format", b"# Filename:")):
            return "ds9"
        if start.startswith((b"{", b"[")):
            return "coco"
        if suffix == ".txt" and starts_as_yolo(start):
            return "yolo"
    if path.name.lower().endswith(ENDINGS) or suffix == "":
        return "table"
    real = what_it_is(path)
    raise LabelError(
        "its suffix is not that of a supported format of labels"
        + (f" (it is {real})" if real else ""),
        path,
        f"Supported are {'; '.join(KINDS.values())}.",
    )


def _kind_of_folder(folder: Path) -> str:
    """Return the kind of the files in a folder."""
    if any(path.is_file() for path in (folder / name for name in _YOLO_FILES)):
        return "yolo"
    if next(folder.glob("*.reg"), None) is not None:
        return "ds9"
    if any(is_inside(path, folder) for path in xml_files(folder)):
        return "voc"
    if next(coco_files(folder), None) is not None:
        return "coco"
    if is_yolo(folder):
        return "yolo"
    raise LabelError(
        "there are no labels in this folder",
        folder,
        "Give a folder with YOLO's text files, Pascal VOC's XML files, COCO's JSON "
        "files, or DS9's regions.",
    )


def _fetched(name: str, kind: str | None, server: str | None) -> ForeignLabels:
    """Return the labels of a catalogue of VizieR, from its first table that has any."""
    error: LabelError | None = None
    for grid in sorted(fetch_catalogue(name, server), key=is_adams, reverse=True):
        try:
            return _of_table(grid, kind)
        except LabelError as found:
            error = error or found
    assert error is not None
    raise error
