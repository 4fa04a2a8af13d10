"""Reviewing a survey: cutouts chosen of 1,000,000, to the first picture in a window."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.benchmarks.goal import Figure, memory, spread
from tests.benchmarks.survey_dataset import SIDE, make_dataset
from tests.benchmarks.window import painter_of

CUTOUTS, FEATURES = 1_000_000, 64

#: Files that differ; the others are links to them.
DIFFERENT = 50

WHERE = "score > 0.3 and n_clumps > 4"

#: What is asked, and how often.
ASKED: dict[str, tuple[dict[str, Any], int]] = {
    WHERE: ({"where": WHERE}, 9),
    "all, the highest score first": ({}, 5),
    "not reviewed, at random": ({"where": "not reviewed", "order": "random"}, 5),
    "a class and a score of one box": (
        {"where": "class == 'clump' and score > 0.9", "order": "uncertainty"},
        5,
    ),
    "boxes compared with their cutouts": (
        {"where": "x1 < width / 2 and score > 0.5"},
        3,
    ),
    "within 1 deg of a position": ({"near": (150.0, 2.2, 1.0)}, 5),
    f"most like another, {FEATURES} features": ({"like": "galaxy-0000123"}, 3),
}


#: Prints the peak of memory in GB.
_SELECT = """
import json, sys
from pathlib import Path
from clump_detector.survey_search.dataset.query import select
from tests.helpers.resources import peak_memory
select(Path(sys.argv[1]), sys.argv[2])
print(json.dumps(peak_memory()))
"""


def figures() -> Iterator[Figure]:
    """Make the dataset, ask it, and open what comes in a window."""
    with tempfile.TemporaryDirectory() as name:
        os.environ["NAPARI_CLUMPS_DATA"] = str(Path(name) / "data")
        dataset = Path(name) / "survey"
        pictures, stamp = _pictures(Path(name) / "pictures")
        start = time.perf_counter()
        make_dataset(dataset, CUTOUTS, FEATURES, stamp)
        yield Figure("make 1,000,000 rows", time.perf_counter() - start, "s")
        yield from _asking(dataset)
        _link(dataset, pictures)
        yield from _to_the_picture(dataset)


def _asking(dataset: Path) -> Iterator[Figure]:
    from clump_detector.survey_search.dataset.query import select

    yield _memory(dataset)
    for name, (asked, times) in ASKED.items():
        select(dataset, **asked)  # what is imported and cached
        seconds = []
        for _ in range(times):
            start = time.perf_counter()
            select(dataset, **asked)
            seconds.append(time.perf_counter() - start)
        goal = "under 1500 ms" if name == WHERE else ""
        yield from spread(f"select {name}", seconds, goal)


def _memory(dataset: Path) -> Figure:
    """Return what memory a process takes that selects and does nothing else."""
    command = [sys.executable, "-c", _SELECT, str(dataset), WHERE]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return memory("a process that selects", json.loads(done.stdout))


def _to_the_picture(dataset: Path) -> Iterator[Figure]:
    """Do what ``review DATASET --where`` does, in a window that is open."""
    import napari

    from napari_clumps.plugin.panels import show_panels
    from napari_clumps.plugin.window import controller_of

    viewer = napari.Viewer()
    viewer.window.resize(1400, 900)
    show_panels(viewer)
    controller = controller_of(viewer)
    painted = painter_of(viewer)
    painted()
    seconds = []
    for k in range(6):
        path = dataset / "reviews" / f"{k}.clumps"
        seconds.append(_opened(dataset, path, controller, painted))
        # Also so that what fills one review does not compete with the next one.
        filled = list(_filled(controller, painted))
        if k == 0:
            yield from filled
        controller.close_review()
    yield Figure("first of a window, to the first picture", seconds[0][-1], "s")
    *parts, whole = zip(*seconds[1:], strict=True)
    yield from spread("500 of 1,000,000, to the first picture", whole, "under 3 s")
    for name, part in zip(("selecting", "review", "window"), parts, strict=True):
        yield from spread(f"of this, {name}", part, "")
    controller.close()
    viewer.close()


def _opened(
    dataset: Path, path: Path, controller: Any, painted: Callable[[], None]
) -> tuple[float, ...]:
    """Return the seconds for selecting, for the review, to the picture, and of all."""
    from clump_detector.survey_search.dataset.query import select
    from napari_clumps.io.survey_review import FIRST, review_of

    times = [time.perf_counter()]
    selection = select(dataset, WHERE)
    times.append(time.perf_counter())
    review, problems = review_of(selection, path, first=FIRST)
    review.close()
    assert not problems
    times.append(time.perf_counter())
    controller.open_paths([path])
    painted()
    times.append(time.perf_counter())
    return (*np.diff(times), times[-1] - times[0])


def _filled(controller: Any, painted: Callable[[], None]) -> Iterator[Figure]:
    """Wait for the other cutouts, and see how long the window stands still."""
    start = last = time.perf_counter()
    longest = 0.0
    while controller.surveys.filling.running:
        painted()
        longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
        time.sleep(0.005)
    assert len(controller.session.review) == 500
    yield Figure("until all 500 are in the review", last - start, "s")
    yield Figure("the window stands still meanwhile at most", longest, "s")


def _pictures(folder: Path) -> tuple[list[Path], str]:
    """Write pictures of the same size in bytes, and return their stamp."""
    folder.mkdir()
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    base = 150 * np.exp(-(x**2 + y**2) / 9000)
    content = []
    for _ in range(DIFFERENT):
        noise = rng.normal(20, 6, (SIDE, SIDE, 3))
        pixels = np.clip(base[..., None] + noise, 0, 255).astype(np.uint8)
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=90)
        content.append(file.getvalue())
    size, when = max(map(len, content)), 1_700_000_000 * 10**9
    paths = []
    for k, data in enumerate(content):
        path = folder / f"{k}.jpg"
        path.write_bytes(data.ljust(size, b"\0"))  # which readers of JPEG leave alone
        os.utime(path, ns=(when, when))
        paths.append(path)
    return paths, f"{size}-{when}"


def _link(dataset: Path, pictures: list[Path]) -> None:
    """Put pictures where the cutouts are that will be asked for."""
    from clump_detector.survey_search.dataset.query import select

    (dataset / "cutouts").mkdir()
    for k, address in enumerate(select(dataset, WHERE).addresses):
        os.link(pictures[k % DIFFERENT], dataset / address)
