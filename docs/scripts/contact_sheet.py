"""A sheet of cutouts with a model's boxes: ``contact_sheet.py OUT.jpg PATH...``.

To see at a glance where a model's boxes lie on galaxies that nobody labelled.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw

from clump_detector.detector.predict import Predictor
from clump_detector.image_files.sources import find_sources
from clump_detector.images.cutout import read_cutout
from clump_detector.images.rgb import to_rgb
from clump_detector.models.registry import resolve_model

COLUMNS, TILE, GAP = 9, 190, 3


def main(out: Path, paths: list[Path], model: str = "starter") -> None:
    """Draw the boxes from the model's default score up, and count them."""
    predictor = Predictor(resolve_model(model), "cpu")
    score = predictor.card.default_score
    tiles, total = [], 0
    for source in find_sources(paths):
        cutout = read_cutout(source)
        found = predictor.predict(cutout)
        zoom = TILE / max(cutout.width, cutout.height)
        size = (round(cutout.width * zoom), round(cutout.height * zoom))
        tile = Image.fromarray(to_rgb(cutout)).resize(size, Image.Resampling.LANCZOS)
        draw = ImageDraw.Draw(tile)
        for corners in found.boxes[found.scores >= score]:
            draw.rectangle([float(v + 0.5) * zoom for v in corners], outline="#ffd92f")
            total += 1
        tiles.append(tile)
    rows = -(-len(tiles) // COLUMNS)
    step = TILE + GAP
    sheet = Image.new("RGB", (COLUMNS * step - GAP, rows * step - GAP), "#303030")
    for k, tile in enumerate(tiles):
        sheet.paste(tile, ((k % COLUMNS) * step, (k // COLUMNS) * step))
    sheet.save(out, quality=82)
    print(f"{out}: {total} boxes from score {score:.2f} on {len(tiles)} cutouts.")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(p) for p in sys.argv[2:]])
