"""Detection and training as generators, over a worker that misbehaves on demand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from clump_detector.core.errors import ClumpError, ModelError, TrainingError
from clump_detector.core.sources import Source
from clump_detector.labels.label_set import LabelledBox, LabelledCutout, LabelSet
from napari_clumps.worker import process, tasks
from napari_clumps.worker.tasks import (
    CutoutRequest,
    Loading,
    Proposals,
    Summary,
    Unreadable,
    Worker,
)
from tests.helpers.paths import ROOT
from tests.helpers.resources import PATIENCE, wait_for

FAKE = ROOT / "tests" / "helpers" / "fake_engine.py"

posix = pytest.mark.skipif(os.name == "nt", reason="signals are of POSIX")


@pytest.fixture
def worker():
    fake = Worker([sys.executable, str(FAKE)])
    yield fake
    fake.kill()


@pytest.fixture
def model(tmp_path):
    return model_folder(tmp_path / "model")


def model_folder(path):
    path.mkdir(parents=True)
    (path / "weights.safetensors").write_bytes(b"weights")
    return path


@pytest.fixture
def array():
    pixels = np.zeros((40, 60), np.float32)
    pixels[20, 30] = 1
    return pixels


def run(generator):
    """Return (events that are not None, what it returned)."""
    events = []
    while True:
        try:
            event = next(generator)
        except StopIteration as end:
            return events, end.value
        if event is not None:
            events.append(event)


def until(generator, wanted):
    """Go on to the first event that is wanted."""
    for event in generator:
        if event is not None and wanted(event):
            return event
    raise AssertionError("the generator ended first")


def run_python(code):
    """Run a program of its own; return what it printed."""
    root = ROOT
    path = os.pathsep.join([str(root), str(root / "training")])
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
        timeout=PATIENCE,
    )
    return done.stdout.strip()


# -- detection ----------------------------------------------------------------


def test_detection_yields_proposals_and_problems_and_returns_a_summary(
    worker, model, array, tmp_path
):
    np.save(tmp_path / "a.npy", array)
    here = Source("a", (tmp_path / "a.npy",))
    cutouts = [
        CutoutRequest(7, here),
        CutoutRequest("lost", Source("lost", (tmp_path / "lost.png",))),
        CutoutRequest("layer", array=array.T, name="a layer"),
    ]
    events, summary = run(tasks.detect(worker, cutouts, model, "cpu"))
    loading, loaded, first, lost, layer = events
    assert (loading, loaded) == (Loading(), Loading("model 1 cpu"))
    assert isinstance(first, Proposals)
    assert (first.key, first.size) == (7, (60, 40))
    assert first.boxes.tolist() == [[25, 15, 35, 25]]
    assert first.scores.tolist() == [0.75]
    assert first.classes == ["clump"]
    assert first.model == "model 1 cpu"
    assert first.notes
    assert isinstance(lost, Unreadable)
    assert "lost.png: cannot read it: no such file" in lost.message
    assert layer.boxes.tolist() == [[15, 25, 25, 35]]
    assert (summary.cutouts, summary.boxes, summary.problems) == (3, 2, 1)


def test_an_array_that_is_no_image_is_refused(worker, model):
    odd = CutoutRequest(1, array=np.array([{}], dtype=object), name="odd")
    with pytest.raises(ClumpError, match="odd holds no numbers"):
        run(tasks.detect(worker, [odd], model))


def test_it_yields_often_even_when_nothing_happens(worker, model, array):
    found = tasks.detect(worker, [CutoutRequest(1, array=array, name="slow")], model)
    until(found, lambda event: event == Loading("model 1 auto"))
    for _ in range(5):  # the cutout itself takes far longer than the test may
        assert next(found) is None
    found.close()


def give(monkeypatch, seconds):
    """Give what is cancelled so long to end by itself, however busy the machine is."""
    for module in (process, tasks):
        monkeypatch.setattr(module, "PATIENCE", seconds)


@pytest.mark.parametrize(("how", "seconds"), [("slow", PATIENCE), ("deaf", 3.0)])
def test_closing_ends_the_work(worker, model, array, how, seconds, monkeypatch):
    give(monkeypatch, seconds)
    found = tasks.detect(worker, [CutoutRequest(1, array=array, name=how)], model)
    until(found, lambda event: event == Loading("model 1 auto"))
    wait_for(lambda: (model / "at work").exists())
    process = worker._process
    found.close()
    if how == "deaf":
        assert process.waits_for(1)  # the window's thread does not wait for the end
    wait_for(lambda: not process.waits_for(1))
    assert worker.running is (how == "slow")
    # The next one works, on the same process or a new one.
    _, summary = run(tasks.detect(worker, [CutoutRequest(1, array=array)], model))
    assert summary.boxes == 1


def test_a_worker_that_loads_is_not_killed(worker, model, array, tmp_path):
    slow = model_folder(tmp_path / "slow-to-load")
    found = tasks.detect(worker, [CutoutRequest(1, array=array)], slow)
    until(found, lambda event: event == Loading())
    pid = worker.pid
    found.close()
    events, _ = run(tasks.detect(worker, [CutoutRequest(1, array=array)], slow))
    assert worker.pid == pid
    assert events[-1].model == "slow-to-load 1 auto"


def test_cancelling_everything(worker, model, array, monkeypatch):
    give(monkeypatch, PATIENCE)
    found = tasks.detect(worker, [CutoutRequest(1, array=array, name="slow")], model)
    until(found, lambda event: event == Loading("model 1 auto"))
    worker.cancel()
    events, summary = run(found)
    assert events == []
    assert summary == Summary(cancelled=True)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        pytest.param(
            "killed",
            "detection ended early: the system stopped it, most likely for lack of "
            "memory. Close other programs, or cut large images into parts.",
            marks=posix,
        ),
        ("crash", "detection ended early: something in C went wrong"),
    ],
)
def test_the_death_of_the_process_is_explained_and_it_starts_again(
    worker, model, array, how, message
):
    with pytest.raises(ModelError) as caught:
        run(tasks.detect(worker, [CutoutRequest(1, array=array, name=how)], model))
    assert message in caught.value.message
    _, summary = run(tasks.detect(worker, [CutoutRequest(1, array=array)], model))
    assert summary.boxes == 1


def test_a_model_that_cannot_be_used(worker, array, tmp_path):
    broken = model_folder(tmp_path / "broken")
    with pytest.raises(ModelError, match="these weights are damaged"):
        run(tasks.detect(worker, [CutoutRequest(1, array=array)], broken))


def test_a_worker_that_cannot_start(model, array):
    nobody = Worker(["/nowhere/python"])
    with pytest.raises(ClumpError, match="cannot start it"):
        run(tasks.detect(nobody, [CutoutRequest(1, array=array)], model))


def test_many_cutouts_go_through_the_pipe(worker, model, array, tmp_path):
    np.save(tmp_path / "a.npy", array)
    one = Source("a", (tmp_path / "a.npy",))
    cutouts = [CutoutRequest(i, one) for i in range(1000)]
    events, summary = run(tasks.detect(worker, cutouts, model))
    keys = [event.key for event in events if isinstance(event, Proposals)]
    assert keys == list(range(1000))
    assert summary.cutouts == 1000


def test_python_ends_while_a_detection_runs(model, array, tmp_path):
    np.save(tmp_path / "a.npy", array)
    code = f"""
