"""The picture of stars and galaxies beside a galaxy: FOLDER MODEL PICTURES CUTOUT.

``python docs/scripts/other_sources_picture.py GALAXIES starter docs/pictures NAME``
opens a folder of galaxies in the real window, detects, and saves
``other_sources.png`` with the sources beside one of them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from picture_window import PictureWindow


def main(galaxies: Path, model: str, pictures: Path, cutout: str) -> None:
    """Detect, look for other sources, and save the picture."""
    window = PictureWindow(galaxies, model, pictures)
    c = window.controller
    records = list(c.session.opened.cutouts())
    c.navigator.go_to(next(r for r in records if r.name == cutout).id)
    c.detection.start("cutout")
    window.wait(lambda: not c.detection.running)
    measuring: Any = window.dock("Photometry", "photometry_panel")
    measuring._with_others.setChecked(True)
    if c.session.shown.boxes:
        best = max(c.session.shown.boxes, key=lambda box: box.score or 0)
        c.session.shown.select(best.id)
    window.wait(lambda: measuring.reading and measuring.reading.others is not None)
    window.save("other_sources.png")
    window.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4])
