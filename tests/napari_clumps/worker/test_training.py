"""Training as a generator, over a worker that misbehaves on demand."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from clump_detector.core.errors import TrainingError
from clump_detector.core.progress import CancelToken
from clump_detector.train.events import EndEvent, EpochEvent, StartEvent
from napari_clumps.worker import process
from napari_clumps.worker.messages import CancelledEvent, Loading, TrainMessage
from napari_clumps.worker.process import Worker
from napari_clumps.worker.training import retrain
from tests.helpers.resources import wait_for
from tests.helpers.worker_calls import (
    FAKE,
    LABELS,
    model_folder,
    posix,
    run,
    run_python,
    until,
)


def nothing_is_left(out):
    return not out.parent.exists() or not list(out.parent.iterdir())


@pytest.fixture
def out(tmp_path):
    return tmp_path / "models" / "new"


def test_training_makes_a_model_whole_and_says_where(worker, out):
    training = retrain(
        LABELS, out, config={"train_parts": "fpn", "epochs": 2}, worker=worker
    )
    events, result = run(training)
    kinds = [Loading, StartEvent, EpochEvent, EpochEvent, EndEvent]
    assert [type(event) for event in events] == kinds
    assert events[-1].model == str(out)
    assert result == out
    assert (out / "weights.safetensors").read_text() == "fpn"
    wait_for(lambda: list(out.parent.iterdir()) == [out])


def test_stop_keeps_the_best_so_far(worker, out):
    token = CancelToken()
    training = retrain(
        LABELS, out, config={"epochs": 10_000}, cancel=token, worker=worker
    )
    until(training, lambda event: isinstance(event, EpochEvent))
    token.stop()
    events, result = run(training)
    assert isinstance(events[-1], EndEvent)
    assert result == out
    assert out.is_dir()


@pytest.mark.parametrize("seed", [1, 2], ids=["slow", "deaf"])
@pytest.mark.parametrize("way", ["cancel", "close"])
def test_cancel_keeps_nothing(worker, out, seed, way):
    token = CancelToken()
    training = retrain(LABELS, out, config={"seed": seed}, cancel=token, worker=worker)
    until(training, lambda event: isinstance(event, StartEvent))
    if way == "close":
        training.close()
    else:
        token.cancel()
        assert run(training) == ([CancelledEvent()], None)
    wait_for(lambda: nothing_is_left(out))


@pytest.mark.parametrize(
    ("seed", "message"),
    [
        pytest.param(
            3,
            "new: training ended early: the system stopped it, most likely for lack of "
            "memory. Close other programs, or train fewer parts.",
            marks=posix,
        ),
        (4, "training ended early: something in C went wrong"),
        (5, "the memory is full"),
        (6, "ZeroDivisionError: division by zero"),
        (9, "the loss is not finite. Lower the learning rate."),
    ],
    ids=["killed", "crash", "memory", "bug", "refused"],
)
def test_a_training_that_fails_is_explained_and_leaves_nothing(
    worker, out, seed, message
):
    with pytest.raises(TrainingError) as caught:
        run(retrain(LABELS, out, config={"seed": seed}, worker=worker))
    assert message in caught.value.message
    wait_for(lambda: nothing_is_left(out))


def test_a_training_of_its_own_ends_its_process(out, monkeypatch):
    command = [sys.executable, str(FAKE)]
    monkeypatch.setattr(process, "worker_command", lambda: command)
    made = []
    start = Worker._started
    monkeypatch.setattr(
        Worker, "_started", lambda self: made.append(start(self)) or made[-1]
    )
    run(retrain(LABELS, out))
    wait_for(lambda: not made[0].alive)


@pytest.mark.parametrize("keep", ["keep.append(keep)", "0"], ids=["leaked", "kept"])
def test_a_window_that_closes_meanwhile_leaves_nothing(out, keep):
    code = f"""
import sys
from pathlib import Path
from clump_detector.train.events import StartEvent
from napari_clumps.worker.process import Worker
from napari_clumps.worker.training import retrain
worker = Worker([sys.executable, {str(FAKE)!r}])
out = Path({str(out)!r})
training = retrain(Path("l"), out, config=dict(seed=1), worker=worker)
for event in training:
    if isinstance(event, StartEvent):
        break
keep = [training]
{keep}
"""
    run_python(code)
    assert nothing_is_left(out)


def test_a_model_that_is_there_stays(worker, out):
    model_folder(out)
    with pytest.raises(TrainingError, match="something here already"):
        run(retrain(LABELS, out, worker=worker))
    assert (out / "weights.safetensors").exists()


def test_an_empty_folder_is_no_model(worker, out):
    out.mkdir(parents=True)
    assert run(retrain(LABELS, out, worker=worker))[1] == out


def test_what_a_killed_window_left_is_swept_in_the_end(worker, out):
    old, young = out.parent / ".training-old", out.parent / ".training-young"
    for folder in (old, young):
        (folder / "half").mkdir(parents=True)
    os.utime(old, (1, 1))
    run(retrain(LABELS, out, worker=worker))
    assert not old.exists()
    assert young.exists()


def test_the_labels_reach_the_training(worker, out, monkeypatch):
    seen = []
    send = process._Process.send

    def spy(process, request, number):
        if isinstance(request, TrainMessage):
            seen.append(json.loads(Path(request.labels).read_text()))
        send(process, request, number)

    monkeypatch.setattr(process._Process, "send", spy)
    run(retrain(LABELS, out, worker=worker))
    assert len(seen[0]["annotations"]) == 1
