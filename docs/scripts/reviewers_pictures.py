"""The pictures of the panels "Reviewers" and "Filmstrip": DEMO PICTURES.

``python docs/scripts/reviewers_pictures.py build/demo docs/pictures`` copies the review
that the scripted demo left, has a second reviewer decide otherwise on some boxes of the
copy, and merges the two in the real window.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from collect_pictures import keep_picture

from napari_clumps.review import Review, Status


def main(demo: Path, pictures: Path) -> None:
    """Make both files, merge them, and save the pictures."""
    folder = demo / "reviewers"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    os.environ["NAPARI_CLUMPS_DATA"] = str(folder.absolute() / "data")
    ours, theirs = folder / "ada.clumps", folder / "ben.clumps"
    for path in (ours, theirs):
        shutil.copy(demo / "sample.clumps", path)
    decide_otherwise(theirs, "Ben")
    in_the_window(ours, theirs, folder, pictures)


def decide_otherwise(path: Path, name: str) -> None:
    """Decide otherwise on one of four boxes."""
    with Review.open(path) as review:
        review.annotator = name
        boxes = [box for i in review.ids for box in review.boxes(i) if box.decided]
        for box in boxes[1::4]:
            if box.status is Status.REJECTED:
                review.accept(box.id)
            else:
                review.reject(box.id)


def in_the_window(ours: Path, theirs: Path, folder: Path, pictures: Path) -> None:
    """Merge as the panel's button does once a file was chosen, and save pictures."""
    import napari
    from qtpy.QtTest import QTest

    from napari_clumps.panels.clumps import ClumpsPanel
    from napari_clumps.plugin.panels import show_panels
    from napari_clumps.plugin.window import controller_of

    viewer = napari.Viewer(title="napari-clumps")
    viewer.window.resize(1500, 940)
    show_panels(viewer)
    controller = controller_of(viewer)
    controller.reviewers.name = "Ada"
    controller.open_paths([ours])

    def picture(name: str) -> None:
        QTest.qWait(2500)
        path = folder / f"{name}.png"
        viewer.window._qt_window.grab().save(str(path))
        keep_picture(path, pictures / f"{name}.png")

    filmstrip, _ = viewer.window.add_plugin_dock_widget("napari-clumps", "Filmstrip")
    picture("filmstrip")
    viewer.window.remove_dock_widget(filmstrip)
    panel = viewer.window._qt_window.findChild(ClumpsPanel, "clumps_panel")
    panel.show_page("reviewers")
    controller.exchange.merge(theirs)
    while controller.exchange.merging.running:
        QTest.qWait(50)
    controller.reviewers.show_disagreements()
    picture("reviewers")
    controller.close()
    viewer.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
