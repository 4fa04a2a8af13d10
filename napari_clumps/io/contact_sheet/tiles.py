"""The cutouts of a contact sheet: small pictures with the boxes that the window shows.

Where there are sky coordinates, a picture and its boxes are turned North up and East
left.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.text import plural
from clump_detector.images.cutout import Cutout
from clump_detector.images.rgb import to_rgb
from napari_clumps.io.selection import ExportOptions, Tally, one_line, read
from napari_clumps.render.orientation import Orientation, compass_of, north_up
from napari_clumps.review import Box, Corners, CutoutRecord, Review, Status

#: Pixels along the longer side of a picture at most, and the quality of its JPEG.
SIDE, QUALITY = 400, 85


@dataclass(frozen=True)
class SheetTile:
    """One cutout of a sheet.

    Attributes
    ----------
    name, caption : str
    remark : str
        Flags and remark of the cutout; empty without.
    jpeg : bytes
    width, height : int
        In pixels of the cutout, as it is turned; boxes count in these.
    jpeg_size : (int, int)
        In pixels of the JPEG.
    boxes : tuple of (Box, corners)
        Corners from the picture's upper left corner.
    scale : float or None
        Arcsec per pixel of the cutout.
    """

    name: str
    caption: str
    remark: str
    jpeg: bytes
    width: int
    height: int
    jpeg_size: tuple[int, int]
    boxes: tuple[tuple[Box, Corners], ...]
    scale: float | None


def select_for_sheet(
    review: Review, options: ExportOptions
) -> list[tuple[CutoutRecord, list[Box]]]:
    """Return the cutouts that are done or have a box, with the boxes to show.

    A repeated cutout is left out.

    Parameters
    ----------
    review : Review
    options : ExportOptions
        Proposals from ``score`` up are shown, unscored ones always.
    """
    found = []
    for record in review.cutouts():
        if record.repeat_of is None:
            boxes = [b for b in review.boxes(record.id) if _on_sheet(b, options)]
            if boxes or record.done:
                found.append((record, boxes))
    return found


def _on_sheet(box: Box, options: ExportOptions) -> bool:
    undecided = box.status is Status.PROPOSAL
    return not undecided or box.score is None or box.score >= options.score


def tiles(
    review: Review, found: list[tuple[CutoutRecord, list[Box]]], tally: Tally
) -> Iterator[tuple[int, SheetTile | None]]:
    """Yield the number of cutouts read so far, and the tile of the newest one.

    The tile is None where the image cannot be used.

    Parameters
    ----------
    review : Review
    found : list of (CutoutRecord, boxes)
        From `select_for_sheet`.
    tally : Tally
        Counts cutouts and boxes, and collects problems.
    """
    for number, record, cutout, boxes in read(review, found, tally):
        if cutout is None:
            yield number, None
            continue
        tally.add(len(boxes))
        yield number, make_tile(record, cutout, boxes)


def make_tile(
    record: CutoutRecord, cutout: Cutout, boxes: list[tuple[Box, Corners]]
) -> SheetTile:
    """Return a cutout as a tile, North up where it has a WCS.

    Parameters
    ----------
    record : CutoutRecord
    cutout : Cutout
    boxes : list of (Box, corners)
        Clipped to the image, in pixels of the array.
    """
    from PIL import Image

    orientation = north_up(compass_of(cutout.wcs, cutout.width, cutout.height))
    rgb = orient(to_rgb(cutout), orientation)
    height, width = rgb.shape[:2]
    picture = Image.fromarray(rgb)
    zoom = SIDE / max(width, height)
    if zoom < 1:
        small = max(round(width * zoom), 1), max(round(height * zoom), 1)
        picture = picture.resize(small, Image.Resampling.LANCZOS)
    packed = io.BytesIO()
    picture.save(packed, format="JPEG", quality=QUALITY)
    turned_boxes = tuple(
        (b, orient_box(c, orientation, width, height)) for b, c in boxes
    )
    return SheetTile(
        record.name, _caption(record, [b for b, _ in boxes]), _remark(record),
        packed.getvalue(), width, height, picture.size, turned_boxes, cutout.scale,
    )  # fmt: skip


def orient(rgb: NDArray[np.uint8], orientation: Orientation) -> NDArray[np.uint8]:
    """Return a picture in an orientation.

    Parameters
    ----------
    rgb : uint8 array of shape (height, width, 3)
    orientation : Orientation

    Returns
    -------
    uint8 array of shape (height, width, 3), or (width, height, 3) where transposed
    """
    if orientation.transposed:
        rgb = rgb.transpose(1, 0, 2)
    if orientation.vertical == "up":
        rgb = rgb[::-1]
    if orientation.horizontal == "left":
        rgb = rgb[:, ::-1]
    return np.ascontiguousarray(rgb)


def orient_box(
    corners: Corners, orientation: Orientation, width: int, height: int
) -> Corners:
    """Return the corners of a box on the turned picture, from its upper left corner.

    Parameters
    ----------
    corners : tuple
        On the array, from the centre of its first pixel.
    orientation : Orientation
    width, height : int
        Of the turned picture.
    """
    x1, y1, x2, y2 = (v + 0.5 for v in corners)
    if orientation.transposed:
        x1, y1, x2, y2 = y1, x1, y2, x2
    if orientation.horizontal == "left":
        x1, x2 = width - x2, width - x1
    if orientation.vertical == "up":
        y1, y2 = height - y2, height - y1
    return x1, y1, x2, y2


def _caption(record: CutoutRecord, boxes: list[Box]) -> str:
    kept = sum(box.kept for box in boxes)
    open_ = sum(box.status is Status.PROPOSAL for box in boxes)
    words = [plural(kept, "clump")]
    if open_:
        words.append(f"{open_} undecided")
    words.append("done" if record.done else "not done")
    return ", ".join(words)


def _remark(record: CutoutRecord) -> str:
    said = ", ".join([*record.flags, *record.tags])
    return ": ".join(filter(None, [said, one_line(record.remark)]))
