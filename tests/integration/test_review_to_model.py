"""From a folder of galaxies to a retrained model that proposes again, as a person goes.

The scripted demo presses the keys and buttons of the real window; what it leaves is
what a person would have.
"""

from __future__ import annotations

import subprocess
import sys

import pytest
from PIL import Image

from clump_detector.labels.label_set import read_label_set
from clump_detector.models.card import read_card
from napari_clumps.review import Review, Status
from tests.helpers.resources import PATIENCE

pytestmark = pytest.mark.gui

STEPS = (
    "open", "detect", "decide", "draw", "undo", "residual", "done", "gallery",
    "retrain", "verdict", "again",
)  # fmt: skip


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo")
    code = "from napari_clumps.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "demo", "--scripted", "--out", str(out)],
        capture_output=True,
        text=True,
        timeout=6 * PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return out


def test_every_step_has_a_picture_of_the_window(demo):
    pictures = sorted((demo / "pictures").glob("*.png"))
    assert [p.stem.split("-")[1] for p in pictures] == list(STEPS)
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.width > 1000
            colours = picture.convert("RGB").getcolors(picture.width * picture.height)
        assert len(colours) > 200  # not a black canvas


def test_the_review_holds_every_kind_of_decision(demo):
    with Review.open(demo / "sample.clumps", read_only=True) as review:
        kinds = {d.kind for d in review.decisions()}
        counts = review.counts()
        assert review.check() == []
    assert {"accept", "add", "blind", "done", "undo", "redo"} <= kinds
    assert counts.done == counts.cutouts - 2
    assert counts.boxes_by_status[Status.DRAWN] > 0


def test_the_labels_are_those_of_the_review(demo):
    labels = read_label_set(demo / "labels.json")
    with Review.open(demo / "sample.clumps", read_only=True) as review:
        boxes = review.counts().boxes_by_status
    kept = boxes[Status.ACCEPTED] + boxes[Status.DRAWN] + boxes[Status.EDITED]
    assert labels.n_boxes == kept
    assert sum(c.done for c in labels.cutouts) == len(labels.cutouts)


def test_the_new_model_knows_its_parent_and_has_proposed(demo):
    (folder,) = (demo / "models").iterdir()
    card = read_card(folder)
    assert "starter" in str(card.learned_from["parent"])
    with Review.open(demo / "sample.clumps", read_only=True) as review:
        left = [r for r in review.cutouts() if not r.done]
    assert len(left) == 2
    assert all(r.model == card.model_id for r in left)
