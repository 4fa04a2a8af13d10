"""After a training: one sentence says what to do."""

from __future__ import annotations

import pytest

from napari_clumps.models.next_step import next_step

UNCLEAR = "no clear difference"


@pytest.mark.parametrize(
    ("comparison", "left", "said"),
    [
        ({"verdict": UNCLEAR, "more_needed": 7}, 9, "Set 7 more held-out cutouts done"),
        ({"verdict": UNCLEAR, "more_needed": 1}, 9, "Set 1 more held-out cutout done"),
        (
            {"verdict": UNCLEAR, "more_needed": 7},
            3,
            "Set the 3 held-out cutouts that are left done, add galaxies",
        ),
        ({"verdict": UNCLEAR, "more_needed": 7}, 0, "Every held-out cutout is done"),
        ({"verdict": UNCLEAR, "more_needed": None}, 4, "Set more held-out cutouts"),
        ({"verdict": UNCLEAR}, 4, "Set more held-out cutouts done and compare again"),
        ({"problem": "no held-out cutout is done"}, 4, "Set 4 held-out cutouts done"),
        ({"problem": "no held-out cutout is done"}, 0, "Add galaxies to this review"),
        (None, 4, "Compare it with the old one"),
    ],
)
def test_an_open_question_names_what_would_settle_it(comparison, left, said):
    sentence = next_step(comparison, left)
    assert sentence.startswith(said)
    assert "use the new model and check its proposals yourself" in sentence


def test_a_clear_verdict_is_followed():
    assert next_step({"verdict": "better"}, 3).startswith("Use the new model")
    assert next_step({"verdict": "worse"}, 3).startswith("Keep the old model")
