"""The pictures of what comes next and of similar galaxies: FOLDER MODEL PICTURES.

``python docs/scripts/suggestion_pictures.py GALAXIES my-model docs/pictures`` opens a
folder of galaxies in the real window, detects with a model that has an ensemble, and
saves ``suggested.png``, ``similar.png`` and ``map.png``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from picture_window import PictureWindow

from clump_detector.images.host_profile import PARTS
from napari_clumps.app.controller import Controller


def main(galaxies: Path, model: str, pictures: Path) -> None:
    """Detect, choose an order, look for similar ones, and save the pictures."""
    from napari_clumps.review import QueuePlan

    window = PictureWindow(galaxies, model, pictures)
    c = window.controller
    window.detect()
    c.navigator.choose_queue(QueuePlan("most informative", "not done"))
    window.save("suggested.png")
    panel = window.dock("Similar galaxies", "similar_panel")
    c.navigator.go_to(flattest(c))
    panel.like_current()
    window.save("similar.png")
    panel = window.dock("Map of galaxies", "map_panel")
    c.galaxy_map.make()
    window.wait(lambda: len(c.galaxy_map.ids) > 0)
    panel._colour.setCurrentText("number of clumps")
    corner = np.array([[-1.1, -1.1], [0, -1.1], [0, 0], [-1.1, 0]])
    panel.choose(c.galaxy_map.inside(corner))
    window.save("map.png")
    window.close()


def flattest(controller: Controller) -> int:
    """Return the described galaxy whose isophotes are the flattest."""
    features = controller.descriptions.features
    assert features is not None
    ids, _ = features.vectors()
    ratios = features.profiles(ids)[:, PARTS["isophotes"]][:, ::3]
    return int(ids[np.nanargmin(ratios.mean(axis=1))])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
