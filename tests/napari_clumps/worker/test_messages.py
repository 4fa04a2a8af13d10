"""The protocol between the window and the worker: both ends know all messages."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import clump_detector.worker
from clump_detector.images.artefacts.kinds import Artefact
from clump_detector.train import events as training
from napari_clumps.worker.messages import (
    ArtefactsMessage,
    CancelledEvent,
    CancelMessage,
    CompareMessage,
    DetectMessage,
    DoneEvent,
    ErrorEvent,
    ExplainMessage,
    FoundArtefacts,
    Loading,
    ProgressEvent,
    Proposals,
    StopMessage,
    TrainMessage,
    Unreadable,
    from_json,
    to_json,
)


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        (
            DetectMessage("m", [{"key": 1}], "cpu"),
            '{"id": 3, "do": "detect", "model": "m", "cutouts": [{"key": 1}], '
            '"device": "cpu", "describe": false}',
        ),
        (
            TrainMessage("l", "o", None, {"epochs": 2}),
            '{"id": 3, "do": "train", "labels": "l", "out": "o", "base": null, '
            '"config": {"epochs": 2}}',
        ),
        (
            CompareMessage("a", "b", "l", keep=True),
            '{"id": 3, "do": "compare", "old": "a", "new": "b", "labels": "l", '
            '"device": "auto", "which": "held_out", "keep": true}',
        ),
        (CancelMessage(), '{"id": 3, "do": "cancel"}'),
        (StopMessage(), '{"id": 3, "do": "stop"}'),
    ],
    ids=["detect", "train", "compare", "cancel", "stop"],
)
def test_a_request_is_one_line(request_, line):
    assert json.dumps(to_json(request_, 3)) == line


def test_the_worker_answers_these_requests():
    known = {
        one.do
        for one in (
            DetectMessage,
            ArtefactsMessage,
            TrainMessage,
            CompareMessage,
            ExplainMessage,
        )
    }
    known |= {CancelMessage.do, StopMessage.do, "quit"}
    rows = re.findall(r"^``(\w+)``", clump_detector.worker.__doc__, re.MULTILINE)
    assert {*rows} - {"do"} == known


@pytest.mark.parametrize(
    ("table", "event"),
    [
        ({"event": "loading"}, Loading()),
        ({"event": "loaded", "model": "m"}, Loading("m")),
        ({"event": "problem", "key": 1, "message": "no"}, Unreadable(1, "no")),
        (
            {
                "event": "artefacts",
                "key": 1,
                "artefacts": [["trail", "a line", 1.0, 2.0, 3.0, 4.0]],
            },
            FoundArtefacts(1, (Artefact("trail", "a line", (1.0, 2.0, 3.0, 4.0)),)),
        ),
        ({"event": "progress", "done": 1, "total": 2}, ProgressEvent(1, 2)),
        ({"event": "done", "boxes": 1}, DoneEvent({"boxes": 1})),
        ({"event": "error", "message": "no"}, ErrorEvent("no")),
        ({"event": "cancelled"}, CancelledEvent()),
        ({"event": "fold", "fold": 1, "folds": 5}, training.FoldEvent(1, 5)),
    ],
    ids=lambda value: value["event"] if isinstance(value, dict) else "",
)
def test_an_event_is_read_without_its_id(table, event):
    assert from_json({"id": 7, **table}) == event


def test_proposals_become_arrays():
    event = from_json(
        {
            "id": 7, "key": "a", "event": "boxes", "size": [60, 40], "boxes": [],
            "scores": [], "classes": [], "model": "m",
        }
    )  # fmt: skip
    assert isinstance(event, Proposals)
    assert (event.key, event.size, event.notes) == ("a", (60, 40), ())
    assert event.boxes.shape == (0, 4)
    assert event.scores.dtype == np.float64


@pytest.mark.parametrize(
    "table", [{}, {"event": "news"}, {"event": "boxes"}, {"event": "step", "step": 1}]
)
def test_an_unknown_or_incomplete_event_is_refused(table):
    with pytest.raises(ValueError, match="event of"):
        from_json({"id": 7, **table})
