"""The window with a review of 100,000 cutouts, and its memory over 5,000 of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.goal import Figure, spread
from tests.benchmarks.window import many_cutouts, painter_of

CUTOUTS = 100_000
STEPS = 5_000

_MAKE = """
import sys
from clump_detector.image_files.sources import find_sources
from napari_clumps.review import Proposal, Review
with Review.create(sys.argv[2], find_sources([sys.argv[1]])) as review:
    places = [(40 + 12 * k, 60 + 10 * k) for k in range(30)]
    boxes = [Proposal(x, y, x + 18, y + 18, "clump", 0.9) for x, y in places]
    for cutout in range(1, min(len(review), 300) + 1):
        review.propose(cutout, boxes, "bench", size=(424, 424))
"""


def figures() -> Iterator[Figure]:
    """Measure in one window, painting included."""
    with many_cutouts(CUTOUTS) as folder:
        few = folder.with_name("few")
        few.mkdir()
        for image in sorted(folder.iterdir())[:3]:
            shutil.copy(image, few)
        # In processes of their own: what making took is no memory of the window's.
        for made in (few, folder):
            path = made.with_suffix(".clumps")
            subprocess.run([sys.executable, "-c", _MAKE, made, path], check=True)
        yield from _measure(few.with_suffix(".clumps"), path)


def _measure(few: Path, path: Path) -> Iterator[Figure]:
    import napari

    from napari_clumps.plugin.panels import show_panels
    from napari_clumps.plugin.window import controller_of

    viewer = napari.Viewer()
    viewer.window.resize(1400, 900)

    painted = painter_of(viewer)
    painted()
    empty = _megabytes()
    show_panels(viewer)
    controller = controller_of(viewer)
    # The first of a window's life waits for what napari imports for its first layers.
    opened = _opening(controller, few, painted)
    yield Figure("open three in a new window, to the first picture", opened, "s")
    opened = _opening(controller, path, painted)
    yield Figure("open 100,000 then, to the first picture", opened, "s", "under 2 s")
    yield Figure(
        "memory over an empty napari", _megabytes() - empty, "MB", "under 400 MB"
    )
    yield from _decisions(controller, painted)
    yield from _steps(controller, painted)
    controller.close()
    viewer.close()


def _opening(controller: Any, path: Path, painted: Callable[[], None]) -> float:
    start = time.perf_counter()
    controller.open_paths([path])
    painted()
    return time.perf_counter() - start


def _decisions(controller: object, painted: Callable[[], None]) -> Iterator[Figure]:
    times = []
    for i in range(200):
        if not controller.session.shown.undecided:
            controller.navigator.next_cutout()
            painted()
        start = time.perf_counter()
        (controller.decisions.accept if i % 3 else controller.decisions.reject)()
        times.append(time.perf_counter() - start)
        painted()
    yield from spread(
        "a decision among 30 boxes of 100,000 cutouts", times, "95 % within 30 ms"
    )


def _steps(controller: object, painted: Callable[[], None]) -> Iterator[Figure]:
    times = []
    before = None
    for i in range(STEPS):
        if i < 100:
            time.sleep(0.15)  # a person looks before the next one
        start = time.perf_counter()
        controller.navigator.next_cutout()
        if i < 100:
            times.append(time.perf_counter() - start)
        painted()
        if i == 200:  # caches are full
            before = _megabytes()
    yield from spread("next cutout of 100,000", times, "95 % within 100 ms")
    grown = _megabytes() - before
    yield Figure("memory grown over 5,000 cutouts", grown, "MB", "under 50 MB")


def _megabytes() -> float:
    """Return the resident memory of this process."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6
