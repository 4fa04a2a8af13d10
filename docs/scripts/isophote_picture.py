"""The pictures of a galaxy's isophotes: FOLDER MODEL PICTURES [CUTOUT].

``python docs/scripts/isophote_picture.py GALAXIES starter docs/pictures`` opens a
folder of galaxies in the real window, detects, and saves ``isophotes.png``, the
ellipses on a galaxy, and ``residual.png``, what is left without their light.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from picture_window import PictureWindow


def main(galaxies: Path, model: str, pictures: Path, cutout: str = "") -> None:
    """Detect, fit, and save the pictures."""
    window = PictureWindow(galaxies, model, pictures)
    c = window.controller
    window.detect()
    records = list(c.session.opened.cutouts())
    chosen = next((r for r in records if r.name == cutout), records[0])
    c.navigator.go_to(chosen.id)
    panel: Any = window.dock("Isophotes", "isophote_panel")
    window.wait(lambda: panel.answer is not None)
    window.save("isophotes.png")
    panel._ellipses.setChecked(False)
    panel._left.setChecked(True)
    window.save("residual.png")
    window.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), *sys.argv[4:5])
