"""The picture of what boxes look like: LABELS PICTURE.

``python docs/scripts/objects_picture.py labels.json docs/pictures/objects.png`` draws
boxes of a label set, clumps and those that were turned down, drawn at random among the
ones that look like each kind with a chance of at least 0.6, in a row for each kind.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from clump_detector.core.boxes import as_boxes
from clump_detector.evaluation.plots import new_figure, save_figure
from clump_detector.images.cutout import read_cutout
from clump_detector.images.rgb import to_rgb
from clump_detector.labels.label_set import read_label_set
from clump_detector.photometry.objects.chances import OBJECTS, WORDS, object_chances

#: Boxes in a row, the least chance, and the sides of a crop in sides of the box.
ROW, LEAST, WIDE = 9, 0.6, 4.0


def main(labels: Path, picture: Path) -> None:
    """Look at every box, and draw some of each kind."""
    crops: dict[str, list[tuple[np.ndarray, float]]] = {name: [] for name in OBJECTS}
    for one in read_label_set(labels).cutouts:
        boxes = as_boxes([b.corners for b in (*one.boxes, *one.rejected)])
        if not len(boxes):
            continue
        cutout = read_cutout(one.source)
        chances = object_chances(cutout, boxes)
        for box, row in zip(boxes, chances, strict=True):
            if not np.isnan(row).any() and row.max() >= LEAST:
                found = crop(to_rgb(cutout), box)
                crops[OBJECTS[int(row.argmax())]].append((found, float(row.max())))
    draw(crops, picture)


def crop(rgb: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Return the light about a box, as bright as its brightest."""
    x1, y1, x2, y2 = box
    half = WIDE * max(x2 - x1, y2 - y1) / 2
    rows = np.clip(np.round((y1 + y2) / 2 + (-half, half)), 0, len(rgb)).astype(int)
    columns = np.clip(np.round((x1 + x2) / 2 + (-half, half)), 0, rgb.shape[1])
    part = rgb[slice(*rows), slice(*columns.astype(int))].astype(float)
    return np.clip(part / max(np.percentile(part, 99.7), 40), 0, 1)


def draw(crops: dict[str, list[tuple[np.ndarray, float]]], picture: Path) -> None:
    """Draw a row of each kind, and write it."""
    drawing = new_figure(1.0 * ROW, 1.15 * len(OBJECTS))
    places = drawing.subplots(len(OBJECTS), ROW)
    chance = np.random.default_rng(2)
    for name, axes in zip(OBJECTS, places, strict=True):
        some = chance.permutation(len(crops[name]))[:ROW]
        for at in axes:
            at.set_axis_off()
        for at, k in zip(axes, some, strict=False):
            part, sure = crops[name][k]
            at.imshow(part, interpolation="bilinear")
            at.set_title(f"{sure:.2f}", fontsize=7, pad=2)
        axes[0].text(
            -0.15, 0.5, WORDS[name].replace(" or ", "\nor "), fontsize=8, ha="right",
            va="center", transform=axes[0].transAxes,
        )  # fmt: skip
    save_figure(drawing, picture)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
