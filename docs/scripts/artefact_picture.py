"""The picture of artefacts in the window: FOLDER MODEL PICTURES CUTOUT.

``python docs/scripts/artefact_picture.py GALAXIES starter docs/pictures star-1`` opens
a folder of galaxies in the real window, has it searched, and saves ``artefacts.png``
with the menu of flags open on a cutout.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from picture_window import PictureWindow


def main(galaxies: Path, model: str, pictures: Path, cutout: str) -> None:
    """Search, open the menu, and save the picture."""
    from qtpy.QtWidgets import QMenu

    window = PictureWindow(galaxies, model, pictures)
    c = window.controller
    records = list(c.session.opened.cutouts())
    chosen = next(r for r in records if r.name == cutout)
    c.navigator.go_to(chosen.id)
    c.detection.start("cutout")
    window.wait(lambda: not c.detection.running and not c.artefacts.running)
    menu = window.viewer.window._qt_window.findChild(QMenu, "flag_menu")
    button: Any = menu.parent()
    menu.popup(button.mapToGlobal(button.rect().bottomLeft()))
    window.wait(menu.isVisible)
    window.save("artefacts.png", with_menus=True)
    menu.hide()
    window.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4])
