"""The picture of the human ceiling."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from clump_detector.core.errors import FileError
from napari_clumps.review.comparison.answers import Answered
from napari_clumps.review.comparison.ceiling_plot import ceiling_png, draw_ceiling
from napari_clumps.review.comparison.several import agreement_of_several


def figures(reviewers: int, *, model: bool = True) -> dict:
    rng = np.random.default_rng(3)
    truth = rng.random(60) < 0.5
    yes = np.array([truth ^ (rng.random(60) < 0.1) for _ in range(reviewers)]).T
    names = tuple("ABCD"[:reviewers])
    found = Answered(names, 15, np.arange(60) // 4, yes, truth & model)
    return agreement_of_several(found)


def test_the_f1_of_each_pair_is_told_beside_their_mean():
    made = figures(3)
    assert len(made["people_each"]) == len(made["model_each"]) == 3
    assert np.mean(made["people_each"]) == pytest.approx(made["people"]["value"])
    assert np.mean(made["model_each"]) == pytest.approx(made["model"]["value"])
    assert figures(2, model=False)["model_each"] == []


def test_skills_are_drawn_beside_it_from_three_reviewers_on(tmp_path: Path):
    """In a file they are beside each other, in a panel below."""
    two, three = (imread(io.BytesIO(ceiling_png(figures(n)))) for n in (2, 3))
    assert three.shape[0] > two.shape[0]
    assert three.shape[1] == two.shape[1] < 400
    for n in (2, 3):
        draw_ceiling(figures(n), tmp_path / f"{n}.png")
    two, three = (imread(tmp_path / f"{n}.png") for n in (2, 3))
    assert three.shape[1] > two.shape[1]
    assert three.shape[0] == two.shape[0]


@pytest.mark.parametrize("name", ["a.png", "a.svg", "a"])
def test_it_is_drawn_into_a_file(name: str, tmp_path: Path):
    draw_ceiling(figures(2, model=False), tmp_path / name)
    (made,) = tmp_path.iterdir()
    assert made.suffix in (".png", ".svg")
    if made.suffix == ".svg":
        assert "two people" in made.read_text() or "<svg" in made.read_text()


def test_a_format_that_is_none(tmp_path: Path):
    with pytest.raises(FileError, match="no format of a picture"):
        draw_ceiling(figures(2), tmp_path / "a.doc")
    assert list(tmp_path.iterdir()) == []
