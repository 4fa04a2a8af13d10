"""Model folders: whole or not at all, and whatever is foreign is refused by name."""

from __future__ import annotations

import json
import pickle
import shutil
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from clump_detector.core.errors import FileError, ModelError
from clump_detector.core.files import sha256
from clump_detector.detector.model_folder import load_model, pick_device, save_model
from clump_detector.models.card import CARD, WEIGHTS, ModelCard, read_card
from tests.clump_detector.conftest import TINY


def test_a_model_comes_back_and_finds_the_same(tiny_folder, tiny):
    again, card = load_model(tiny_folder)
    assert card == read_card(tiny_folder)
    assert card.config == TINY
    assert card.weights == sha256(tiny_folder / WEIGHTS)
    assert not again.training
    image = torch.rand(3, 96, 96)
    with torch.no_grad():
        (theirs,) = tiny.eval()([image])
        (ours,) = again([image])
    assert len(ours["boxes"]) > 5
    torch.testing.assert_close(
        ours["scores"][:5], theirs["scores"][:5], atol=1e-3, rtol=0
    )


def test_weights_are_small_and_no_path_of_this_machine_is_kept(tmp_path, tiny):
    (tmp_path / "encoder").mkdir()
    (tmp_path / "encoder" / "config.json").write_text('{"architecture": "test_resnet"}')
    config = replace(TINY, encoder=f"local-dir:{tmp_path / 'encoder'}")
    save_model(tmp_path / "m", tiny, ModelCard("m", config))
    assert str(tmp_path) not in (tmp_path / "m" / CARD).read_text()
    assert read_card(tmp_path / "m").config.encoder == "test_resnet"
    n_parameters = sum(p.numel() for p in tiny.parameters())
    assert (tmp_path / "m" / WEIGHTS).stat().st_size < 2.4 * n_parameters
    shutil.rmtree(tmp_path / "encoder")
    load_model(tmp_path / "m")


def test_a_folder_that_is_taken_is_not_touched(tiny_folder, tiny):
    before = (tiny_folder / WEIGHTS).read_bytes()
    with pytest.raises(FileError, match="exists already"):
        save_model(tiny_folder, tiny, ModelCard("new"))
    assert (tiny_folder / WEIGHTS).read_bytes() == before


def test_a_failure_half_way_leaves_nothing(tmp_path, tiny, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("clump_detector.detector.model_folder.write_card", full)
    with pytest.raises(FileError, match="disk is full"):
        save_model(tmp_path / "models" / "m", tiny, ModelCard("m", TINY))
    assert list((tmp_path / "models").iterdir()) == []


def no_card(folder):
    (folder / CARD).unlink()


def no_weights(folder):
    (folder / WEIGHTS).unlink()


def only_a_checkpoint(folder):
    (folder / WEIGHTS).rename(folder / "model.pth")


def truncated(folder):
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[: len(content) // 2])


def empty(folder):
    (folder / WEIGHTS).write_bytes(b"")


class _Harmful:
    def __reduce__(self):
        return (print, ("a pickle was opened",))


def a_pickle(folder):
    (folder / WEIGHTS).write_bytes(pickle.dumps(_Harmful()))


def other_weights(folder):
    save_file({"weight": torch.zeros(3)}, folder / WEIGHTS)


def _with_hash(folder):
    """Make the card name the weights that are there."""
    card = json.loads((folder / CARD).read_text())
    card["weights"]["sha256"] = sha256(folder / WEIGHTS)
    (folder / CARD).write_text(json.dumps(card))


def another_shape(folder):
    weights = load_file(folder / WEIGHTS)
    name = "roi_heads.box_predictor.cls_score.weight"
    save_file({**weights, name: torch.zeros(7, 32)}, folder / WEIGHTS)
    _with_hash(folder)


def a_tensor_missing(folder):
    weights = load_file(folder / WEIGHTS)
    weights.pop("rpn.head.cls_logits.bias")
    save_file(weights, folder / WEIGHTS)
    _with_hash(folder)


def another_encoder(folder):
    card = json.loads((folder / CARD).read_text())
    card["config"]["encoder"] = "test_convnext"
    (folder / CARD).write_text(json.dumps(card))


def an_unknown_encoder(folder):
    card = json.loads((folder / CARD).read_text())
    card["config"]["encoder"] = "resnet-of-tomorrow"
    (folder / CARD).write_text(json.dumps(card))


BROKEN = [
    (no_card, "has no model.json"),
    (no_weights, "has no weights.safetensors"),
    (only_a_checkpoint, r"model\.pth is never opened"),
    (truncated, "damaged or no safetensors"),
    (empty, "damaged or no safetensors"),
    (a_pickle, "damaged or no safetensors"),
    (other_weights, "not the ones that the model card names"),
    (another_shape, r"1 of another shape.*cls_score\.weight"),
    (a_tensor_missing, r"1 tensors missing.*cls_logits\.bias"),
    (another_encoder, "tensors missing"),
    (an_unknown_encoder, "no encoder 'resnet-of-tomorrow'"),
]


@pytest.mark.parametrize(("spoil", "message"), BROKEN)
def test_a_spoiled_folder_is_refused_by_name(tiny_folder, spoil, message, capsys):
    spoil(tiny_folder)
    with pytest.raises(ModelError, match=message) as caught:
        load_model(tiny_folder)
    assert "tiny" in caught.value.message or spoil is an_unknown_encoder
    assert caught.value.remedy
    assert "opened" not in capsys.readouterr().out


def test_a_path_that_is_no_folder(tmp_path):
    with pytest.raises(ModelError, match="no such model"):
        load_model(tmp_path / "none")
    (tmp_path / "file.pth").write_bytes(b"")
    with pytest.raises(ModelError, match="a model is a folder"):
        load_model(tmp_path / "file.pth")


def test_a_device_that_is_not_there():
    assert pick_device("cpu").type == "cpu"
    assert pick_device("auto").type in ("cpu", "cuda")
    with pytest.raises(ModelError, match="no device 'tpu'"):
        pick_device("tpu")
