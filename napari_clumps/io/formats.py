"""Export of a review; the ending of the file name selects the format."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path

from clump_detector.core.errors import ClumpError, LabelError
from clump_detector.core.files import atomic_path, write_json
from clump_detector.image_files.sources import Source
from clump_detector.images.cutout import read_cutout
from clump_detector.images.rgb import to_rgb
from clump_detector.labels.label_set import LabelSet, write_label_set
from napari_clumps.review import Review
from napari_clumps.review.label_set import label_set_steps

from .coco import plain_coco
from .file_names import FileNames
from .selection import ExportOptions, Step, shorten

Export = Generator[Step, None, str]

#: Formats, the endings of their files (none for a folder), and their titles.
FORMATS: dict[str, tuple[tuple[str, ...], str]] = {
    "labels": ((".json",), "Label set with the origin of each box"),
    "catalogue": (
        (".ecsv", ".vot", ".fits", ".parquet", ".csv"),
        "Clump catalogue, measured",
    ),
    "coco": ((".json",), "COCO, plain"),
    "coco-folder": ((), "COCO, pictures and labels"),
    "ds9-sky": ((".reg",), "DS9 regions on the sky"),
    "ds9-image": ((), "DS9 regions of each image"),
    "yolo": ((), "YOLO, pictures and labels"),
    "voc": ((), "Pascal VOC, pictures and labels"),
    "zooniverse": ((), "Zooniverse subjects, boxes to correct"),
    "sheet": ((".pdf", ".html"), "Contact sheet"),
}


def format_of(path: Path, how: str | None = None) -> str:
    """Return the format of an export.

    Parameters
    ----------
    path : path
    how : str, optional
        One of `FORMATS`; by default that of the ending.

    Raises
    ------
    LabelError
        If there is no such format, or the ending is none of it.
    """
    suffix = path.suffix.lower()
    if how is None:
        for name, (endings, _) in FORMATS.items():
            if suffix in endings:
                return name
        raise LabelError(
            "its ending belongs to no format that a review can be exported to",
            path,
            _choices(),
        )
    if how not in FORMATS:
        raise LabelError(f"there is no format {how!r}", path, _choices())
    if how == "coco" and not suffix:
        how = "coco-folder"
    endings = FORMATS[how][0]
    if endings and suffix not in endings:
        what = f"{'a label set is a JSON file' if how == 'labels' else how}"
        raise LabelError(
            f"{what}: its name ends in {' or '.join(endings)}", path, "Change the name."
        )
    return how


def _endings() -> list[str]:
    """Return the endings of all files that a review can be exported to."""
    return list(dict.fromkeys(e for endings, _ in FORMATS.values() for e in endings))


def _choices() -> str:
    folders = ", ".join(name for name, (endings, _) in FORMATS.items() if not endings)
    return (
        f"A file ends in {', '.join(_endings())}; folders are made with --as {folders} "
        "or coco."
    )


def export(
    review: Review,
    path: Path,
    how: str | None = None,
    options: ExportOptions | None = None,
) -> Export:
    """Write a review in another format; yields progress, returns a sentence about it.

    What is written is whole or not there at all.

    Parameters
    ----------
    review : Review
    path : path
        A file, or the folder to make.
    how : str, optional
        One of `FORMATS`; by default that of the ending.
    options : ExportOptions, optional

    Raises
    ------
    LabelError
        If there is nothing to export, or no such format.
    FileError
        If it cannot be written; an older file stays whole.
    """
    return _WRITERS[format_of(path, how)](review, path, options or ExportOptions())


def export_labels(review: Review, path: Path, *, png: bool = False) -> str:
    """Write a review's label set and return a sentence about it.

    Parameters
    ----------
    review : Review
    path : path
        The JSON file.
    png : bool
        Also write each cutout as the detector sees it into ``<name>_images/``, for
        programs that do not read FITS.

    Raises
    ------
    LabelError
        If nothing is decided yet.
    FileError
        If the file cannot be written; an older one stays whole.
    """
    return run_to_end(_labels(review, Path(path), ExportOptions(png=png)))


def run_to_end(work: Export) -> str:
    """Run an export to its end and return its sentence."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return str(end.value)


def _labels(review: Review, path: Path, options: ExportOptions) -> Export:
    labels = yield from label_set_steps(review, include_undone=True)
    _refuse_nothing(review, labels)
    if not labels.cutouts:
        raise LabelError(
            "no cutout is done and no box decided, so there is nothing to export",
            review.path,
            "Accept, reject or draw some boxes first.",
        )
    format_of(path, "labels")
    problems = left_out(labels)
    if options.png:
        labels, unread = yield from _with_pictures(review, labels, path)
        problems += unread
    write_label_set(labels, path)
    rejected = sum(len(c.rejected) for c in labels.cutouts)
    text = (
        f"{path}: {labels.n_boxes} boxes and {rejected} rejected ones on "
        f"{len(labels.cutouts)} cutouts."
    )
    return " ".join([text, *problems])


