"""Several processes that train one model, on CPUs here as on GPUs elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from clump_detector.config.training import TrainConfig
from clump_detector.core.errors import TrainingError
from clump_detector.detector.model_folder import load_model
from clump_detector.models.card import read_card
from clump_detector.train.distributed import Processes
from clump_detector.train.request import TrainRequest
from clump_detector.train.run import train
from tests.clump_detector.conftest import TINY
from tests.helpers.paths import ROOT
from tests.helpers.resources import PATIENCE

#: Trains, and keeps each process's weights.
LEARN = """
import sys
import torch
from pathlib import Path
from clump_detector.config.training import TrainConfig
from clump_detector.core.progress import CancelToken
from clump_detector.train.request import TrainRequest
from clump_detector.train.training import Training
from tests.clump_detector.conftest import TINY

torch.set_num_threads(1)
labels, out = Path(sys.argv[1]), Path(sys.argv[2])
config = TrainConfig(
    train_parts="everything", epochs=1, batch=4, device="cpu", crop=0,
    validation_share=0.2,
)
training = Training(
    TrainRequest(labels, out / "model", config=config, model=TINY),
    lambda event: print(event.kind, flush=True),
    CancelToken(),
)
rank = training.processes.rank
training.run()
torch.save(training.fitter.detector.state_dict(), out / f"{rank}.pt")
"""


def together(*arguments):
    """Run two processes and return how they ended."""
    root = str(ROOT)
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]),
    }
    return subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone",
         "--nproc-per-node", "2", *map(str, arguments)],
        capture_output=True, text=True, check=False, env=environment,
        timeout=3 * PATIENCE,
    )  # fmt: skip


@pytest.fixture
def labels(make_labels):
    return make_labels(12)


def test_two_processes_learn_one_model(tmp_path, labels):
    script = tmp_path / "learn.py"
    script.write_text(LEARN)
    ended = together(script, labels, tmp_path)
    assert ended.returncode == 0, ended.stderr[-2000:]
    # Each had other pictures, and gradients were averaged: batch statistics, which
    # are each one's own, are those of the first in the model.
    first, second = (torch.load(tmp_path / f"{rank}.pt") for rank in (0, 1))
    learned = [k for k in first if "running" not in k and "num_batches" not in k]
    assert all(torch.equal(first[k], second[k]) for k in learned)
    detector, card = load_model(tmp_path / "model")
    assert card.learned_from["processes"] == 2
    kept = detector.state_dict()
    assert any(not torch.equal(kept[k], torch.zeros_like(kept[k])) for k in learned)
    # One of them speaks.
    assert ended.stdout.split().count("epoch") == 1
    assert ended.stdout.split().count("end") == 1


def test_the_command_line_among_several(tmp_path, labels):
    command = Path(sys.executable).with_name("napari-clumps")
    recipe = tmp_path / "quick.toml"
    recipe.write_text(
        '[model]\nencoder = "resnet18"\nstrides = [8]\nanchors = [[8, 16]]\n'
        "input_size = 96\nfpn_channels = 16\nhead_channels = 16\n"
        '[train]\ntrain_parts = "everything"\nepochs = 1\nbatch = 4\n'
        'device = "cpu"\n'
    )
    options = (labels, "--recipe", recipe, "--device", "cpu", "--out")
    ended = together("--no-python", command, "train", *options, tmp_path / "new")
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert ended.stdout.count("a new model") == 1
    assert read_card(tmp_path / "new").learned_from["processes"] == 2


@pytest.mark.parametrize(
    ("parts", "batch", "message"),
    [
        ("heads", 4, "Start it without torchrun"),
        ("everything", 3, "a multiple of 2"),
    ],
)
def test_what_several_cannot_train_is_refused_before_anything(
    tmp_path, labels, monkeypatch, parts, batch, message
):
    ranks = {"RANK": "0", "WORLD_SIZE": "2", "TORCHELASTIC_RUN_ID": "test"}
    for name, value in ranks.items():
        monkeypatch.setenv(name, value)
    config = TrainConfig(train_parts=parts, batch=batch, device="cpu")
    request = TrainRequest(labels, tmp_path / "other", config=config, model=TINY)
    with pytest.raises(TrainingError) as refused:
        train(request, lambda _event: None)
    assert message in refused.value.message
    assert not (tmp_path / "other").exists()


def test_shares_make_up_every_batch():
    order = list(np.random.default_rng(0).permutation(24))
    shares = [Processes(rank, 3).share(order) for rank in range(3)]
    for step in range(4):
        batch = order[6 * step : 6 * step + 6]
        parts = [i for share in shares for i in share[2 * step : 2 * step + 2]]
        assert sorted(parts) == sorted(batch)
    assert Processes().broadcast("alone") == "alone"
