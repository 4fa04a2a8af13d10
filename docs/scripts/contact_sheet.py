"""A sheet of cutouts with a model's boxes, and the labels where there are some.

``contact_sheet.py OUT.jpg PATH... [--model NAME] [--most N]``: a path is an image, a
folder, or a label set, whose clumps are drawn as circles and unsure ones as dotted
circles. Of a label set's cutouts those with a clump or a box are shown, at most N.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from clump_detector.detector.predict import Predictor
from clump_detector.image_files.sources import find_sources
from clump_detector.images.cutout import read_cutout
from clump_detector.images.rgb import to_rgb
from clump_detector.labels.label_set import LabelledBox, LabelledCutout, read_label_set
from clump_detector.models.registry import resolve_model

COLUMNS, TILE, GAP = 9, 190, 3

#: Length of a dot of a dotted circle, in degrees.
DOT = 15


def main(out: Path, paths: list[Path], model: str, most: int) -> None:
    """Draw the boxes from the model's default score up, and count them."""
    predictor = Predictor(resolve_model(model), "cpu")
    score = predictor.card.default_score
    tiles, total = [], 0
    for path in paths:
        shown = 0
        for one in _cutouts(path):
            cutout = read_cutout(one.source)
            found = predictor.predict(cutout)
            boxes = found.boxes[found.scores >= score]
            labelled = path.suffix == ".json"
            clumps = [b for b in one.boxes if not b.ignored]
            if labelled and not (len(boxes) or clumps):
                continue
            tiles.append(_tile(to_rgb(cutout), boxes, one.boxes))
            total += len(boxes)
            shown += 1
            if labelled and shown == most:
                break
    rows = -(-len(tiles) // COLUMNS)
    step = TILE + GAP
    sheet = Image.new("RGB", (COLUMNS * step - GAP, rows * step - GAP), "#303030")
    for k, tile in enumerate(tiles):
        sheet.paste(tile, ((k % COLUMNS) * step, (k // COLUMNS) * step))
    sheet.save(out, quality=82)
    print(f"{out}: {total} boxes from score {score:.2f} on {len(tiles)} cutouts.")


def _cutouts(path: Path) -> Iterator[LabelledCutout]:
    """Yield the cutouts of a label set, or images without any label."""
    if path.suffix == ".json":
        yield from read_label_set(path).cutouts
        return
    for source in find_sources([path]):
        yield LabelledCutout(source, 0, 0)


def _tile(
    picture: np.ndarray, boxes: np.ndarray, labels: tuple[LabelledBox, ...]
) -> Image.Image:
    """Return a picture with boxes in yellow and labels in green."""
    height, width = picture.shape[:2]
    zoom = TILE / max(width, height)
    size = (round(width * zoom), round(height * zoom))
    tile = Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(tile)
    for corners in boxes:
        draw.rectangle([float(v + 0.5) * zoom for v in corners], outline="#ffd92f")
    for label in labels:
        place = [float(v + 0.5) * zoom for v in label.corners]
        if not label.ignored:
            draw.ellipse(place, outline="#5dff8f")
            continue
        for start in range(0, 360, 3 * DOT):
            draw.arc(place, start, start + DOT, fill="#5dff8f")
    return tile


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("paths", type=Path, nargs="+")
    parser.add_argument("--model", default="starter")
    parser.add_argument("--most", type=int, default=18)
    given = parser.parse_args()
    main(given.out, given.paths, given.model, given.most)
