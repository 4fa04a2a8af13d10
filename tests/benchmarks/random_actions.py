"""Ten minutes of everything in any order in the real window."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.goal import Figure

SECONDS = 600.0


def figures() -> Iterator[Figure]:
    """Act at random; an exception or a lost box ends it with its last steps."""
    import napari

    from napari_clumps.plugin.panels import show_panels
    from napari_clumps.plugin.window import controller_of
    from napari_clumps.review import Proposal
    from tests.helpers.random_actions import RandomUser
    from tests.helpers.review_window import make_galaxies
    from tests.integration.test_random_actions import DOCKS

    with tempfile.TemporaryDirectory() as name:
        os.environ["NAPARI_CLUMPS_DATA"] = str(Path(name) / "data")
        viewer = napari.Viewer()
        show_panels(viewer)
        for dock in DOCKS:
            viewer.window.add_plugin_dock_widget("napari-clumps", dock, tabify=True)
        controller = controller_of(viewer)
        controller.open_paths([make_galaxies(Path(name) / "galaxies", 30)])
        boxes = [Proposal(20 * k, 40, 20 * k + 18, 58, "clump", 0.7) for k in range(5)]
        for cutout in controller.session.review.ids:
            controller.session.review.propose(cutout, boxes, "bench", size=(160, 160))
        user = RandomUser(viewer, controller, seed=7)
        user.play(seconds=SECONDS)
        yield Figure("random actions, nothing broken", user.done.total(), "")
        decisions = sum(1 for _ in controller.session.review.decisions())
        yield Figure("decisions among them, none lost", decisions, "")
        controller.close()
        viewer.close()
