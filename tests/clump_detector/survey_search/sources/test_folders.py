"""A survey in folders: what of a dataset is no cutout of its own."""

from __future__ import annotations

from clump_detector.survey_search.sources.folders import Folders
from tests.helpers.survey_cutouts import write_png


def test_images_that_the_dataset_keeps_are_no_new_cutouts(tmp_path):
    dataset = tmp_path / "survey"
    (dataset / "images").mkdir(parents=True)
    write_png(tmp_path / "galaxy.png")
    write_png(dataset / "images" / "copy.png")
    found = Folders([tmp_path], dataset)
    assert [item.name for item in found] == ["galaxy"]
    assert found.total == 1


def test_a_folder_in_the_dataset_that_is_named_is_searched(tmp_path):
    (tmp_path / "cutouts").mkdir()
    write_png(tmp_path / "cutouts" / "galaxy.png")
    (item,) = Folders([tmp_path / "cutouts"], tmp_path)
    assert item.address == "cutouts/galaxy.png"
