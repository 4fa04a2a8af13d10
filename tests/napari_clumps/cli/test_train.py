"""`napari-clumps train`: a point of the review's curve, and labels of several sets."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from clump_detector.config.model import ModelConfig
from clump_detector.image_files.sources import find_sources
from clump_detector.models.card import ModelCard, read_card
from napari_clumps.review import Review


@pytest.fixture
def tiny(tmp_path):
    """A base model that is trained within seconds."""
    from clump_detector.detector.model_folder import save_model
    from clump_detector.detector.network import build_detector

    config = ModelConfig(
        encoder="test_resnet", strides=(4, 8), anchor_sizes=((8, 12), (16, 24)),
        input_size=96, fpn_channels=16, representation_size=32, rpn_pre_nms_top_n=60,
        rpn_post_nms_top_n=40,
    )  # fmt: skip
    save_model(tmp_path / "tiny", build_detector(config), ModelCard("tiny", config))
    return tmp_path / "tiny"


@pytest.fixture
def quick(tmp_path):
    """A recipe for the shortest training there is."""
    settings = 'train_parts = "heads"\nbatch = 4\nepochs = 1\ncrop = 96\n'
    (tmp_path / "quick.toml").write_text(f"[train]\n{settings}")
    return tmp_path / "quick.toml"


@pytest.fixture
def labelled(tmp_path):
    """A review of small galaxies with a bright spot each, all done, half held out."""
    folder = tmp_path / "galaxies"
    folder.mkdir()
    rng = np.random.default_rng(0)
    spots = rng.uniform(30, 70, (10, 2))
    y, x = np.mgrid[:100, :100]
    for i, (cx, cy) in enumerate(spots):
        spot = 150 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 18)
        noisy = spot[..., None] + rng.normal(40, 4, (100, 100, 3))
        picture = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
        picture.save(folder / f"g{i}.png")
    path = folder / "galaxies.clumps"
    with Review.create(path, find_sources([folder]), held_out=0.5) as made:
        for i, (cx, cy) in enumerate(spots, start=1):
            made.add(i, (cx - 7, cy - 7, cx + 7, cy + 7), "clump")
            made.set_done(i, True)
        counts = made.learning_counts()
    return path, counts


def test_a_training_adds_the_base_model_and_itself_to_the_curve(
    run, labelled, tiny, quick, tmp_path
):
    path, counts = labelled
    assert 0 < counts["held_out"] < 10
    model = tmp_path / "mine"
    words = ("train", path, "--base", tiny, "--recipe", quick, "--out")
    code, said, err = run(*words, model)
    assert code == 0, err
    with Review.open(path, read_only=True) as review:
        base, new = review.learning_curve
    assert (base["galaxies"], base["boxes"]) == (0, 0)
    assert base["model"] == read_card(tiny).model_id
    assert (new["galaxies"], new["boxes"]) == (counts["cutouts"], counts["boxes"])
    assert new["model"] == read_card(model).model_id
    assert new["held_out"] == counts["held_out_done"]
    assert f"{counts['cutouts']} galaxies, " in said
    assert "from three points on" in said
    with Review.open(path) as elsewhere:
        code, said, err = run(*words, tmp_path / "two")
        assert code == 0
        assert "the learning curve gets no point" in err
        assert (tmp_path / "two" / "model.json").is_file()
        assert len(elsewhere.learning_curve) == 2


def test_a_review_and_a_label_set_teach_one_model(run, labelled, tiny, quick, tmp_path):
    path, counts = labelled
    code, _, err = run("simulate", tmp_path / "sim", "-n", 3, "--size", 96)
    assert code == 0, err
    labels = tmp_path / "sim" / "labels.json"
    words = ("--base", tiny, "--recipe", quick, "--out", tmp_path / "mine")
    code, _, err = run("train", path, labels, labels, *words)
    assert code == 0, err
    learned = read_card(tmp_path / "mine").learned_from
    assert learned["cutouts"] == counts["cutouts"] + 3
    sets = learned["label_set_info"]["label_sets"]
    assert [(one["name"], one["cutouts"]) for one in sets] == [
        ("galaxies", 10), ("sim", 3), ("sim", 0),
    ]  # fmt: skip
    assert "Left out: 3 cutouts of sim, labelled in an earlier set." in err
    with Review.open(path, read_only=True) as review:
        assert review.learning_curve == []
