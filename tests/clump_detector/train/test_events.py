"""The events of a training and their JSON."""

from __future__ import annotations

import json

import pytest

from clump_detector.train.events import (
    EndEvent,
    EpochEvent,
    FeaturesEvent,
    FoldEvent,
    StartEvent,
    StepEvent,
    from_json,
    to_json,
)

EVENTS = [
    StartEvent(6, 9, 1, 0, 3, True, 2, 12, ("a.png: no such file",), "Too few."),
    StartEvent(6, 9, 1, 3, 0, False, 2, 12),
    FeaturesEvent(0, 6),
    StepEvent(1, 12, 1, 0, 0.25, 3.0),
    EpochEvent(1, 0.5, None, None, None, True),
    FoldEvent(1, 3),
    EndEvent("models/new", 2, 60.0, 0.35, {"goal": "f1"}, "Default score 0.35."),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_an_event_comes_back_from_json(event):
    table = json.loads(json.dumps(to_json(event)))
    assert table["event"] == event.kind
    assert from_json(table) == event


def test_there_is_no_empty_note():
    assert to_json(EVENTS[0])["note"] == "Too few."
    assert "note" not in to_json(EVENTS[1])


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"event": "progress", "done": 1},
        {"event": "fold", "fold": 1},
        {"event": "fold", "fold": 1, "folds": 3, "more": 0},
    ],
)
def test_what_is_no_event_is_refused(table):
    with pytest.raises(ValueError, match="event of a training"):
        from_json(table)
