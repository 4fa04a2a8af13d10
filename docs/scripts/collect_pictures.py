"""Copy the scripted demo's pictures into the docs: collect_pictures.py DEMO DOCS."""

import sys
from pathlib import Path

from PIL import Image

#: Picture of the docs, and the demo's step it shows.
PICTURES = {
    "open": "open",
    "detect": "detect",
    "review": "draw",
    "residual": "residual",
    "gallery": "gallery",
    "retrain": "retrain",
    "verdict": "verdict",
    "again": "again",
}


#: Pixels of the status bar, which names the folder where the demo was run.
STATUS = 24


def main(demo: Path, docs: Path) -> None:
    """Copy each picture."""
    docs.mkdir(parents=True, exist_ok=True)
    for name, step in PICTURES.items():
        (found,) = (demo / "pictures").glob(f"*-{step}.png")
        keep_picture(found, docs / f"{name}.png")


def keep_picture(found: Path, kept: Path) -> None:
    """Copy a picture of the window, without the status bar."""
    with Image.open(found) as picture:
        width, height = picture.size
        upper = picture.convert("RGB").crop((0, 0, width, height - STATUS))
        # In all its colours: a palette gives thin lines those of others, and they say
        # what is accepted, edited or rejected.
        upper.save(kept, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
