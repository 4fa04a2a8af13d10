"""The pictures of what comes next and of similar galaxies: FOLDER MODEL PICTURES.

``python docs/scripts/suggestion_pictures.py GALAXIES my-model docs/pictures`` opens a
folder of galaxies in the real window, detects with a model that has an ensemble, and
saves ``suggested.png``, ``similar.png`` and ``map.png``.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from collect_pictures import keep_picture

from clump_detector.images.host_profile import PARTS
from napari_clumps.app.controller import Controller


def main(galaxies: Path, model: str, pictures: Path) -> None:
    """Detect, choose an order, look for similar ones, and save the pictures."""
    import napari
    from qtpy.QtTest import QTest
    from qtpy.QtWidgets import QWidget

    from napari_clumps.plugin.panels import show_panels
    from napari_clumps.plugin.window import controller_of
    from napari_clumps.review import QueuePlan

    scratch = Path(tempfile.mkdtemp())
    os.environ["NAPARI_CLUMPS_DATA"] = str(scratch / "data")
    viewer = napari.Viewer(title="napari-clumps")
    viewer.window.resize(1500, 940)
    show_panels(viewer)
    c = controller_of(viewer)
    c.session.choose(annotator="Ada", blind_test=False)
    c.session.choose_model(model)

    def wait(done: Callable[[], bool]) -> None:
        while not done():
            QTest.qWait(50)

    def save(name: str) -> None:
        QTest.qWait(2500)
        picture = scratch / name
        viewer.window._qt_window.grab().save(str(picture))
        keep_picture(picture, pictures / name)

    c.open_paths([galaxies], scratch / "galaxies.clumps")
    c.detection.start("review")
    wait(lambda: not c.detection.running)
    c.navigator.choose_queue(QueuePlan("most informative", "not done"))
    save("suggested.png")
    viewer.window.add_plugin_dock_widget("napari-clumps", "Similar galaxies")
    panel = viewer.window._qt_window.findChild(QWidget, "similar_panel")
    c.navigator.go_to(flattest(c))
    panel.like_current()
    save("similar.png")
    viewer.window.add_plugin_dock_widget("napari-clumps", "Map of galaxies")
    c.galaxy_map.make()
    wait(lambda: len(c.galaxy_map.ids) > 0)
    panel = viewer.window._qt_window.findChild(QWidget, "map_panel")
    panel._colour.setCurrentText("number of clumps")
    corner = np.array([[-1.1, -1.1], [0, -1.1], [0, 0], [-1.1, 0]])
    panel.choose(c.galaxy_map.inside(corner))
    save("map.png")
    c.close()
    viewer.close()


def flattest(controller: Controller) -> int:
    """Return the described galaxy whose isophotes are the flattest."""
    features = controller.descriptions.features
    assert features is not None
    ids, _ = features.vectors()
    ratios = features.profiles(ids)[:, PARTS["isophotes"]][:, ::3]
    return int(ids[np.nanargmin(ratios.mean(axis=1))])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
