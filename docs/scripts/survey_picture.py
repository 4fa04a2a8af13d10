"""The picture of the panel "Survey": DATASET PICTURES.

``python docs/scripts/survey_picture.py DATASET docs/pictures`` asks a dataset for its
cutouts in the real window, opens them as a review, and saves ``survey.png``. The review
stays in the dataset.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from collect_pictures import keep_picture


def main(dataset: Path, pictures: Path) -> None:
    """Ask, review, and save the picture."""
    import napari
    from qtpy.QtTest import QTest
    from qtpy.QtWidgets import QLineEdit

    from napari_clumps.panels.clumps import ClumpsPanel
    from napari_clumps.plugin.panels import show_panels
    from napari_clumps.plugin.window import controller_of

    scratch = Path(tempfile.mkdtemp())
    os.environ["NAPARI_CLUMPS_DATA"] = str(scratch / "data")
    viewer = napari.Viewer(title="napari-clumps")
    viewer.window.resize(1500, 940)
    show_panels(viewer)
    controller = controller_of(viewer)
    controller.session.choose(annotator="Ada", blind_test=False)
    window = viewer.window._qt_window
    clumps = window.findChild(ClumpsPanel, "clumps_panel")
    page = clumps.show_page("survey")
    page.findChild(QLineEdit, "survey_where").setText("score > 0.3 and n_clumps > 2")
    page.show_dataset(dataset)
    surveys = controller.surveys
    while surveys.selecting.running:
        QTest.qWait(50)
    surveys.review()
    while surveys.making.running or surveys.filling.running:
        QTest.qWait(50)
    QTest.qWait(2500)
    picture = scratch / "survey.png"
    window.grab().save(str(picture))
    keep_picture(picture, pictures / "survey.png")
    controller.close()
    viewer.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
