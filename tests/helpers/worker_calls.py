"""What the tests of the worker share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from clump_detector.image_files.sources import Source
from clump_detector.labels.label_set import LabelledBox, LabelledCutout, LabelSet
from napari_clumps.worker import process, training
from tests.helpers.paths import ROOT
from tests.helpers.resources import PATIENCE

FAKE = ROOT / "tests" / "helpers" / "fake_engine.py"

posix = pytest.mark.skipif(os.name == "nt", reason="signals are of POSIX")

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


def model_folder(path):
    path.mkdir(parents=True)
    (path / "weights.safetensors").write_bytes(b"weights")
    return path


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


def give(monkeypatch, seconds):
    """Give what is cancelled so long to end by itself, however busy the machine is."""
    for module in (process, training):
        monkeypatch.setattr(module, "END_PATIENCE", seconds)