def left_out(labels: LabelSet) -> list[str]:
    """Return which cutouts of its review a label set lacks, in sentences."""
    return shorten([f"Left out: {why}" for why in labels.info.get("left_out", ())])


def _refuse_nothing(review: Review, labels: LabelSet) -> None:
    """Refuse a label set of which every cutout was left out."""
    missing = left_out(labels)
    if missing and not labels.cutouts:
        raise LabelError(
            "nothing is left to export. " + " ".join(missing).rstrip("."),
            review.path,
            "Put the images back that were labelled.",
        )


def _coco(review: Review, path: Path, options: ExportOptions) -> Export:
    """Write standard COCO: no undecided and no rejected boxes."""
    labels = yield from label_set_steps(review, include_undone=options.undone)
    _refuse_nothing(review, labels)
    if not labels.cutouts:
        raise LabelError(
            "no cutout is done, and plain COCO cannot record that",
            review.path,
            "Mark cutouts as done, or include those that are not (--undone).",
        )
    cutouts = tuple(
        replace(c, rejected=(), boxes=tuple(b for b in c.boxes if not b.ignored))
        for c in labels.cutouts
    )
    labels = replace(labels, cutouts=cutouts)
    problems = left_out(labels)
    if options.png:
        labels, unread = yield from _with_pictures(review, labels, path)
        problems += unread
    write_json(path, plain_coco(labels, path.parent))
    text = f"{path}: {labels.n_boxes} boxes on {len(labels.cutouts)} cutouts."
    return " ".join([text, *problems])


def _with_pictures(
    review: Review, labels: LabelSet, path: Path
) -> Generator[Step, None, tuple[LabelSet, list[str]]]:
    from PIL import Image

    folder = path.parent / f"{path.stem}_images"
    names, cutouts, problems = FileNames.of_review(review), [], []
    for number, cutout in enumerate(labels.cutouts, start=1):
        name = names.of(cutout.source, (cutout.width, cutout.height))
        target = folder / f"{name}.png"
        yield number, len(labels.cutouts)
        try:
            rgb = to_rgb(read_cutout(cutout.source))
        except ClumpError as error:
            problems.append(error.message)
            cutouts.append(cutout)
            continue
        with atomic_path(target) as temporary:
            Image.fromarray(rgb).save(temporary, format="PNG")
        cutouts.append(replace(cutout, source=Source(cutout.source.name, (target,))))
    names.write(folder)
    return replace(labels, cutouts=tuple(cutouts)), problems


def _catalogue(review: Review, path: Path, options: ExportOptions) -> Export:
    from .catalogue import catalogue_steps

    return (yield from catalogue_steps(review, path, options))


def _ds9_sky(review: Review, path: Path, options: ExportOptions) -> Export:
    from .ds9 import export_sky

    return (yield from export_sky(review, path, options))


def _ds9_image(review: Review, path: Path, options: ExportOptions) -> Export:
    from .ds9 import export_image

    return (yield from export_image(review, path, options))


def _coco_folder(review: Review, path: Path, options: ExportOptions) -> Export:
    from .coco import export_coco

    return (yield from export_coco(review, path, options))


def _yolo(review: Review, path: Path, options: ExportOptions) -> Export:
    from .yolo_voc import export_yolo

    return (yield from export_yolo(review, path, options))


def _voc(review: Review, path: Path, options: ExportOptions) -> Export:
    from .yolo_voc import export_voc

    return (yield from export_voc(review, path, options))


def _zooniverse(review: Review, path: Path, options: ExportOptions) -> Export:
    from .zooniverse import export_zooniverse

    return (yield from export_zooniverse(review, path, options))


def _sheet(review: Review, path: Path, options: ExportOptions) -> Export:
    from napari_clumps.io.contact_sheet.sheet import export_sheet

    return (yield from export_sheet(review, path, options))


#: The writer of each format; its module is imported when it is called.
_WRITERS: dict[str, Callable[[Review, Path, ExportOptions], Export]] = {
    "labels": _labels,
    "catalogue": _catalogue,
    "coco": _coco,
    "ds9-sky": _ds9_sky,
    "ds9-image": _ds9_image,
    "coco-folder": _coco_folder,
    "yolo": _yolo,
    "voc": _voc,
    "zooniverse": _zooniverse,
    "sheet": _sheet,
}
