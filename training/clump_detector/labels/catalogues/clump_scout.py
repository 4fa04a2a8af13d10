"""The boxes of Galaxy Zoo: Clump Scout, as used by Popp et al. (2023).

One row is one box. Its corners are pixels from the corner of the central part
(100, 100, 300, 300) of a 400 x 400 PNG: with 100 added they are pixels of the whole
PNG. The columns are in the order x1, x2, y1, y2; y counts down. Volunteers marked on
the whole PNG, so some boxes extend beyond the part or are completely outside it.
"""

from __future__ import annotations

from collections.abc import Mapping

from clump_detector.labels.coordinates import corners_of
from clump_detector.labels.external import ForeignBox, ForeignLabels, Losses, Size

from .table import LabelTable

ORIGIN = "Clump Scout"

#: Side length in pixels of the PNG, and of the part that pixels are counted in.
SIDE, PART = 400, 200

#: From the PNG's corner to the part's.
OFFSET = (SIDE - PART) / 2

#: Shifts of boxes, which are read as on the whole PNG, by the size of the image.
FITS: Mapping[Size, tuple[float, float]] = {
    (SIDE, SIDE): (0.0, 0.0),
    (PART, PART): (-OFFSET, -OFFSET),
}


def is_clump_scout(grid: LabelTable) -> bool:
    """Return whether a table is one of these, by its columns."""
    return bool(
        grid.find("local_ids", "local_id")
        and all(grid.find(name) for name in ("x1", "x2", "y1", "y2"))
        and not grid.find("score")
    )


def read_clump_scout(grid: LabelTable) -> ForeignLabels:
    """Return the labels of the table; for its convention see the module."""
    losses = Losses()
    files = grid.words(grid.find("filename", "file_name", "file"))
    texts = grid.words(grid.find("label_text", "label"))
    numbers = {
        name: grid.integers(grid.find(*others))
        for name, others in (
            ("local_ids", ("local_ids", "local_id")),
            ("image_id", ("image_id", "zoo_id", "subject_id")),
        )
    }
    columns = [grid.numbers(grid.find(name)) for name in ("x1", "y1", "x2", "y2")]
    boxes, across, outside = [], 0, 0
    for i, row in enumerate(zip(*columns, strict=True)):
        corners = corners_of(row)
        ids = {k: v for k, column in numbers.items() if (v := column[i]) is not None}
        named = files[i] or str(ids.get("local_ids", ""))
        if corners is None:
            losses.add("a box with no area or no number", named)
            continue
        x1, y1, x2, y2 = (v + 0.5 for v in corners)  # from the part's corner again
        if x2 <= 0 or y2 <= 0 or x1 >= PART or y1 >= PART:
            outside += 1
        elif x1 < 0 or y1 < 0 or x2 > PART or y2 > PART:
            across += 1
        x1, y1, x2, y2 = (v + OFFSET for v in corners)
        boxes.append(ForeignBox(named, texts[i], (x1, y1, x2, y2), ids=ids))
    return ForeignLabels(
        "clump-scout", ORIGIN, grid.path, tuple(boxes), FITS, losses,
        _notes(across, outside),
    )  # fmt: skip


def _notes(across: int, outside: int) -> tuple[str, ...]:
    if not across and not outside:
        return ()
    return (
        f"{across:,} boxes extend beyond the central {PART} x {PART} pixels, "
        f"{outside:,} are completely outside: they are kept on the whole {SIDE} x "
        f"{SIDE} picture, and clipped or left out on the central part alone.",
    )
