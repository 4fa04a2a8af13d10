"""Detection as a generator, over a worker that misbehaves on demand."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from clump_detector.core.errors import ClumpError, ModelError
from clump_detector.image_files.sources import Source
from napari_clumps.worker.detection import CutoutRequest, Summary, detect
from napari_clumps.worker.messages import Loading, Proposals, Unreadable
from napari_clumps.worker.process import Worker
from tests.helpers.resources import PATIENCE, wait_for
from tests.helpers.worker_calls import (
    FAKE,
    give,
    model_folder,
    posix,
    run,
    run_python,
    until,
)


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
    events, summary = run(detect(worker, cutouts, model, "cpu"))
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
        run(detect(worker, [odd], model))


def test_it_yields_often_even_when_nothing_happens(worker, model, array):
    found = detect(worker, [CutoutRequest(1, array=array, name="slow")], model)
    until(found, lambda event: event == Loading("model 1 auto"))
    for _ in range(5):  # the cutout itself takes far longer than the test may
        assert next(found) is None
    found.close()


@pytest.mark.parametrize(("how", "seconds"), [("slow", PATIENCE), ("deaf", 3.0)])
def test_closing_ends_the_work(worker, model, array, how, seconds, monkeypatch):
    give(monkeypatch, seconds)
    found = detect(worker, [CutoutRequest(1, array=array, name=how)], model)
    until(found, lambda event: event == Loading("model 1 auto"))
    wait_for(lambda: (model / "at work").exists())
    process = worker._process
    found.close()
    if how == "deaf":
        assert process.waits_for(1)  # the window's thread does not wait for the end
    wait_for(lambda: not process.waits_for(1))
    assert worker.running is (how == "slow")
    # The next one works, on the same process or a new one.
    _, summary = run(detect(worker, [CutoutRequest(1, array=array)], model))
    assert summary.boxes == 1


def test_a_worker_that_loads_is_not_killed(worker, model, array, tmp_path):
    slow = model_folder(tmp_path / "slow-to-load")
    found = detect(worker, [CutoutRequest(1, array=array)], slow)
    until(found, lambda event: event == Loading())
    pid = worker.pid
    found.close()
    events, _ = run(detect(worker, [CutoutRequest(1, array=array)], slow))
    assert worker.pid == pid
    assert events[-1].model == "slow-to-load 1 auto"


def test_cancelling_everything(worker, model, array, monkeypatch):
    give(monkeypatch, PATIENCE)
    found = detect(worker, [CutoutRequest(1, array=array, name="slow")], model)
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
        run(detect(worker, [CutoutRequest(1, array=array, name=how)], model))
    assert message in caught.value.message
    _, summary = run(detect(worker, [CutoutRequest(1, array=array)], model))
    assert summary.boxes == 1


def test_a_model_that_cannot_be_used(worker, array, tmp_path):
    broken = model_folder(tmp_path / "broken")
    with pytest.raises(ModelError, match="these weights are damaged"):
        run(detect(worker, [CutoutRequest(1, array=array)], broken))


def test_a_worker_that_cannot_start(model, array):
    nobody = Worker(["/nowhere/python"])
    with pytest.raises(ClumpError, match="cannot start it"):
        run(detect(nobody, [CutoutRequest(1, array=array)], model))


def test_many_cutouts_go_through_the_pipe(worker, model, array, tmp_path):
    np.save(tmp_path / "a.npy", array)
    one = Source("a", (tmp_path / "a.npy",))
    cutouts = [CutoutRequest(i, one) for i in range(1000)]
    events, summary = run(detect(worker, cutouts, model))
    keys = [event.key for event in events if isinstance(event, Proposals)]
    assert keys == list(range(1000))
    assert summary.cutouts == 1000


def test_python_ends_while_a_detection_runs(model, array, tmp_path):
    np.save(tmp_path / "a.npy", array)
    code = f"""
import sys
from pathlib import Path
from napari_clumps.worker.detection import CutoutRequest, detect
from napari_clumps.worker.messages import Loading
from napari_clumps.worker.process import Worker
from clump_detector.image_files.sources import Source
worker = Worker([sys.executable, {str(FAKE)!r}])
cutout = CutoutRequest(1, Source("slow", (Path({str(tmp_path / "a.npy")!r}),)))
found = detect(worker, [cutout], Path({str(model)!r}))
for event in found:
    if event == Loading("model 1 auto"):
        break
print("ended")
"""
    assert run_python(code) == "ended"


def test_the_worker_ends_with_the_window(model, array, tmp_path):
    np.save(tmp_path / "a.npy", array)
    code = f"""
import os, sys
from pathlib import Path
from napari_clumps.worker.detection import CutoutRequest, detect
from napari_clumps.worker.messages import Loading
from napari_clumps.worker.process import Worker
from clump_detector.image_files.sources import Source
worker = Worker([sys.executable, {str(FAKE)!r}])
cutout = CutoutRequest(1, Source("deaf", (Path({str(tmp_path / "a.npy")!r}),)))
for event in detect(worker, [cutout], Path({str(model)!r})):
    if event == Loading("model 1 auto"):
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
