"""``artefacts``: a table with a row for each, and what was found in words."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.table import Table
from PIL import Image

from clump_detector.image_files.sources import find_sources
from napari_clumps.review import Review


@pytest.fixture
def folder(tmp_path):
    """A picture with a strip without data, one without an artefact, and no image."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "sky"
    folder.mkdir()
    for name in ("plain", "strip"):
        pixels = rng.integers(10, 30, (160, 160, 3), dtype=np.uint8)
        if name == "strip":
            pixels[:30] = 0
        Image.fromarray(pixels).save(folder / f"{name}.png")
    return folder


def test_a_folder_becomes_a_table_of_artefacts(run, folder, tmp_path):
    (folder / "broken.png").write_bytes(b"no image")
    out = tmp_path / "found.ecsv"
    code, said, problems = run("artefacts", folder, "--out", out)
    assert code == 2
    assert "broken.png" in problems
    assert "No artefact on 1 cutout, some on 1." in said
    assert "1  missing: strip or line without data" in said
    table = Table.read(out)
    assert table["galaxy_name"].tolist() == ["strip"]
    assert table["file"][0] == str(folder / "strip.png")
    assert table["kind"][0] == "missing"
    assert table["px_y2"][0] == pytest.approx(29, abs=4)
    assert table["px_x2"].unit == "pix"


def test_those_of_a_review_are_found_and_no_table_is_written_for_nothing(
    run, folder, tmp_path
):
    path, out = tmp_path / "a.clumps", tmp_path / "found.ecsv"
    Review.create(path, find_sources([folder / "plain.png"])).close()
    code, said, _ = run("artefacts", path, "--out", out)
    assert code == 0
    assert "No artefact on 1 cutout, some on 0." in said
    assert not out.exists()


def test_a_table_of_no_known_kind_is_refused_before_the_search(run, folder, tmp_path):
    code, _, problems = run("artefacts", folder, "--out", tmp_path / "found.xls")
    assert code == 2
    assert ".ecsv" in problems
