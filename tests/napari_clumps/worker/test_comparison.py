"""Comparison as a generator, over a worker that misbehaves on demand."""

from __future__ import annotations

import pytest

from clump_detector.core.errors import ModelError
from napari_clumps.worker.comparison import compare
from napari_clumps.worker.messages import DoneEvent, ProgressEvent
from tests.helpers.worker_calls import LABELS, posix, run, run_python


def test_a_comparison(worker, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    events, result = run(compare(old, new, LABELS, worker=worker))
    assert result["verdict"] == "no clear difference"
    assert result["summary"] == "old and new"
    assert events[-1] == DoneEvent(result)
    assert events[-2] == ProgressEvent(1, 1)


@posix
def test_a_comparison_that_dies(worker, tmp_path):
    with pytest.raises(ModelError, match="the comparison ended early: the system"):
        run(compare(tmp_path, tmp_path / "killed", LABELS, worker=worker))


def test_the_package_imports_neither_torch_nor_qt():
    code = (
        "import sys; from napari_clumps.worker import comparison, detection, training;"
        "print({'torch', 'napari', 'qtpy', 'PyQt6', 'PySide6'} & set(sys.modules))"
    )
    assert run_python(code) == "set()"
