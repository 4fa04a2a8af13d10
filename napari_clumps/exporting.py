"""From a review to a label set on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from clump_detector.errors import ClumpError, LabelError
from clump_detector.files import atomic_path
from clump_detector.images import read_cutout
from clump_detector.labels import LabelSet, write_label_set
from clump_detector.sources import Source
from clump_detector.stretch import to_rgb

from .review import Review


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
    labels = review.label_set()
    if not labels.cutouts:
        raise LabelError(
            "no cutout is done and no box decided, so there is nothing to export",
            review.path,
            "Accept, reject or draw some boxes first.",
        )
    if path.suffix.lower() != ".json":
        raise LabelError(
            "a label set is a JSON file", path, "Give a name that ends in .json."
        )
    problems: list[str] = []
    if png:
        labels, problems = _with_pictures(labels, path.parent / f"{path.stem}_images")
    write_label_set(labels, path)
    rejected = sum(len(c.rejected) for c in labels.cutouts)
    said = (
        f"{path}: {labels.n_boxes} boxes and {rejected} rejected ones on "
        f"{len(labels.cutouts)} cutouts."
    )
    return " ".join([said, *problems])


def _with_pictures(labels: LabelSet, folder: Path) -> tuple[LabelSet, list[str]]:
    from PIL import Image

    cutouts, problems = [], []
    for number, cutout in enumerate(labels.cutouts, start=1):
        target = folder / f"{number:05d}-{cutout.source.name}.png"
        try:
            rgb = to_rgb(read_cutout(cutout.source))
        except ClumpError as error:
            problems.append(error.message)
            cutouts.append(cutout)
            continue
        with atomic_path(target) as temporary:
            Image.fromarray(rgb).save(temporary, format="PNG")
        cutouts.append(replace(cutout, source=Source(cutout.source.name, (target,))))
    return replace(labels, cutouts=tuple(cutouts)), problems
