"""The worker with an engine that finds and learns nothing, but misbehaves on demand.

Run as a program. What it does is told by a cutout's name or a training's seed.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
import types
from pathlib import Path

import numpy as np

from clump_detector.core.errors import ModelError, TrainingError
from clump_detector.images.host_profile import VALUES
from clump_detector.models.described import Description
from clump_detector.train import events
from clump_detector.worker import __main__ as worker
from clump_detector.worker import engine

#: Seconds of what is slow or hears nothing: far more than any test waits.
LONG = 900


def misbehave(how, cancel):
    """Do what the word says; ``cancel`` ends what is slow."""
    if how == "slow":
        for _ in range(20 * LONG):
            cancel.check()
            time.sleep(0.05)
    elif how == "deaf":
        time.sleep(LONG)
    elif how == "killed":
        os.kill(os.getpid(), 9)
    elif how == "crash":
        print("something in C went wrong", file=sys.stderr, flush=True)
        os._exit(3)
    elif how == "memory":
        raise MemoryError
    elif how == "bug":
        raise ZeroDivisionError("division by zero")


class Predictor:
    """Proposes a box around the brightest pixel."""

    loads = 0

    def __init__(self, folder, device="auto"):
        Predictor.loads += 1
        print("a library prints to stdout")
        os.write(1, b"and another one from C\n")
        if folder.name == "slow-to-load":
            time.sleep(2)
        if folder.name == "broken":
            raise ModelError("these weights are damaged", folder, "Choose another.")
        if not (folder / "weights.safetensors").exists():
            raise ModelError("this model folder has no weights.safetensors", folder)
        self.folder = folder
        self.model_id = f"{folder.name} {Predictor.loads} {device}"

    def predict(self, cutout, cancel):
        (self.folder / "at work").touch()
        misbehave(cutout.name, cancel)
        plane = cutout.pixels.max(axis=2 if cutout.is_picture else 0)
        y, x = np.unravel_index(np.nanargmax(plane), plane.shape)
        box = np.array([[x - 5, y - 5, x + 5, y + 5]], dtype=float)
        return types.SimpleNamespace(
            boxes=box, scores=np.array([0.75]), classes=["clump"]
        )


class Describer:
    """Three heads, of which two agree with the model where the galaxy is bright."""

    def __init__(self, predictor):
        self.predictor = predictor

    def describe(self, cutout, given, keys, cancel):
        found = self.predictor.predict(cutout, cancel)
        boxes = np.concatenate([found.boxes, given])
        n, light = len(boxes), float(cutout.pixels.mean())
        numbers = np.full(n, light / 255)
        described = Description(
            encoder="fake", vector=np.array([light, 1, 2], np.float16),
            profile=np.full(VALUES, light, np.float16), boxes=boxes,
            found=np.arange(n) < len(found.boxes), score=numbers, mean=numbers,
            spread=numbers / 10, information=numbers / 2,
            # What is bright is a clump, the program says, and nothing else.
            unseen=numbers, votes=np.full(n, 2), heads=3,
            vectors=np.ones((n, 3), np.float16),
        )  # fmt: skip
        return found, described


WORDS = {1: "slow", 2: "deaf", 3: "killed", 4: "crash", 5: "memory", 6: "bug"}


def train(request, on_event, cancel):
    """Write a model in a few steps."""
    if request.seed == 9:
        raise TrainingError("the loss is not finite", remedy="Lower the learning rate.")
    half_written = Path(f"{request.out}.half")
    half_written.mkdir()
    steps = request.epochs
    on_event(events.StartEvent(1, 0, 0, 0, 0, True, epochs=steps, steps=steps))
    misbehave(WORDS.get(request.seed), cancel)
    for epoch in range(request.epochs):
        if cancel.stopping:
            break
        on_event(events.EpochEvent(epoch, 1.0, None, 0.4, 0.5, best=True))
        time.sleep(0.05)
    half_written.rename(request.out)
    (request.out / "weights.safetensors").write_text(request.parts)
    (request.out / "new classes").write_text(" ".join(request.new_classes))
    if request.labels.is_file():
        shutil.copy(request.labels, request.out / "labels.json")
    on_event(events.EndEvent(str(request.out), 1, 1.0, 0.3, {}, ""))
    return request.out


def training_request(fields):
    config = fields["config"]
    return types.SimpleNamespace(
        out=Path(fields["out"]),
        seed=config.get("seed", 0),
        epochs=config.get("epochs", 3),
        parts=config.get("train_parts", "heads"),
        labels=Path(fields["labels"]),
        new_classes=config.get("new_classes", ()),
    )


def compare_models(old, new, labels, *, device, which, progress, cancel):
    """Find no difference."""
    progress(1, 1, "comparing")
    misbehave(new.name, cancel)
    summary = f"{old.name} and {new.name}"
    return {"verdict": "no clear difference", "summary": summary, "more_needed": 1}


def pretend(name, **members):
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module


if __name__ == "__main__":
    pretend("torch", set_num_threads=lambda n: None)
    pretend("clump_detector.detector.predict", Predictor=Predictor)
    pretend("clump_detector.detector.describing.describer", Describer=Describer)
    pretend("clump_detector.train.run", train=train)
    pretend(
        "clump_detector.evaluation.comparison",
        compare_models=compare_models,
        store_verdict=lambda folder, result: None,
    )
    engine.training_request = training_request
    worker.main()
