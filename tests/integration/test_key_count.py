"""How many keys and clicks an expert needs on fifty galaxies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from clump_detector.labels.label_set import LabelledCutout, read_label_set
from clump_detector.metrics.matching import match
from napari_clumps.review import Proposal

pytestmark = pytest.mark.gui

GALAXIES = 50

#: What a good model does: share of true clumps proposed, and false ones beside them.
FOUND, FALSE = 0.8, 0.25


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    pytest.importorskip("galsim")
    from clump_detector.simulate import simulate

    folder = tmp_path_factory.mktemp("expert") / "galaxies"
    simulate(folder, GALAXIES, 5, kind="png", size=200, clumpy=0.8)
    return folder


def proposals_of(cutout: LabelledCutout, rng: np.random.Generator) -> list[Proposal]:
    """Return what a model that is right in most cases proposes."""
    found = []
    for x1, y1, x2, y2 in cutout.array():
        if rng.random() < FOUND:
            found.append(Proposal(x1 + 0.5, y1, x2 + 0.5, y2, "clump", 0.8))
    for _ in range(rng.poisson(FALSE)):
        x, y = rng.uniform(20, 160, 2)
        found.append(Proposal(x, y, x + 14, y + 14, "clump", 0.6))
    return found


@dataclass
class Expert:
    """Knows the true boxes, and presses no key that is not needed."""

    ui: object
    actions: int = 0

    def press(self, key: str) -> None:
        self.actions += 1
        assert self.actions < 20 * GALAXIES, "the review does not go on"
        self.ui.key(key)

    def review(self, cutout: LabelledCutout) -> None:
        c = self.ui.controller
        truth = cutout.array()
        shown = np.array([b.corners for b in c.session.shown.boxes]).reshape(-1, 4)
        pairs = match(truth, shown, np.ones(len(shown))).partner
        for missing in sorted(set(range(len(truth))) - set(pairs)):
            x1, y1, x2, y2 = truth[missing]
            self.ui.viewer.cursor.position = ((y1 + y2) / 2, (x1 + x2) / 2)
            self.press("B")
        if not c.session.shown.undecided:
            self.press("Space")
            return
        c.session.shown.select(
            c.session.shown.undecided[0].id
        )  # where the review puts it without a B before
        false = {
            b.id
            for b, i in zip(c.session.shown.boxes[: len(pairs)], pairs, strict=True)
            if i < 0
        }
        here = c.session.cutout.id
        while c.session.cutout.id == here and not c.session.cutout.done:
            left = {b.id for b in c.session.shown.undecided}
            if len(left) > 1 and not left & false:
                self.press("Space")
            else:
                self.press("R" if c.session.shown.current in false else "A")


def test_an_expert_needs_about_a_key_for_a_box(window, simulated):
    labels = read_label_set(simulated / "labels.json")
    cutouts = {cutout.source.name: cutout for cutout in labels.cutouts}
    rng = np.random.default_rng(1)
    c = window.controller
    c.session.choose(go_on_after_last=True, blind_test=True)
    c.session.threshold = 0.3
    c.open_paths([simulated])
    for i in c.session.review.ids:
        name = c.session.review.cutout(i).name
        c.session.review.propose(
            i, proposals_of(cutouts[name], rng), "m", size=(200, 200)
        )
    c.navigator.go_to(1)
    expert = Expert(window)
    while not c.session.cutout.done:
        expert.review(cutouts[c.session.cutout.name])
    counts = c.session.review.counts()
    assert counts.done == GALAXIES
    boxes = sum(counts.boxes_by_status.values())
    print(f"{expert.actions} actions, {boxes} boxes, {GALAXIES} cutouts")
    assert expert.actions <= 1.1 * boxes + 0.5 * GALAXIES
    for cutout in c.session.review.cutouts():
        kept = [b.corners for b in c.session.review.boxes(cutout.id) if b.kept]
        truth = cutouts[cutout.name].array()
        assert len(kept) == len(truth)
        assert (match(truth, kept, np.ones(len(kept))).partner >= 0).all()
