"""``isophotes``: a folder and a review, with residuals."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from clump_detector.image_files.sources import find_sources
from napari_clumps.review import Review


@pytest.fixture
def folder(tmp_path):
    """A galaxy with a clump, and a field without a galaxy."""
    rng = np.random.default_rng(0)
    rows, columns = np.indices((121, 121))
    disc = 20 * np.exp(-np.hypot(columns - 60, (rows - 60) / 0.6) / 10)
    clump = 6 * np.exp(-(np.hypot(columns - 80, rows - 62) ** 2) / 6)
    folder = tmp_path / "sky"
    folder.mkdir()
    for name, light in (("galaxy", disc + clump), ("nothing", 0 * disc)):
        plane = (light + rng.normal(0, 0.1, disc.shape)).astype("f4")
        fits.writeto(folder / f"{name}.fits", plane)
    return folder


def test_a_folder_becomes_a_table_and_residuals(run, folder, tmp_path):
    out, left = tmp_path / "table.ecsv", tmp_path / "left"
    code, said, problems = run("isophotes", folder, "--out", out, "--residuals", left)
    assert code == 2
    assert "Isophotes of 1 galaxy" in said
    assert "no galaxy was found in its middle" in problems
    table = Table.read(out)
    assert set(table["galaxy_name"]) == {"galaxy"}
    assert [path.name for path in left.iterdir()] == ["galaxy_residual.fits"]
    rest = fits.getdata(left / "galaxy_residual.fits")
    assert rest.shape == (1, 121, 121)
    assert rest[0, 62, 80] > 4
    assert abs(rest[0, 60, 20:40].mean()) < 0.1


def test_of_a_review_the_clumps_are_left_out(run, folder, tmp_path):
    path = tmp_path / "sky.clumps"
    with Review.create(path, find_sources([folder / "galaxy.fits"])) as made:
        made.add(1, (74, 56, 86, 68), "clump")
    code, _, _ = run("isophotes", path, "--out", tmp_path / "with.csv")
    assert code == 0
    plain = tmp_path / "without.csv"
    assert run("isophotes", folder / "galaxy.fits", "--out", plain)[0] == 0
    hidden, seen = (
        Table.read(tmp_path / name)["pixels"].sum()
        for name in ("with.csv", "without.csv")
    )
    assert hidden < seen


def test_an_ending_that_is_none_is_refused_before_the_work(run, folder, tmp_path):
    code, _, said = run("isophotes", folder, "--out", tmp_path / "table.doc")
    assert code == 2
    assert "ending" in said