import sys
from napari_clumps import tasks
from pathlib import Path
from clump_detector.core.sources import Source
worker = tasks.Worker([sys.executable, {str(FAKE)!r}])
cutout = tasks.CutoutRequest(1, Source("slow", (Path({str(tmp_path / "a.npy")!r}),)))
found = tasks.detect(worker, [cutout], Path({str(model)!r}))
for event in found:
    if event == tasks.Loading("model 1 auto"):
        break
print("ended")
"""
    assert run_python(code) == "ended"


def test_the_worker_ends_with_the_window(model, array, tmp_path):
    np.save(tmp_path / "a.npy", array)
    code = f"""
import os, sys
from napari_clumps import tasks
from pathlib import Path
from clump_detector.core.sources import Source
worker = tasks.Worker([sys.executable, {str(FAKE)!r}])
cutout = tasks.CutoutRequest(1, Source("deaf", (Path({str(tmp_path / "a.npy")!r}),)))
for event in tasks.detect(worker, [cutout], Path({str(model)!r})):
    if event == tasks.Loading("model 1 auto"):
        print(worker.pid, flush=True)
        os._exit(1)
"""
    pid = int(run_python(code))

    def gone():
        try:
            os.kill(pid, 0)
        except OSError:
            return True
        # A process that nobody waits for is still listed where there is no init.
        state = Path(f"/proc/{pid}/stat")
        return state.exists() and " Z " in state.read_text()

    wait_for(gone)


# -- training -----------------------------------------------------------------

LABELS = LabelSet(
    (
        LabelledCutout(
            Source("a", (Path("a.png"),)),
            60,
            40,
            boxes=(LabelledBox(1, 1, 9, 9, "clump"),),
        ),
    )
)


def nothing_is_left(out):
    return not out.parent.exists() or not list(out.parent.iterdir())


@pytest.fixture
def out(tmp_path):
    return tmp_path / "models" / "new"


def test_training_makes_a_model_whole_and_says_where(worker, out):
    training = tasks.retrain(
        LABELS, out, config={"train_parts": "fpn", "epochs": 2}, worker=worker
    )
    events, result = run(training)
    assert [event["event"] for event in events] == [
        *("loading", "start", "epoch", "epoch", "end")
    ]
    assert events[-1]["model"] == str(out)
    assert result == out
    assert (out / "weights.safetensors").read_text() == "fpn"
    wait_for(lambda: list(out.parent.iterdir()) == [out])


def test_stop_keeps_the_best_so_far(worker, out):
    said = []
    training = tasks.retrain(
        LABELS,
        out,
        config={"epochs": 10_000},
        wish=lambda: "stop" if said else "go",
        worker=worker,
    )
    said.append(until(training, lambda event: event["event"] == "epoch"))
    events, result = run(training)
    assert events[-1]["event"] == "end"
    assert result == out
    assert out.is_dir()


@pytest.mark.parametrize("seed", [1, 2], ids=["slow", "deaf"])
@pytest.mark.parametrize("way", ["wish", "close"])
def test_cancel_keeps_nothing(worker, out, seed, way):
    said = []
    training = tasks.retrain(
        LABELS,
        out,
        config={"seed": seed},
        wish=lambda: "cancel" if said else "go",
        worker=worker,
    )
    until(training, lambda event: event["event"] == "start")
    if way == "close":
        training.close()
    else:
        said.append(True)
        assert run(training) == ([{"event": "cancelled"}], None)
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
        run(tasks.retrain(LABELS, out, config={"seed": seed}, worker=worker))
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
    run(tasks.retrain(LABELS, out))
    wait_for(lambda: not made[0].alive)


@pytest.mark.parametrize("keep", ["keep.append(keep)", "0"], ids=["leaked", "kept"])
def test_a_window_that_closes_meanwhile_leaves_nothing(out, keep):
    code = f"""
