"""The picture of the question about a model's classes: GALAXIES PICTURES.

``python docs/scripts/classes_picture.py FOLDER docs/pictures`` opens a folder of images
with a copy of the starter whose classes have other names, detects, and saves what is
asked, and the dialog of the review's classes.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from picture_window import PictureWindow

from clump_detector.models.card import read_card, write_card
from clump_detector.models.registry import resolve_model


def main(galaxies: Path, pictures: Path) -> None:
    """Ask in the real window, and save pictures of it."""
    models = Path(tempfile.mkdtemp())
    os.environ["NAPARI_CLUMPS_MODELS"] = str(models)
    renamed_model(models / "knots-2024")
    shown = PictureWindow(galaxies, "knots-2024", pictures)
    show_page(shown, "detect")
    shown.controller.detection.start("cutout")
    shown.save("classes_question.png")
    shown.controller.detection.answer({"knot": "clump", "star": "star"})
    shown.wait(lambda: not shown.controller.detection.running)
    show_page(shown, "review")
    dialog = classes_dialog(shown)
    shown.save("classes.png", with_menus=True)
    dialog.close()
    shown.close()


def renamed_model(folder: Path) -> None:
    """Copy the starter, and give its classes other names."""
    shutil.copytree(resolve_model("starter"), folder)
    card = read_card(folder)
    config = replace(card.config, classes=("knot", "star"))
    write_card(folder, replace(card, name=folder.name, config=config))


def show_page(shown: PictureWindow, name: str) -> None:
    """Show a page of the panel "Clumps"."""
    from napari_clumps.panels.clumps import ClumpsPanel

    native = shown.viewer.window._qt_window
    native.findChild(ClumpsPanel, "clumps_panel").show_page(name)


def classes_dialog(shown: PictureWindow) -> object:
    """Show the dialog as the button does, without waiting for its end."""
    from napari_clumps.settings.shortcuts import BOOK
    from napari_clumps.widgets.classes.classes_dialog import ClassesDialog

    review = shown.controller.session.opened
    dialog = ClassesDialog(
        shown.viewer.window._qt_window, review.classes, set(review.class_counts()),
        BOOK.key("reclassify"),
    )  # fmt: skip
    dialog.show()
    return dialog


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
