"""A subject set for Zooniverse, with machine boxes for volunteers to correct there.

``manifest.csv`` names a picture per row; a column whose name starts with # is not shown
to volunteers. Its ``#boxes`` has the boxes as a drawing task's rectangles are exported.
``caesar.csv`` has them as Caesar feeds them to the classifier (Caesar's guide "Data
fetching"): put each subject's number, which Zooniverse gives at the upload, into its
first column, and upload it to Caesar. Both count from the picture's corner.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

from clump_detector.astrometry.wcs import sky_positions
from clump_detector.core.json_types import JsonObject
from clump_detector.images.cutout import Cutout
from napari_clumps.review import Box, Corners, CutoutRecord, Review

from .cutout_folder import Outgoing, into_folder
from .selection import ExportOptions, Step, one_line, selected, write_text_into
from .yolo_voc import save_png

MANIFEST, CAESAR = "manifest.csv", "caesar.csv"

_COLUMNS = (
    "image", "name", "#review", "#cutout", "#width", "#height", "#ra", "#dec",
    "#arcsec_per_pixel", "#held_out", "#models", "#flags", "#remark",
    "#tags", "#interest", "#boxes",
)  # fmt: skip

Fitted = Sequence[tuple[Box, Corners]]


def export_zooniverse(
    review: Review, folder: Path, options: ExportOptions
) -> Generator[Step, None, str]:
    """Write pictures, the manifest, and the boxes for Caesar.

    Parameters
    ----------
    review : Review
    folder : path
        The folder to create.
    options : ExportOptions
        Proposals from ``score`` up are exported in any case.

    Returns
    -------
    str
        A sentence about what was written.

    Raises
    ------
    LabelError
        If there is nothing to export, or no image can be used.
    """
    # Machine boxes are what volunteers correct.
    found = selected(review, replace(options, proposals=True), empty=True)
    rows: list[JsonObject] = []
    marks: list[JsonObject] = []

    def put(temporary: Path, one: Outgoing) -> None:
        image = f"{one.name}.png"
        save_png(one.cutout, temporary / image)
        rows.append(_row(review, one.record, one.cutout, image, one.boxes))
        data = json.dumps({"data": _for_caesar(review, one.boxes)})
        marks.append({"subject_id": "", "image": image, "data": data})

    def end(temporary: Path) -> None:
        _write(temporary / MANIFEST, _COLUMNS, rows)
        _write(temporary / CAESAR, ("subject_id", "image", "data"), marks)

    return (yield from into_folder(review, folder, found, put, end))


def _row(
    review: Review, record: CutoutRecord, cutout: Cutout, image: str, boxes: Fitted
) -> JsonObject:
    ra = dec = None
    if cutout.wcs is not None:
        middle = (cutout.width - 1) / 2, (cutout.height - 1) / 2
        ra, dec = (round(float(v), 7) for v in sky_positions(cutout.wcs, *middle)[0])
    values = (
        image, record.name, review.id, record.id, cutout.width, cutout.height, ra, dec,
        cutout.scale and round(cutout.scale, 6), int(record.held_out),
        "; ".join(sorted({b.model for b, _ in boxes if b.model})),
        "; ".join(record.flags), one_line(record.remark), "; ".join(record.tags),
        record.interest,
        json.dumps(_rectangles(review, boxes)),
    )  # fmt: skip
    return dict(zip(_COLUMNS, values, strict=True))


def _rectangles(review: Review, boxes: Fitted) -> list[JsonObject]:
    """Return boxes as a drawing task's rectangles: upper left corner and size."""
    marks = []
    for box, (x1, y1, x2, y2) in boxes:
        marks.append(
            {
                "tool": _tool(review, box),
                "tool_label": box.cls,
                "frame": 0,
                "x": round(x1 + 0.5, 3),
                "y": round(y1 + 0.5, 3),
                "width": round(x2 - x1, 3),
                "height": round(y2 - y1, 3),
                "details": [],
                "score": box.score,
                "status": box.status.value,
                "origin": box.origin,
            }
        )
    return marks


def _for_caesar(review: Review, boxes: Fitted) -> list[JsonObject]:
    """Return boxes as Caesar's guide has rectangles: middle and sides."""
    marks = []
    for box, (x1, y1, x2, y2) in boxes:
        marks.append(
            {
                "stepKey": "S0",
                "taskIndex": 0,
                "taskKey": "T0",
                "taskType": "drawing",
                "toolIndex": _tool(review, box),
                "frame": 0,
                "markId": f"box{box.id}",
                "toolType": "rectangle",
                "x_center": round((x1 + x2) / 2 + 0.5, 3),
                "y_center": round((y1 + y2) / 2 + 0.5, 3),
                "width": round(x2 - x1, 3),
                "height": round(y2 - y1, 3),
            }
        )
    return marks


def _tool(review: Review, box: Box) -> int:
    """Return the index of the task's drawing tool for a box: one for each class."""
    return review.classes.index(box.cls) if box.cls in review.classes else 0


def _write(path: Path, columns: Sequence[str], rows: Sequence[JsonObject]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text_into(path, text.getvalue())
