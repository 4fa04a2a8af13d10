"""Detection at one scale whatever the size of an image, and its boxes back on it."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from clump_detector.config.model import ModelConfig
from clump_detector.core.errors import Cancelled
from clump_detector.core.progress import CancelToken
from clump_detector.detector import predict
from clump_detector.detector.predict import Predictor
from clump_detector.image_files.sources import Source
from clump_detector.images.cutout import from_array
from clump_detector.labels.label_set import LabelledCutout
from clump_detector.models import network_scale
from clump_detector.models.network_scale import (
    OVERLAP,
    TILE,
    from_network,
    resize,
    scale_of,
    tiles,
    to_network,
)
from clump_detector.train.samples.dataset import load_sample
from tests.clump_detector.conftest import sky
from tests.helpers.survey_pictures import enlarged, survey_image


class Brightest(torch.nn.Module):
    """A detector that boxes every bright square, exactly."""

    def __call__(self, images):
        (image,) = images
        from scipy.ndimage import find_objects, label

        found = find_objects(label(image.mean(dim=0).cpu().numpy() > 0.5)[0])
        boxes = [[x.start, y.start, x.stop, y.stop] for y, x in found]
        n = len(boxes)
        return [
            {
                "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
                "scores": torch.linspace(0.9, 0.5, n),
                "labels": torch.ones(n, dtype=torch.int64),
            }
        ]


@pytest.fixture
def exact(tiny_folder):
    predictor = Predictor(tiny_folder, "cpu")
    predictor.detector = Brightest()
    predictor.card = replace(
        predictor.card, config=replace(predictor.card.config, input_size=320)
    )
    return predictor


def squares(height, width, *corners, side=20):
    picture = np.full((height, width, 3), 10, np.uint8)
    for x, y in corners:
        picture[y : y + side, x : x + side] = 250
    return picture


@pytest.mark.parametrize(
    "size", [(400, 400), (160, 160), (26, 26), (300, 500), (90, 700)]
)
def test_boxes_come_back_to_the_pixels_they_were_found_on(exact, size):
    height, width = size
    side = max(6, min(size) // 10)
    x, y = width - 2 * side, height // 3
    cutout = from_array(squares(height, width, (x, y), side=side), rgb=True)
    found = exact.predict(cutout)
    wanted = [[x - 0.5, y - 0.5, x + side - 0.5, y + side - 0.5]]
    np.testing.assert_allclose(found.boxes, wanted, atol=width / 320 + 0.5)
    assert found.classes == ["clump"]


def test_the_scale_is_the_psfs_where_it_is_known():
    config = ModelConfig(input_size=320, pixels_per_fwhm=5, most_enlarged=4)
    assert scale_of(400, 300, None, config) == 0.8
    assert scale_of(400, 300, 10.0, config) == 0.5
    assert scale_of(400, 300, 0.1, config) == 4  # no image is enlarged more
    assert scale_of(26, 26, None, config) == 4
    assert scale_of(400, 300, 500.0, config) == 32 / 400  # nor shrunk to nothing
    assert scale_of(4000, 3000, None, config) == 0.8  # a field, not one galaxy


def test_a_clump_has_the_same_side_whatever_the_pixel_scale(exact):
    """The same sky at three pixel scales is the same to the network."""
    seen = []

    def find(picture, cancel):
        seen.append(picture.shape[:2])
        return predict.Detections(np.zeros((0, 4)), np.zeros(0), [])

    exact.find = find
    for pixels in (100, 200, 400):
        cutout = from_array(squares(pixels, pixels, (9, 9), side=5), rgb=True)
        exact.predict(replace(cutout, fwhm=pixels / 50))
    assert len(set(seen)) == 1


def test_an_enlarged_picture_is_searched_by_what_its_noise_tells(exact, tmp_path):
    """The same sky, enlarged twice as far, is the same to a model that asks the noise.

    What is known of the PSF comes first, and training has the scale of detection.
    """
    seen = []

    def find(picture, cancel):
        seen.append(max(picture.shape[:2]))
        return predict.Detections(np.zeros((0, 4)), np.zeros(0), [])

    exact.find = find
    cutouts = [
        from_array(enlarged(survey_image(160), factor), rgb=True)
        for factor in (2.0, 3.2)
    ]
    for cutout in cutouts:
        exact.predict(cutout)
    assert seen == [320, 320]  # this model does not ask
    config = replace(exact.card.config, psf_from_noise=True)
    exact.card = replace(exact.card, config=config)
    seen.clear()
    for cutout in (*cutouts, replace(cutouts[0], fwhm=10.0)):
        exact.predict(cutout)
    assert seen[0] == pytest.approx(seen[1], rel=0.2)
    assert seen[2] == 160
    path = tmp_path / "g.png"
    Image.fromarray(enlarged(survey_image(160), 2.0)).save(path)
    labelled = LabelledCutout(Source("g", (path,)), 320, 320)
    assert max(load_sample(labelled, config, path).size) == seen[0]


def test_a_large_image_is_searched_in_tiles_and_nothing_is_found_twice(exact):
    exact.card = replace(
        exact.card, config=replace(exact.card.config, input_size=network_scale.TYPICAL)
    )  # one network pixel per pixel
    corners = {(x, y) for x in range(30, 2900, 190) for y in range(20, 1900, 170)}
    rims = {t.x for t in tiles(3000, 2000)} | {t.x + t.width for t in tiles(3000, 2000)}
    corners = {c for c in corners if all(abs(c[0] - rim) > 60 for rim in rims)}
    # Squares that a tile's rim cuts, so that only a sliver is seen in that tile.
    corners |= {(rim - 17, 105) for rim in rims if 0 < rim < 3000}
    corners |= {(rim - 3, 275) for rim in rims if 0 < rim < 3000}
    found = exact.predict(from_array(squares(2000, 3000, *corners), rgb=True))
    got = [tuple(np.round(b + 0.5).astype(int)) for b in found.boxes]
    assert sorted(got) == sorted((x, y, x + 20, y + 20) for x, y in corners)


@pytest.mark.parametrize(("width", "height"), [(10, 20), (640, 641), (1500, 700)])
def test_tiles_cover_everything_and_overlap(width, height):
    seen = np.zeros((height, width), int)
    for tile in tiles(width, height):
        assert tile.width <= TILE
        assert tile.height <= TILE
        seen[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width] += 1
    assert seen.min() == 1
    columns = sorted({(t.x, t.width) for t in tiles(width, height)})
    for (x, wide), (after, _) in itertools.pairwise(columns):
        assert x + wide - after >= OVERLAP


def test_network_pixels_and_back():
    boxes = np.array([[0.0, 0.0, 9.0, 9.0], [-0.5, -0.5, 399.5, 299.5]])
    np.testing.assert_allclose(to_network(boxes, (2, 3))[1], [0, 0, 800, 900])
    np.testing.assert_allclose(from_network(to_network(boxes, (2, 3)), (2, 3)), boxes)


def test_shrinking_does_not_alias_and_moves_nothing():
    picture = np.zeros((300, 400, 3), np.uint8)
    picture[::2] = 200
    small, exact = resize(picture, 0.31)
    assert small.shape == (93, 124, 3)
    assert exact == (124 / 400, 93 / 300)
    assert abs(small[5:-5].astype(float) - 100).max() < 15


def test_no_box_where_there_is_no_data(exact):
    flux = np.random.default_rng(0).normal(1, 0.1, (3, 320, 320)).astype(np.float32)
    config = replace(exact.card.config, host_only=False)
    exact.card = replace(exact.card, config=config)
    flux[:, 110:150, 110:135] = np.nan
    boxes = np.array([[20.0, 20, 40, 40], [120, 120, 140, 140], [130, 120, 150, 140]])
    exact.find = lambda picture, stop: predict.Detections(
        boxes, np.array([0.9, 0.8, 0.7]), ["clump"] * 3
    )
    found = exact.predict(from_array(flux))
    assert found.scores.tolist() == [0.9, 0.7]  # without the one that lacks 3 quarters
    flux[:] = np.nan_to_num(flux)
    assert len(exact.predict(from_array(flux))) == 3


def test_only_boxes_on_the_galaxy_in_the_middle(exact):
    """Not on its nucleus, a star beside it, or nothing."""
    y, x = np.mgrid[:320, :320]
    disc = 150 * np.exp(-np.hypot(x - 160, y - 160) / 30)
    star = 200 * np.exp(-((x - 280) ** 2 + (y - 40) ** 2) / 20)
    noise = np.random.default_rng(0).normal(20, 3, (320, 320))
    picture = np.clip(disc + star + noise, 0, 255).astype(np.uint8)
    places = np.array([[160, 160], [200, 190], [280, 40], [30, 280]], dtype=float)
    boxes = np.concatenate([places - 6, places + 6], axis=1)
    exact.find = lambda picture, stop: predict.Detections(
        boxes, np.array([0.9, 0.8, 0.7, 0.6]), ["clump"] * 4
    )
    cutout = from_array(np.stack([picture] * 3, axis=2), rgb=True)
    assert exact.predict(cutout).scores.tolist() == [0.8]
    empty = np.stack([noise.astype(np.uint8)] * 3, axis=2)
    assert len(exact.predict(from_array(empty, rgb=True))) == 4  # no galaxy to tell


def test_detection_stops_when_told(exact):
    cutout = from_array(squares(3000, 3000, (9, 9)), rgb=True)
    token, searched = CancelToken(), []
    search = exact._search

    def search_and_cancel(picture):
        searched.append(True)
        if len(searched) == 3:
            token.cancel()
        return search(picture)

    exact._search = search_and_cancel
    with pytest.raises(Cancelled):
        exact.predict(cutout, token)
    assert len(searched) == 3


def test_a_real_detector_on_every_kind_of_image(tiny_folder):
    predictor = Predictor(tiny_folder, "cpu")
    assert predictor.model_id.startswith("tiny-")
    rng = np.random.default_rng(0)
    picture, _ = sky(rng, 3)
    kinds = [
        picture,
        picture[:26, :26],
        picture[..., 0],
        rng.normal(5, 1, (1, 60, 40)).astype(np.float32),
        rng.normal(5, 1, (4, 40, 60)).astype(np.float32),
    ]
    for kind in kinds:
        cutout = from_array(kind)
        found = predictor.predict(cutout)
        assert len(found) == len(found.scores) == len(found.classes)
        assert found.boxes.dtype == np.float64
        assert (found.boxes >= -0.5).all()
        assert (found.boxes[:, 2] <= cutout.width - 0.5).all()
        assert (found.boxes[:, 3] <= cutout.height - 0.5).all()
        assert (found.scores >= predictor.card.config.box_score_thresh).all()
        assert (np.diff(found.scores) <= 0).all()
