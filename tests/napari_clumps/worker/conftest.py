"""A worker that misbehaves on demand, and what reads its events."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from napari_clumps.worker.process import Worker
from tests.helpers.worker_calls import FAKE, model_folder


@pytest.fixture
def worker():
    fake = Worker([sys.executable, str(FAKE)])
    yield fake
    fake.kill()


@pytest.fixture
def model(tmp_path):
    return model_folder(tmp_path / "model")


@pytest.fixture
def array():
    pixels = np.zeros((40, 60), np.float32)
    pixels[20, 30] = 1
    return pixels
