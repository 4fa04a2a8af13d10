"""The process behind the window, spoken to in JSON lines."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

from tests.helpers.paths import ROOT
from tests.helpers.resources import PATIENCE, wait_for

FAKE = ROOT / "tests" / "helpers" / "fake_engine.py"


class Talk:
    """A conversation with a worker."""

    def __init__(self, command=(str(FAKE),)):
        engine = ROOT / "training"
        self.process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(engine)},
        )
        self.lines = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        assert self.next() == {"event": "ready"}

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)

    def say(self, line=None, **fields):
        self.process.stdin.write((line or json.dumps(fields)) + "\n")
        self.process.stdin.flush()

    def next(self, timeout=PATIENCE):
        return json.loads(self.lines.get(timeout=timeout))

    def until(self, *kinds):
        events = [self.next()]
        while events[-1]["event"] not in kinds:
            events.append(self.next())
        return events

    def end(self):
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(OSError):
                pipe.close()


@pytest.fixture
def talk():
    conversation = Talk()
    yield conversation
    conversation.end()


@pytest.fixture
def model(tmp_path):
    return model_folder(tmp_path / "model")


def model_folder(path):
    path.mkdir(parents=True)
    (path / "weights.safetensors").write_bytes(b"weights")
    return path


@pytest.fixture
def picture(tmp_path):
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[20, 30] = 255
    path = tmp_path / "galaxy.png"
    Image.fromarray(pixels).save(path)
    return path


def cutout(key, path, name="galaxy"):
    return {"key": key, "name": name, "files": [str(path)], "bands": []}


def test_boxes_come_per_cutout_and_a_bad_one_does_not_stop_the_rest(
    talk, model, picture, tmp_path
):
    bad = tmp_path / "bad.png"
    bad.write_bytes(picture.read_bytes()[:60])
    cutouts = [cutout("bad", bad), cutout([1, "é"], picture), {"key": 3}]
    talk.say(id=7, do="detect", model=str(model), device="cpu", cutouts=cutouts)
    *_, loaded, problem, boxes, nothing, done = talk.until("done")
    assert loaded["event"] == "loaded"
    assert problem["event"] == "problem"
    assert problem["key"] == "bad"
    assert str(bad) in problem["message"]
    assert boxes == {
        "id": 7,
        "event": "boxes",
        "key": [1, "é"],
        "size": [60, 40],
        "boxes": [[25.0, 15.0, 35.0, 25.0]],
        "scores": [0.75],
        "classes": ["clump"],
        "model": "model 1 cpu",
        "notes": boxes["notes"],
    }
    assert nothing["event"] == "problem"
    assert (done["cutouts"], done["boxes"], done["problems"]) == (3, 1, 2)


def test_an_array_travels_as_a_file(talk, model, tmp_path):
    np.save(tmp_path / "a.npy", np.eye(50, dtype=np.float32) * np.arange(50))
    entry = {"key": 1, "name": "layer", "array": str(tmp_path / "a.npy")}
    talk.say(id=1, do="detect", model=str(model), cutouts=[entry])
    boxes = talk.until("done")[-2]
    assert boxes["boxes"] == [[44.0, 44.0, 54.0, 54.0]]
    assert "One band" in boxes["notes"][0]


def test_a_pickled_array_is_a_problem_and_is_not_loaded(talk, model, tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object))
    entry = {"key": 1, "name": "layer", "array": str(tmp_path / "a.npy")}
    talk.say(id=1, do="detect", model=str(model), cutouts=[entry])
    problem = talk.until("done")[-2]
    assert problem["event"] == "problem"
    assert "fault of this program" not in problem["message"]


def test_the_model_stays_loaded_until_it_changes(talk, model, picture, tmp_path):
    def name(folder):
        request = {"model": str(folder), "cutouts": [cutout(1, picture)]}
        talk.say(id=1, do="detect", **request)
        return talk.until("done")[-2]["model"]

    assert name(model) == "model 1 auto"
    assert name(model) == "model 1 auto"
    assert name(model_folder(tmp_path / "other")) == "other 2 auto"
    os.utime(model / "weights.safetensors", (1, 1))
    assert name(model) == "model 3 auto"


def test_a_model_that_cannot_be_used_ends_the_request(talk, tmp_path, picture):
    missing = {"model": str(tmp_path / "nothing"), "cutouts": [cutout(1, picture)]}
    talk.say(id=1, do="detect", **missing)
    error = talk.until("error")[-1]
    assert "nothing: this model folder has no weights.safetensors" in error["message"]
    talk.say(
        id=2, do="detect", model=str(model_folder(tmp_path / "broken")), cutouts=[]
    )
    assert "these weights are damaged" in talk.until("error")[-1]["message"]


def test_cancelling_acts_inside_a_cutout(talk, model, picture):
    cutouts = [cutout(1, picture, "slow"), cutout(2, picture)]
    talk.say(id=1, do="detect", model=str(model), cutouts=cutouts)
    talk.until("loaded")
    talk.say(do="cancel", id=1)  # its boxes would come otherwise
    assert talk.next() == {"id": 1, "event": "cancelled"}
    talk.say(id=2, do="detect", model=str(model), cutouts=[cutout(1, picture)])
    assert talk.until("done")[-1]["boxes"] == 1


def test_a_waiting_request_is_cancelled_at_once(talk, model, picture):
    talk.say(id=1, do="detect", model=str(model), cutouts=[cutout(1, picture, "slow")])
    talk.until("loaded")
    talk.say(id=2, do="detect", model=str(model), cutouts=[cutout(1, picture)])
    talk.say(do="cancel", id=2)
    assert talk.next() == {"id": 2, "event": "cancelled"}
    talk.say(do="cancel", id=1)
    assert talk.next() == {"id": 1, "event": "cancelled"}
    with pytest.raises(queue.Empty):
        talk.next(timeout=0.3)


def test_faults_are_said_in_one_line_and_traced_on_stderr(talk, model, picture):
    cutouts = [cutout(1, picture, "bug"), cutout(2, picture, "memory")]
    talk.say(id=1, do="detect", model=str(model), cutouts=cutouts)
    *_, bug, memory, _done = talk.until("done")
    assert bug["message"].startswith("ZeroDivisionError: division by zero")
    assert memory["message"].startswith("the memory is full")
    talk.say(id=2, do="dance")
    assert "no request called 'dance'" in talk.until("error")[-1]["message"]
    talk.say(do="quit")
    _, errors = talk.process.communicate(timeout=PATIENCE)
    assert "Traceback" in errors
    assert "a library prints to stdout" in errors
    assert "and another one from C" in errors


@pytest.mark.parametrize("line", ["{", "[]", "7", '{"id": 1}', '{"do": "x", "id": []}'])
def test_a_line_that_is_no_request_is_refused_and_the_next_one_served(talk, line):
    talk.say(line)
    assert talk.next()["message"] == "this line is no request"
    talk.say(id=2, do="compare", old="a", new="b", labels="c")
    assert talk.until("done")[-1]["comparison"]["summary"] == "a and b"


@pytest.mark.parametrize("farewell", ["quit", "the end of the input"])
def test_it_goes_when_the_window_goes(talk, model, picture, farewell):
    talk.say(id=1, do="detect", model=str(model), cutouts=[cutout(1, picture, "slow")])
    talk.until("loaded")
    if farewell == "quit":
        talk.say(do="quit")
    else:
        talk.process.stdin.close()
    assert talk.process.wait(timeout=PATIENCE) == 0


def test_it_goes_even_when_the_work_hears_nothing(talk, model, picture):
    talk.say(id=1, do="detect", model=str(model), cutouts=[cutout(1, picture, "deaf")])
    talk.until("loaded")
    wait_for(lambda: (model / "at work").exists())
    talk.process.stdin.close()
    assert talk.process.wait(timeout=PATIENCE) == 1


def test_training_events_pass_through(talk, tmp_path):
    out = tmp_path / "new"
    request = {"labels": "l", "base": None, "config": {"seed": 0, "train_parts": "fpn"}}
    talk.say(id=4, do="train", out=str(out), **request)
    events = talk.until("done")
    assert {e["id"] for e in events} == {4}
    assert [e["event"] for e in events] == [
        *("loading", "start", "epoch", "epoch", "epoch", "end", "done")
    ]
    assert events[-1]["model"] == str(out)


def test_stop_keeps_and_cancel_does_not(talk, tmp_path):
    out = tmp_path / "new"
    config = {"seed": 0, "train_parts": "fpn", "epochs": 10_000}
    talk.say(id=1, do="train", out=str(out), labels="l", base=None, config=config)
    talk.until("epoch")
    talk.say(do="stop", id=1)
    assert talk.until("done")[-1]["model"] == str(out)
    config["seed"] = 1
    talk.say(id=2, do="train", out=f"{out}2", labels="l", base=None, config=config)
    talk.until("start")
    talk.say(do="cancel", id=2)
    assert talk.until("cancelled")[-1]["id"] == 2


def test_the_real_worker_starts_without_torch():
    code = "import sys, clump_detector.worker; print('torch' in sys.modules)"
    engine = ROOT / "training"
    said = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(engine)},
        check=True,
    )
    assert said.stdout.strip() == "False"
    conversation = Talk(["-m", "clump_detector.worker"])
    conversation.say(do="quit")
    assert conversation.process.wait(timeout=PATIENCE) == 0
    conversation.end()


def test_the_real_engine_trains_detects_and_compares(
    tmp_path, tiny_folder, make_labels
):
    """One round of the loop, with a network that is small rather than good."""
    labels = make_labels(8, held_out=5)
    out = tmp_path / "new"
    conversation = Talk(["-m", "clump_detector.worker"])
    config = {"train_parts": "heads", "epochs": 1, "batch": 2, "seed": 1}
    conversation.say(
        id=1,
        do="train",
        labels=str(labels),
        out=str(out),
        base=str(tiny_folder),
        device="cpu",
        config=config,
    )
    events = conversation.until("done", "error")
    assert events[-1] == {"id": 1, "event": "done", "model": str(out)}
    kinds = [event["event"] for event in events]
    assert kinds[:2] == ["loading", "start"]
    assert kinds[-2:] == ["end", "done"]
    assert {"epoch", "fold"} <= set(kinds)
    picture = labels.parent / "galaxy-0.png"
    conversation.say(
        id=2, do="detect", model=str(out), device="cpu", cutouts=[cutout(1, picture)]
    )
    *_, boxes, done = conversation.until("done", "error")
    assert boxes["size"] == [96, 96]
    assert boxes["model"].startswith("new-")
    assert done["boxes"] == len(boxes["boxes"]) == len(boxes["scores"])
    conversation.say(
        id=3, do="compare", old=str(tiny_folder), new=str(out), labels=str(labels)
    )
    *progress, done = conversation.until("done", "error")
    assert progress[-1]["done"] == progress[-1]["total"] == 10
    assert done["comparison"]["galaxies"] == 5
    assert done["comparison"]["verdict"] in ("better", "no clear difference", "worse")
    conversation.say(id=4, do="train", labels="l", out="o", config={"epoch": 3})
    assert "there is no key 'epoch'" in conversation.until("error")[-1]["message"]
    conversation.end()
