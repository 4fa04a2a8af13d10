"""Reviews of cutouts that need no image, and of ones that do."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clump_detector.image_files.sources import Source, find_sources
from napari_clumps.review import Proposal, Review

SIZE = (100, 80)


@pytest.fixture
def make_review(tmp_path: Path) -> Iterator[Callable[..., Review]]:
    """Return a function that makes a review of n cutouts whose images do not exist."""
    made: list[Review] = []

    def make(n: int = 3, **options: object) -> Review:
        sources = [
            Source(f"galaxy {i}", (tmp_path / "images" / f"galaxy {i}.png",))
            for i in range(1, n + 1)
        ]
        options = {"seed": 1, "held_out": 0, "annotator": "Ada", **options}
        path = tmp_path / f"review{len(made) or ''}.clumps"
        made.append(Review.create(path, sources, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for review in made:
        review.close()


@pytest.fixture
def review(make_review: Callable[..., Review]) -> Review:
    """Return a review of three cutouts, the first with two proposals."""
    review = make_review()
    proposals = [
        Proposal(10, 10, 20, 22, "clump", 0.9),
        Proposal(40, 40, 55, 52, "odd clump", 0.4),
    ]
    review.propose(1, proposals, "starter-1", size=SIZE)
    return review


@pytest.fixture
def pictures(tmp_path: Path) -> list[Source]:
    """Return the sources of four PNG files of noise."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    noise = np.random.default_rng(3)
    for name in "abcd":
        pixels = noise.integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.png")
    return find_sources([folder])
