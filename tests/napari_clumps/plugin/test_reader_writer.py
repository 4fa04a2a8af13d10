"""File > Open, samples and File > Save, as napari calls them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from clump_detector.core.errors import ClumpError
from clump_detector.images.cutout import read_cutout
from clump_detector.images.rgb import to_rgb
from clump_detector.labels.label_set import read_label_set
from napari_clumps.plugin.reader import NOTHING_TO_ADD, get_reader
from napari_clumps.plugin.writer import write_boxes

SQUARE = np.array([[10, 20], [10, 40], [32, 40], [32, 20]], float)


def test_an_image_opens_as_the_detector_sees_it(galaxies):
    path = str(galaxies / "galaxy-1.png")
    ((data, options, kind),) = get_reader(path)(path)
    assert kind == "image"
    assert options["rgb"]
    assert np.array_equal(data, to_rgb(read_cutout(path)))


def test_band_files_open_as_one_layer(tmp_path):
    from astropy.io import fits

    rng = np.random.default_rng(0)
    paths = []
    for band in "gri":
        path = tmp_path / f"ngc1-{band}.fits"
        fits.writeto(path, rng.normal(size=(60, 50)).astype(np.float32))
        paths.append(str(path))
    layers = get_reader(paths)(paths)
    assert len(layers) == 1
    assert layers[0][0].shape == (60, 50, 3)
    assert layers[0][1]["name"] == "ngc1"


@pytest.mark.parametrize("name", ["notes.txt", "table.csv", "layers.json"])
def test_other_files_are_left_to_others(tmp_path, name):
    (tmp_path / name).write_text("x")
    assert get_reader(str(tmp_path / name)) is None


def test_a_damaged_image_is_an_error_that_names_it(tmp_path):
    path = tmp_path / "cut.png"
    Image.fromarray(np.zeros((50, 50, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(ClumpError, match=r"cut\.png"):
        get_reader(str(path))(str(path))


def test_boxes_are_saved_as_a_label_set(tmp_path):
    path = tmp_path / "boxes.json"
    features = {
        "class": ["clump", "odd clump", ""],
        "score": [0.9, 0.4, np.nan],
        "status": ["accepted", "rejected", ""],
    }
    meta = {"name": "Clumps: ngc1", "features": features}
    assert write_boxes(str(path), [SQUARE, SQUARE + 30, SQUARE + 60], meta) == [
        str(path)
    ]
    (cutout,) = read_label_set(path).cutouts
    assert cutout.source.name == "ngc1"
    assert not cutout.done
    accepted, drawn = cutout.boxes
    assert accepted.corners == (20, 10, 40, 32)
    assert (accepted.score, accepted.origin) == (0.9, "model")
    assert (drawn.score, drawn.origin, drawn.cls) == (None, "person", "clump")
    assert [b.cls for b in cutout.rejected] == ["odd clump"]


@pytest.mark.parametrize("ending", ["csv", "ecsv", "parquet"])
def test_boxes_are_saved_as_a_table(tmp_path, ending):
    from astropy.table import Table

    path = tmp_path / f"boxes.{ending}"
    meta = {"name": "ngc1", "features": {"class": ["clump"], "score": [0.5]}}
    write_boxes(str(path), [SQUARE], meta)
    (row,) = Table.read(path)
    assert (row["file"], row["class"], row["score"]) == ("ngc1", "clump", 0.5)
    assert [row[k] for k in ("x1", "y1", "x2", "y2")] == [20, 10, 40, 32]


def test_a_shape_that_is_no_box_is_refused(tmp_path):
    path = tmp_path / "boxes.json"
    with pytest.raises(ClumpError, match="shape 2"):
        write_boxes(str(path), [SQUARE, SQUARE[:3]], {"name": "a", "features": {}})
    assert not path.exists()


@pytest.mark.gui
def test_a_folder_opens_as_a_review_and_takes_no_dialog(window, galaxies):
    found = get_reader(str(galaxies))(str(galaxies))
    assert found == NOTHING_TO_ADD
    assert len(window.controller.session.review) == 4


@pytest.mark.gui
def test_napari_opens_files_folders_and_reviews_through_the_plugin(window, galaxies):
    viewer, controller = window.viewer, window.controller
    viewer.open(str(galaxies / "galaxy-1.png"), plugin="napari-clumps")
    assert viewer.layers[-1].rgb
    viewer.open(str(galaxies), plugin="napari-clumps")
    assert len(controller.session.review) == 4
    path = controller.session.review.path
    controller.close_review()
    viewer.open(str(path), plugin="napari-clumps")
    assert controller.session.review.path == path


@pytest.mark.gui
@pytest.mark.parametrize(("key", "fewest"), [("simulated", 12), ("hubble", 10)])
def test_samples_open_as_reviews(window, key, fewest):
    window.viewer.open_sample("napari-clumps", key)
    window.qtbot.waitUntil(lambda: window.controller.session.cutout is not None)
    assert [layer.name for layer in window.viewer.layers] == [
        "Galaxy", "Marks", "Clump boxes",
    ]  # fmt: skip
    assert len(window.controller.session.review) >= fewest
    assert window.controller.session.picture.problem is None


def test_the_manifest_is_valid_and_complete():
    from npe2 import PluginManifest

    manifest = PluginManifest.from_distribution("napari-clumps")
    manifest.validate_imports()
    names = {w.display_name for w in manifest.contributions.widgets}
    assert names == {
        "Clumps", "Review clumps", "Detect clumps", "Retrain from corrections",
        "Review statistics", "Display", "Clump gallery", "Filmstrip", "Reviewers",
        "Download cutouts", "Photometry", "Models", "Learning curve", "Survey",
        "Similar galaxies", "Map of galaxies", "Isophotes", "Why this box",
    }  # fmt: skip
    assert "napari/layers/annotate" in manifest.contributions.menus
