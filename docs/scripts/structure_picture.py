"""The picture of a galaxy's structure: FOLDER MODEL PICTURES [CUTOUT].

``python docs/scripts/structure_picture.py GALAXIES starter docs/pictures`` opens a
folder of FITS galaxies in the real window, and saves ``structure.png``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from picture_window import PictureWindow


def main(galaxies: Path, model: str, pictures: Path, cutout: str = "") -> None:
    """Fit, measure, and save the picture."""
    from qtpy.QtWidgets import QScrollArea

    window = PictureWindow(galaxies, model, pictures)
    c = window.controller
    records = list(c.session.opened.cutouts())
    chosen = next((r for r in records if r.name == cutout), records[0])
    c.navigator.go_to(chosen.id)
    panel: Any = window.dock("Isophotes", "isophote_panel")
    window.wait(lambda: panel.answer is not None)
    panel._structure.measure()
    window.wait(lambda: panel._structure.answer is not None)
    panel._table.hide()
    scroll = panel.findChild(QScrollArea)
    window.wait(lambda: scroll.verticalScrollBar().maximum() > 0)
    scroll.verticalScrollBar().setValue(panel._structure.y() + 30)
    window.save("structure.png")
    window.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), *sys.argv[4:5])
