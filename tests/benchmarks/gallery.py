"""The clump gallery with 10,000 crops: the first screen, and frames while scrolling."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.benchmarks.goal import Figure

GALAXIES, BOXES = 500, 20
FRAMES = 300

#: Pixels from frame to frame: four screens in a second, as fast as an eye can follow.
STEP = 50

#: Seconds from frame to frame, at which a screen draws.
TICK = 1 / 60

#: What the gallery is sorted by, and how its neighbours lie.
ORDERS = {"cutout": "20 of a galaxy together", "score": "neighbours of other galaxies"}


def _make_galaxies(folder: Path) -> None:
    """Write 500 different PNG files of 424 x 424 pixels."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:424, :424]
    base = 150 * np.exp(-((x - 212) ** 2 + (y - 212) ** 2) / 9000)
    noise = rng.normal(20, 6, (500, 500, 3))
    for i in range(GALAXIES):
        dx, dy = rng.integers(0, 76, 2)
        pixels = base[..., None] + noise[dy : dy + 424, dx : dx + 424]
        picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
        picture.save(folder / f"galaxy-{i:03d}.png")


def figures() -> Iterator[Figure]:
    """Measure in one window, painting included."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        os.environ["NAPARI_CLUMPS_DATA"] = str(root / "data")
        folder = root / "galaxies"
        folder.mkdir()
        _make_galaxies(folder)
        yield from _measure(folder)


def _measure(folder: Path) -> Iterator[Figure]:
    import napari

    from napari_clumps.plugin.window import controller_of
    from napari_clumps.review import Arrangement, Proposal

    viewer = napari.Viewer()
    controller = controller_of(viewer)
    controller.open_paths([folder])
    rng = np.random.default_rng(2)
    for i in controller.session.review.ids:
        proposals = [
            Proposal(x, y, x + 18, y + 18, "clump", score)
            for x, y, score in rng.uniform((20, 20, 0.05), (380, 380, 1), (BOXES, 3))
        ]
        controller.session.review.propose(i, proposals, "bench", size=(424, 424))
    yield from _open(viewer)
    panel = viewer.window.dock_widgets["Clump gallery (napari-clumps)"]
    for sort, words in ORDERS.items():
        yield from _first_screen(panel, Arrangement(sort), words)
        yield from _scroll(panel.grid, panel.cells, words)
    yield from _decide(controller)
    controller.close()
    viewer.close()


def _open(viewer: Any) -> Iterator[Figure]:
    """Open the dock from the menu, and give it half the screen."""
    start = time.perf_counter()
    dock, panel = viewer.window.add_plugin_dock_widget("napari-clumps", "Clump gallery")
    _wait(lambda: _is_whole(panel))
    taken = time.perf_counter() - start
    n = len(panel.grid.visible_places())
    yield Figure(
        f"dock with a gallery of 10,000, to its first {n} crops",
        taken,
        "s",
        "under 1 s",
    )
    dock.setFloating(True)
    dock.resize(1200, 850)
    _wait(lambda: panel.width() > 1000 and _is_whole(panel))


def _first_screen(panel: Any, arrangement: Any, words: str) -> Iterator[Figure]:
    """Arrange the gallery anew, with no picture read before."""
    panel.cells.pixmaps.forget()
    start = time.perf_counter()
    panel._gallery.arrange(arrangement)
    panel.refresh()
    panel.grid.viewport().repaint()
    placed = time.perf_counter() - start
    yield Figure(f"10,000 boxes read and arranged ({words})", placed, "s")
    _wait(lambda: _is_whole(panel))
    taken = time.perf_counter() - start
    n = len(panel.grid.visible_places())
    yield Figure(f"first screen of {n} crops ({words})", taken, "s", "under 1 s")


def _is_whole(panel: Any) -> bool:
    places = panel.grid.visible_places()
    return bool(places) and all(panel.cells.picture(p) is not None for p in places)


def _wait(until: Callable[[], bool]) -> None:
    from qtpy.QtWidgets import QApplication

    while not until():
        QApplication.processEvents()
        time.sleep(0.002)
    QApplication.processEvents()


def _scroll(mosaic: Any, cells: Any, words: str) -> Iterator[Figure]:
    """Scroll at a steady pace; a frame's time is that in which nothing else happens."""
    from qtpy.QtWidgets import QApplication

    bar, times, there = mosaic.verticalScrollBar(), [], []
    for _ in range(FRAMES):
        start = time.perf_counter()
        bar.setValue(bar.value() + STEP)
        QApplication.processEvents()
        times.append(time.perf_counter() - start)
        places = mosaic.visible_places()
        there.append(np.mean([cells.picture(p) is not None for p in places]))
        time.sleep(max(TICK - times[-1], 0))
    frames = 1 / np.array(times)
    name = f"frames a second while scrolling ({words})"
    yield Figure(f"{name}, median", float(np.median(frames)), "")
    yield Figure(f"{name}, 5 %", float(np.quantile(frames, 0.05)), "", "20 or more")
    yield Figure(
        "share of crops with their picture meanwhile", float(np.mean(there)), ""
    )


def _decide(controller: Any) -> Iterator[Figure]:
    gallery = controller.gallery
    gallery.refresh()
    for n in (100, 1000):
        ids = gallery.box_ids(range(n))
        start = time.perf_counter()
        gallery.reject(ids)
        taken = time.perf_counter() - start
        yield Figure(f"reject {n} crops in one step, committed", taken, "s")
        start = time.perf_counter()
        gallery.undo()
        yield Figure(f"undo that, {n} crops", time.perf_counter() - start, "s")
