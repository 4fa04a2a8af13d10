"""Ctrl+C on the command line: one word, exit code 130, and nothing half done."""

from __future__ import annotations

import io
import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from clump_detector.image_files.sources import find_sources
from clump_detector.labels.label_set import read_label_set, write_label_set
from napari_clumps.review import Proposal, Review


class Impatient(io.StringIO):
    """A terminal at which a person presses Ctrl+C when half of the work is done."""

    def write(self, text: str) -> int:
        written = super().write(text)
        if self.getvalue().endswith("50 %\n"):
            raise KeyboardInterrupt
        return written


@pytest.fixture
def half_way(run, monkeypatch):
    """Run a verb until half of it is done; return what stderr was told."""

    def cancelled(*words):
        err = Impatient()
        monkeypatch.setattr(sys, "stderr", err)
        code, out, _ = run(*words)
        assert (code, out) == (130, "")
        lines = err.getvalue().splitlines()
        assert lines[-1] == "Cancelled."
        assert "50 %" in lines[-2]
        return lines

    return cancelled


@pytest.fixture
def two_reviews(tmp_path):
    """Return the files of two reviewers of four cutouts, who differ."""
    folder = tmp_path / "galaxies"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(4):
        pixels = rng.integers(0, 255, (80, 100, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"g{i}.png")
    ours, theirs = folder / "ada.clumps", folder / "ben.clumps"
    with Review.create(ours, find_sources([folder]), seed=1) as made:
        for cutout in made.ids:
            proposals = [Proposal(10, 10, 30, 30, "clump", 0.9)]
            made.propose(cutout, proposals, "m", size=(100, 80))
    shutil.copy(ours, theirs)
    for path in (ours, theirs):
        with Review.open(path) as review:
            review.annotator = path.stem
            for cutout in review.ids:
                (box,) = review.boxes(cutout)
                (review.accept if path == ours else review.reject)(box.id)
    return ours, theirs


def state(path):
    with Review.open(path, read_only=True) as review:
        assert review.check() == []
        return review.last_seq, [review.boxes(i) for i in review.ids]


def test_a_merge_is_whole_or_not_there(run, half_way, two_reviews):
    ours, theirs = two_reviews
    before = state(ours)
    half_way("import", theirs, "--into", ours)
    assert state(ours) == before


def test_a_merge_shows_how_far_it_is(run, two_reviews):
    ours, theirs = two_reviews
    code, out, err = run("import", theirs, "--into", ours)
    assert code == 0
    assert "4 unresolved disagreements" in out
    assert "Merging: 100 %" in err


@pytest.mark.parametrize(
    "name", ["labels.json", "x.csv", "x.html", "x.pdf", "voc", "yolo", "zooniverse"]
)
def test_an_export_leaves_no_half_of_a_file(half_way, two_reviews, tmp_path, name):
    ours, _ = two_reviews
    out = tmp_path / "out"
    how = ("--as", name, "--undone") if "." not in name else ()
    half_way("export", ours, "--out", out / name, *how)
    assert not out.exists() or list(out.iterdir()) == []


def test_judging_a_model_writes_nothing(half_way, tmp_path):
    from napari_clumps.plugin.sample_data import simulated_folder

    few = read_label_set(simulated_folder() / "labels.json")
    labels = tmp_path / "labels.json"
    write_label_set(replace(few, cutouts=few.cutouts[:4]), labels)
    out = tmp_path / "out"
    words = ("evaluate", labels, "--out", out / "f.json", "--picture", out / "f.png")
    half_way(*words)
    assert not out.exists()
    half_way(*words, "--against", "starter")
    assert not out.exists()
