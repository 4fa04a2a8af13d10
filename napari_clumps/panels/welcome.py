"""The page that the panel "Review clumps" shows before a review is open."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from napari_clumps.app.controller import Controller
from napari_clumps.widgets.base.parts import plain_button, text_label


def welcome_page(controller: Controller, parent: QWidget) -> QWidget:
    """Return the page that is shown before a review is open."""
    page = QWidget()
    layout = QVBoxLayout(page)
    words = text_label("welcome")
    words.setText(
        "<b>No review is open.</b><br><br>Open a folder of galaxy cutouts to start "
        "one, or a review file (*.clumps) to go on. You can also drop either on the "
        "window."
    )
    layout.addWidget(words)

    def folder() -> None:
        name = QFileDialog.getExistingDirectory(parent, "Folder of cutouts")
        if name:
            controller.open_paths([name])

    def review() -> None:
        name, _ = QFileDialog.getOpenFileName(
            parent, "Open a review", "", "Review (*.clumps)"
        )
        if name:
            controller.open_paths([name])

    def sample(key: str) -> Callable[[], None]:
        def opened() -> None:
            from napari_clumps.plugin.sample_data import open_sample_in

            open_sample_in(controller, key)

        return opened

    for name, text, clicked, tip in (
        (
            "open_folder",
            "Open a folder of cutouts…",
            folder,
            "PNG, JPEG, TIFF, NPY, FITS",
        ),
        ("open_review", "Open a review…", review, "A *.clumps file"),
        ("sample_simulated", "Try simulated galaxies", sample("simulated"), "A sample"),
        ("sample_hubble", "Try Hubble galaxies", sample("hubble"), "A sample"),
    ):
        layout.addWidget(plain_button(name, text, clicked, tip))
    layout.addStretch(1)
    return page
