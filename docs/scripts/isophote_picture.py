"""The pictures of a galaxy's isophotes: FOLDER MODEL PICTURES [CUTOUT].

``python docs/scripts/isophote_picture.py GALAXIES starter docs/pictures`` opens a
folder of galaxies in the real window, detects, and saves ``isophotes.png``, the
ellipses on a galaxy, ``residual.png``, what is left without their light, and
``segments.png``, the pixels of each clump.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from picture_window import PictureWindow

#: Lower than usual, so that faint clumps are boxes, too.
_SCORE = 0.25


def main(galaxies: Path, model: str, pictures: Path, cutout: str = "") -> None:
    """Detect, fit, and save the pictures."""
    from napari_clumps.widgets.base.docks import find_dock

    window = PictureWindow(galaxies, model, pictures)
    c = window.controller
    window.detect()
    window.controller.session.threshold = _SCORE
    records = list(c.session.opened.cutouts())
    chosen = next((r for r in records if r.name == cutout), records[0])
    c.navigator.go_to(chosen.id)
    panel: Any = window.dock("Isophotes", "isophote_panel")
    window.wait(lambda: panel.answer is not None)
    window.save("isophotes.png")
    panel._ellipses.setChecked(False)
    panel._left.setChecked(True)
    window.save("residual.png")
    find_dock(panel).close()
    measuring: Any = window.dock("Photometry", "photometry_panel")
    measuring._segmented.setChecked(True)
    best = max(c.session.shown.boxes, key=lambda box: box.score or 0)
    c.session.shown.select(best.id)
    c.display.zoom()
    window.wait(lambda: measuring.reading and measuring.reading.labels is not None)
    window.save("segments.png")
    window.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), *sys.argv[4:5])
