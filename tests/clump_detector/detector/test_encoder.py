"""The encoder: every pretrained tensor has to find its place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import timm
import torch
from timm.models import save_for_hf
from torchvision.models import ResNet50_Weights, resnet50

from clump_detector.config.model import IMAGENET
from clump_detector.core.errors import ModelError
from clump_detector.detector import encoder
from clump_detector.detector.encoder import (
    build_encoder,
    channels,
    last_stages,
    load_strictly,
    normalisation,
)
from clump_detector.detector.model_folder import save_model
from clump_detector.models.card import ModelCard
from tests.clump_detector.conftest import TINY


def pretrained(tmp_path, name):
    """Return a network whose weights are none of any other, and its folder."""
    torch.manual_seed(7)
    network = timm.create_model(name, pretrained=False).eval()
    for value in network.state_dict().values():
        if value.is_floating_point():
            value.uniform_(0.1, 0.9)
    save_for_hf(network, tmp_path / name, safe_serialization=True)
    return network, f"local-dir:{tmp_path / name}"


@pytest.mark.parametrize("name", ["test_convnext", "test_resnet", "test_efficientnet"])
def test_the_last_feature_map_is_that_of_the_pretrained_network(tmp_path, name):
    network, source = pretrained(tmp_path, name)
    ours = build_encoder(source, (4, 8, 16, 32)).eval()
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        theirs = network.forward_features(image)
        if name == "test_efficientnet":  # a last convolution comes after its stages
            theirs = network.blocks(network.bn1(network.conv_stem(image)))
        torch.testing.assert_close(ours(image)[-1], theirs)


def test_later_stages_are_left_out_and_earlier_ones_are_the_same(tmp_path):
    _, source = pretrained(tmp_path, "test_convnext")
    whole = build_encoder(source, (4, 8, 16, 32)).eval()
    part = build_encoder(source, (4, 8)).eval()
    image = torch.rand(1, 3, 64, 64)
    assert channels(part) == channels(whole)[:2]
    with torch.no_grad():
        for ours, theirs in zip(part(image), whole(image), strict=False):
            torch.testing.assert_close(ours, theirs)
    n_part, n_whole = (sum(p.numel() for p in e.parameters()) for e in (part, whole))
    assert n_part < n_whole / 2


def test_weights_that_do_not_fit_are_refused_by_name(tmp_path):
    network = timm.create_model("test_convnext", pretrained=False)
    ours = build_encoder("test_convnext", (4, 8))
    weights = dict(network.state_dict())
    load_strictly(ours, weights, "good")
    missing = {k: v for k, v in weights.items() if k != "stem.0.weight"}
    with pytest.raises(ModelError, match=r"1 tensors missing.*stem_0\.weight"):
        load_strictly(ours, missing, "bad")
    with pytest.raises(ModelError, match=r"1 left over.*stem\.9\.weight"):
        load_strictly(ours, {**weights, "stem.9.weight": torch.ones(1)}, "bad")
    with pytest.raises(ModelError, match="do not fit"):
        load_strictly(ours, {**weights, "stem.0.bias": torch.ones(99)}, "bad")
    with pytest.raises(ModelError, match="missing"):
        load_strictly(
            ours, timm.create_model("test_resnet", pretrained=False).state_dict(), "bad"
        )


def test_a_zoobot_encoder_comes_through_zoobots_own_loader(monkeypatch):
    from zoobot.pytorch.training.representations import ZoobotEncoder

    asked = []
    network = timm.create_model("test_resnet", pretrained=False)
    with torch.no_grad():
        next(network.parameters()).fill_(0.25)

    def load(name):
        asked.append(name)
        return ZoobotEncoder(network)

    monkeypatch.setattr(ZoobotEncoder, "load_from_name", load)
    ours = build_encoder("zoobot-test_resnet", (4, 8))
    assert asked == ["hf_hub:mwalmsley/zoobot-encoder-test_resnet"]
    assert (next(ours.parameters()) == 0.25).all()
    build_encoder("zoobot-test_resnet", (4, 8), pretrained=False)
    assert len(asked) == 1  # a model folder is built without the network


def test_an_encoder_that_cannot_be_had(monkeypatch, tmp_path):
    from zoobot.pytorch.training.representations import ZoobotEncoder

    def load(name):
        raise OSError("We couldn't connect to the hub\nand more")

    monkeypatch.setattr(ZoobotEncoder, "load_from_name", load)
    with pytest.raises(ModelError, match=r"zoobot-resnet18.*couldn't connect"):
        build_encoder("zoobot-resnet18", (4, 8))
    with pytest.raises(ModelError, match="no encoder 'resnet1'"):
        build_encoder("resnet1", (4, 8))
    with pytest.raises(ModelError, match=r"strides \(4, 7\)"):
        build_encoder("test_resnet", (4, 7))
    with pytest.raises(ModelError, match=r"config\.json"):
        build_encoder(f"local-dir:{tmp_path}", (4, 8))


def test_the_last_stages_are_the_last():
    ours = build_encoder("resnet18", (4, 8, 16))
    kept = {id(p) for p in last_stages(ours, 1)}
    names = {n.split(".")[0] for n, p in ours.named_parameters() if id(p) in kept}
    assert names == {"layer3"}
    assert encoder.architecture("zoobot-convnext_nano") == "convnext_nano"


def test_normalisation_follows_the_encoder(tmp_path, tiny, monkeypatch):
    assert normalisation("zoobot-convnext_nano") == ((0, 0, 0), (1, 1, 1))
    assert normalisation("resnet18") == ((0, 0, 0), (1, 1, 1))
    assert normalisation("imagenet-resnet50") == IMAGENET
    monkeypatch.setenv("NAPARI_CLUMPS_MODELS", str(tmp_path))
    config = replace(TINY, image_mean=(0.1, 0.2, 0.3), image_std=(0.5, 0.6, 0.7))
    save_model(tmp_path / "mine", tiny, ModelCard("mine", config))
    assert normalisation("model:mine") == (config.image_mean, config.image_std)


def test_the_encoder_of_another_model(tmp_path, tiny, tiny_folder):
    ours = build_encoder(f"model:{tiny_folder}", (4, 8))
    image = torch.rand(1, 3, 96, 96)
    for mine, theirs in zip(
        ours.eval()(image), tiny.backbone.encoder.eval()(image), strict=True
    ):
        torch.testing.assert_close(mine, theirs, rtol=0.01, atol=0.01)
    with pytest.raises(ModelError, match="no model 'nobody'"):
        build_encoder("model:nobody", (4, 8))
    (tiny_folder / "weights.safetensors").write_bytes(b"broken")
    with pytest.raises(ModelError, match="damaged"):
        build_encoder(f"model:{tiny_folder}", (4, 8))


def test_the_imagenet_encoder_is_torchvisions(tmp_path, monkeypatch):
    """Through torchvision's own loading of the file that it names, from its cache."""
    theirs = resnet50(weights=None).eval()
    cache = tmp_path / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    name = Path(ResNet50_Weights.DEFAULT.url).name
    torch.save(theirs.state_dict(), cache / name)
    ours = build_encoder("imagenet-resnet50", (4, 8, 16, 32)).eval()
    image = torch.rand(1, 3, 64, 64)
    whole = torch.nn.Sequential(*list(theirs.children())[:-2])
    with torch.inference_mode():
        torch.testing.assert_close(ours(image)[-1], whole(image))
