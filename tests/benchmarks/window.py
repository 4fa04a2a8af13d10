"""The window with a review of 10,000 cutouts: opening, next cutout, a decision."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.benchmarks.goal import Figure, spread

CUTOUTS = 10_000
STEPS = 100


def _make_cutouts(folder: Path, n: int) -> None:
    """Write JPEGs of 424 x 424 pixels: 50 files, the rest links to them."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:424, :424]
    base = 150 * np.exp(-((x - 212) ** 2 + (y - 212) ** 2) / 9000)
    for i in range(n):
        path = folder / f"galaxy-{i:06d}.jpg"
        if i < 50:
            noise = rng.normal(20, 6, (424, 424, 3))
            pixels = np.clip(base[..., None] + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(path, quality=90)
        else:
            os.link(folder / f"galaxy-{i % 50:06d}.jpg", path)


@contextmanager
def many_cutouts(n: int) -> Iterator[Path]:
    """Give a folder of cutouts, and settings of their own beside it."""
    with tempfile.TemporaryDirectory() as name:
        os.environ["NAPARI_CLUMPS_DATA"] = str(Path(name) / "data")
        folder = Path(name) / "many"
        folder.mkdir()
        _make_cutouts(folder, n)
        yield folder


def painter_of(viewer: Any) -> Callable[[], None]:
    """Return what waits until a window shows what it is to show."""
    from qtpy.QtWidgets import QApplication

    def painted() -> None:
        viewer.window._qt_viewer.canvas.native.repaint()
        QApplication.processEvents()

    return painted


def figures() -> Iterator[Figure]:
    """Measure in one window, painting included."""
    with many_cutouts(CUTOUTS) as folder:
        yield from _measure(folder)


def _measure(folder: Path) -> Iterator[Figure]:
    import napari

    from napari_clumps.plugin.panels import show_panels
    from napari_clumps.plugin.window import controller_of
    from napari_clumps.review import Proposal

    viewer = napari.Viewer()
    viewer.window.resize(1400, 900)
    show_panels(viewer)
    controller = controller_of(viewer)
    painted = painter_of(viewer)
    painted()
    start = time.perf_counter()
    controller.open_paths([folder])
    painted()
    made = time.perf_counter() - start
    yield Figure(
        "make a review of 10,000, to the first picture", made, "s", "under 2 s"
    )
    path = controller.session.review.path
    controller.close_review()
    start = time.perf_counter()
    controller.open_paths([path])
    painted()
    opened = time.perf_counter() - start
    yield Figure("open it again, to the first picture", opened, "s", "under 2 s")

    rng = np.random.default_rng(2)
    for i in range(1, STEPS + 2):
        corners = rng.uniform(20, 380, (30, 2))
        proposals = [Proposal(x, y, x + 18, y + 18, "clump", 0.9) for x, y in corners]
        controller.session.review.propose(i, proposals, "bench", size=(424, 424))
    controller.navigator.go_to(1)
    yield from _decisions(controller, painted)
    yield from _steps(controller, painted)
    controller.close()
    viewer.close()


def _decisions(controller: object, painted: object) -> Iterator[Figure]:
    times, shown = [], []
    for i in range(25 * 4):
        if not controller.session.shown.undecided:
            controller.navigator.next_cutout()
            painted()
        start = time.perf_counter()
        (controller.decisions.accept if i % 3 else controller.decisions.reject)()
        times.append(time.perf_counter() - start)
        painted()
        shown.append(time.perf_counter() - start)
    yield from spread(
        "a decision among 30 boxes, committed", times, "95 % within 30 ms"
    )
    yield from spread("a decision, committed and painted", shown, "")


def _steps(controller: object, painted: object) -> Iterator[Figure]:
    times, shown = [], []
    for _ in range(STEPS - 10):
        time.sleep(0.15)  # a person looks before the next one
        start = time.perf_counter()
        controller.navigator.next_cutout()
        times.append(time.perf_counter() - start)
        painted()
        shown.append(time.perf_counter() - start)
    yield from spread("next cutout with 30 boxes", times, "95 % within 100 ms")
    yield from spread("next cutout, painted", shown, "")
