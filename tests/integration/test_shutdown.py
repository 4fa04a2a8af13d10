"""A window with every dock is closed: the program ends well, without a word."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.helpers.resources import PATIENCE
from tests.helpers.review_window import make_galaxies

pytestmark = pytest.mark.gui

CLOSE = """if True:
    import sys
    from pathlib import Path
    import napari
    from qtpy.QtCore import QTimer
    from napari_clumps.demo import window
    from tests.integration.test_random_actions import DOCKS

    run = napari.run

    def run_and_close():
        viewer = napari.current_viewer()
        for name in DOCKS:
            viewer.window.add_plugin_dock_widget("napari-clumps", name)
        QTimer.singleShot(3000, viewer.window._qt_window.close)
        run()

    napari.run = run_and_close
    window.open_window([Path(sys.argv[1])])
    print("ended well")
"""


def test_a_window_with_every_dock_closes_without_a_word(tmp_path):
    folder = make_galaxies(tmp_path / "galaxies", 3)
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", CLOSE, str(folder)],
        capture_output=True,
        text=True,
        timeout=3 * PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("ended well")
    assert "Error" not in done.stderr, done.stderr
