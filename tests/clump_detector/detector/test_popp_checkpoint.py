"""The paper's checkpoints, against torchvision's own network."""

from __future__ import annotations

import pickle

import pytest
import torch
from torchvision.models.detection import fasterrcnn_resnet50_fpn

from clump_detector.core.errors import ModelError
from clump_detector.detector.model_folder import load_model
from clump_detector.detector.popp_checkpoint import PAPER, import_checkpoint


def paper_network(n_classes=3):
    return fasterrcnn_resnet50_fpn(
        weights=None, weights_backbone=None, num_classes=n_classes
    )


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    torch.manual_seed(0)
    network = paper_network()
    with torch.no_grad():  # so that random weights find something
        network.roi_heads.box_predictor.cls_score.weight.mul_(40)
        for parameter in network.parameters():  # a model folder keeps half precision
            parameter.copy_(parameter.half().float())
    path = tmp_path_factory.mktemp("paper") / "zoobot_clumps.pth"
    torch.save(network.state_dict(), path)
    return path, network.eval()


def test_the_same_boxes_as_torchvisions_own(checkpoint, tmp_path):
    path, network = checkpoint
    card = import_checkpoint(path, tmp_path / "paper")
    assert card.default_score == 0.3
    assert card.config.input_size == 800
    assert card.config.image_mean == PAPER.image_mean != (0, 0, 0)
    detector, _ = load_model(tmp_path / "paper")
    image = torch.rand(3, 800, 800, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        images, _ = network.transform([image])
        features = network.backbone(images.tensors)
        ours = detector.pyramid(detector.encode([image]))
        for theirs, mine in zip(features.values(), ours.features.values(), strict=True):
            # Weights are kept in half precision.
            torch.testing.assert_close(mine, theirs, rtol=0.02, atol=0.02)
        proposals, _ = network.rpn(images, features)
        logits, _ = detector.roi_heads._classify(ours, proposals)
        pooled = network.roi_heads.box_roi_pool(features, proposals, [(800, 800)])
        pooled = network.roi_heads.box_head(pooled)
        theirs, _ = network.roi_heads.box_predictor(pooled)
        mine, _ = detector.rpn(ours.as_images(), ours.features)
    torch.testing.assert_close(logits, theirs, rtol=1e-3, atol=1e-3)
    # Of two with almost the same score either comes first, by the processor.
    assert len(mine[0]) == len(proposals[0])
    pairs = mine[0][:, None], proposals[0][None]
    close = torch.isclose(*torch.broadcast_tensors(*pairs), rtol=1e-3, atol=0.1)
    same = close.all(dim=2)
    assert same.any(dim=0).all()
    assert same.any(dim=1).all()
    assert same.diagonal().float().mean() > 0.99


def spoil_classes(folder):
    torch.save(paper_network(91).state_dict(), folder / "x.pth")


def spoil_network(folder):
    torch.save({"conv1.weight": torch.zeros(3)}, folder / "x.pth")


def spoil_kind(folder):
    torch.save([1, 2, 3], folder / "x.pth")


def spoil_code(folder):
    (folder / "x.pth").write_bytes(pickle.dumps({"a": print}))


def spoil_bytes(folder):
    (folder / "x.pth").write_bytes(b"no checkpoint at all")


def spoil_empty(folder):
    (folder / "x.pth").write_bytes(b"")


def spoil_values(folder):
    state = paper_network().state_dict()
    state["rpn.head.cls_logits.bias"] = torch.full((3,), torch.nan)
    torch.save(state, folder / "x.pth")


BAD = [
    (spoil_classes, "has 91 classes"),
    (spoil_network, "another network: .* missing"),
    (spoil_kind, "no state_dict"),
    (spoil_code, "tensors only"),
    (spoil_bytes, "tensors only"),
    (spoil_empty, "tensors only"),
    (spoil_values, "not finite"),
    (lambda folder: None, "x.pth"),
]


@pytest.mark.parametrize(("spoil", "message"), BAD)
def test_anything_else_is_refused_and_leaves_nothing(tmp_path, spoil, message):
    spoil(tmp_path)
    with pytest.raises(ModelError, match=message):
        import_checkpoint(tmp_path / "x.pth", tmp_path / "new")
    assert not (tmp_path / "new").exists()
