"""Copy the scripted demo's pictures into the docs: collect_pictures.py DEMO DOCS."""

import sys
from pathlib import Path

from PIL import Image

#: Picture of the docs, and the demo's step it shows.
PICTURES = {
    "open": "open",
    "detect": "detect",
    "review": "draw",
    "look": "look",
    "wall": "wall",
    "retrain": "retrain",
    "verdict": "verdict",
    "again": "again",
}


#: Pixels of the status bar, which names the folder where the demo was run.
STATUS = 24


def main(demo: Path, docs: Path) -> None:
    """Copy each picture, without the status bar and with a palette."""
    docs.mkdir(parents=True, exist_ok=True)
    for name, step in PICTURES.items():
        (found,) = (demo / "pictures").glob(f"*-{step}.png")
        with Image.open(found) as picture:
            width, height = picture.size
            upper = picture.convert("RGB").crop((0, 0, width, height - STATUS))
            small = upper.quantize(256)
            small.save(docs / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
