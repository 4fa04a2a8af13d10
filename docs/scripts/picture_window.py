"""A real window with a folder of galaxies, to take pictures of."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from collect_pictures import keep_picture


class PictureWindow:
    """The plugin in a viewer of a fixed size, with a review that is thrown away.

    Parameters
    ----------
    galaxies : path
        A folder of images.
    model : str
        The model to detect with.
    pictures : path
        Where pictures go.
    """

    def __init__(self, galaxies: Path, model: str, pictures: Path) -> None:
        import napari

        from napari_clumps.plugin.panels import show_panels
        from napari_clumps.plugin.window import controller_of

        self._scratch, self._pictures = Path(tempfile.mkdtemp()), pictures
        os.environ["NAPARI_CLUMPS_DATA"] = str(self._scratch / "data")
        self.viewer = napari.Viewer(title="napari-clumps")
        self.viewer.window.resize(1500, 940)
        show_panels(self.viewer)
        self.controller = controller_of(self.viewer)
        session = self.controller.session
        session.choose(annotator="Ada", blind_test=False)
        session.choose_model(model)
        self.controller.open_paths([galaxies], self._scratch / "galaxies.clumps")

    def wait(self, done: Callable[[], bool]) -> None:
        """Wait until something is done."""
        from qtpy.QtTest import QTest

        while not done():
            QTest.qWait(50)

    def detect(self) -> None:
        """Detect clumps on all galaxies."""
        self.controller.detection.start("review")
        self.wait(lambda: not self.controller.detection.running)

    def dock(self, title: str, name: str) -> object:
        """Show a panel of the plugin, and return the widget of that name in it."""
        from qtpy.QtWidgets import QWidget

        self.viewer.window.add_plugin_dock_widget("napari-clumps", title)
        return self.viewer.window._qt_window.findChild(QWidget, name)

    def save(self, name: str, *, with_menus: bool = False) -> None:
        """Save a picture of the window, or of the screen, where open menus are."""
        from qtpy.QtTest import QTest

        QTest.qWait(2500)
        picture = self._scratch / name
        window = self.viewer.window._qt_window
        grabbed = window.screen().grabWindow(0) if with_menus else window.grab()
        grabbed.save(str(picture))
        keep_picture(picture, self._pictures / name)

    def close(self) -> None:
        """Close it."""
        self.controller.close()
        self.viewer.close()
