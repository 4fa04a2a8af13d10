"""COCO as other programs read it: nothing undecided, nothing rejected.

The folder has the layout of the COCO data sets, ``annotations/instances_train.json``
beside ``images/train``, with file names of pictures that are safe on any system.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

from clump_detector.core import boxes as geometry
from clump_detector.core.files import write_json
from clump_detector.core.json_types import JsonObject
from clump_detector.image_files.sources import Source
from clump_detector.labels.label_set import (
    LabelledBox,
    LabelledCutout,
    LabelSet,
    to_coco,
)
from clump_detector.photometry import measure_boxes, prepare, segment
from napari_clumps.review import Review

from .cutout_folder import Outgoing, into_folder
from .selection import ExportOptions, Step, selected
from .yolo_voc import SPLITS, save_png, split_of

#: The last four are ours; other readers ignore them. Without them a training would
#: learn from held-out galaxies.
_IMAGE = (
    "id", "file_name", "width", "height", "done", "held_out", "blind", "keys",
)  # fmt: skip
_BOX = ("id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation")


def plain_coco(labels: LabelSet, folder: Path) -> JsonObject:
    """Return a label set as a COCO dictionary with the standard keys.

    Parameters
    ----------
    labels : LabelSet
    folder : path
        That the names of images are relative to.
    """
    content = to_coco(labels, folder)
    return {
        "info": {"description": "Clump labels made with napari-clumps"},
        "licenses": [],
        "categories": content["categories"],
        "images": _only(_IMAGE, content["images"]),
        "annotations": _only(_BOX, content["annotations"]),
    }


def _only(keys: tuple[str, ...], entries: list[JsonObject]) -> list[JsonObject]:
    return [{k: entry[k] for k in keys if k in entry} for entry in entries]


def _labelled(one: Outgoing) -> tuple[LabelledBox, ...]:
    """Return the boxes of a cutout with the outlines of their clumps."""
    if not one.boxes:
        return ()
    corners = geometry.as_boxes([corners for _, corners in one.boxes])
    field = prepare(one.cutout, boxes=corners)
    segments = segment(field, measure_boxes(field, corners))
    return tuple(
        LabelledBox(
            *place,
            cls=box.cls,
            outline=tuple(v for xy in segments.outline(k) for v in xy),
            area=int(segments.area[k]),
        )
        for k, (box, place) in enumerate(one.boxes)
    )


def export_coco(
    review: Review, folder: Path, options: ExportOptions
) -> Generator[Step, None, str]:
    """Write ``annotations`` and ``images``, each with train, val and test.

    Parameters
    ----------
    review : Review
    folder : path
        The folder to create.
    options : ExportOptions
        ``proposals`` has no effect: COCO cannot mark a box as undecided.

    Returns
    -------
    str
        A sentence about what was written.

    Raises
    ------
    LabelError
        If there is nothing to export, or no image can be used.

    Notes
    -----
    ``segmentation`` is the outline of the clump's segment, and ``area`` its pixels;
    of a clump that does not stand out it is the box.
    """
    options = replace(options, proposals=False)  # COCO has no undecided boxes
    found = selected(review, options, done_only=True, empty=True)
    sets: dict[str, list[LabelledCutout]] = {split: [] for split in SPLITS}

    def put(temporary: Path, one: Outgoing) -> None:
        record, split = one.record, split_of(review, one.record)
        path = temporary / "images" / split / f"{one.name}.png"
        save_png(one.cutout, path)
        sets[split].append(
            LabelledCutout(
                Source(record.name, (path,)),
                *one.size,
                record.done,
                record.held_out,
                _labelled(one),
                blind=record.blind,
                keys=review.keys(record),
            )
        )

    def end(temporary: Path) -> None:
        for split, cutouts in sets.items():
            if cutouts:
                labels = LabelSet(tuple(cutouts), review.classes)
                content = plain_coco(labels, temporary / "images" / split)
                path = temporary / "annotations" / f"instances_{split}.json"
                path.parent.mkdir(exist_ok=True)
                write_json(path, content)

    return (yield from into_folder(review, folder, found, put, end))