import sys
from napari_clumps import tasks
from pathlib import Path
worker = tasks.Worker([sys.executable, {str(FAKE)!r}])
out = Path({str(out)!r})
training = tasks.retrain(Path("l"), out, config=dict(seed=1), worker=worker)
for event in training:
    if event and event["event"] == "start":
        break
keep = [training]
{keep}
"""
    run_python(code)
    assert nothing_is_left(out)


def test_a_model_that_is_there_stays(worker, out):
    model_folder(out)
    with pytest.raises(TrainingError, match="something here already"):
        run(tasks.retrain(LABELS, out, worker=worker))
    assert (out / "weights.safetensors").exists()


def test_an_empty_folder_is_no_model(worker, out):
    out.mkdir(parents=True)
    assert run(tasks.retrain(LABELS, out, worker=worker))[1] == out


def test_what_a_killed_window_left_is_swept_in_the_end(worker, out):
    old, young = out.parent / ".training-old", out.parent / ".training-young"
    for folder in (old, young):
        (folder / "half").mkdir(parents=True)
    os.utime(old, (1, 1))
    run(tasks.retrain(LABELS, out, worker=worker))
    assert not old.exists()
    assert young.exists()


def test_the_labels_reach_the_training(worker, out, monkeypatch):
    seen = []
    send = process._Process.send

    def spy(process, fields):
        if fields.get("do") == "train":
            seen.append(json.loads(Path(fields["labels"]).read_text()))
        send(process, fields)

    monkeypatch.setattr(process._Process, "send", spy)
    run(tasks.retrain(LABELS, out, worker=worker))
    assert len(seen[0]["annotations"]) == 1


# -- comparison ---------------------------------------------------------------


def test_a_comparison(worker, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    events, result = run(tasks.compare(old, new, LABELS, worker=worker))
    assert result["verdict"] == "no clear difference"
    assert result["summary"] == "old and new"
    assert events[-1] == {"event": "comparison", **result}
    assert events[-2]["event"] == "progress"


@posix
def test_a_comparison_that_dies(worker, tmp_path):
    with pytest.raises(ModelError, match="the comparison ended early: the system"):
        run(tasks.compare(tmp_path, tmp_path / "killed", LABELS, worker=worker))


def test_tasks_import_neither_torch_nor_qt():
    code = (
        "import sys, napari_clumps.worker.tasks;"
        "print({'torch', 'napari', 'qtpy', 'PyQt6', 'PySide6'} & set(sys.modules))"
    )
    assert run_python(code) == "set()"
