"""``tiers``: a review's catalogue, told apart by who has looked at its clumps."""

from __future__ import annotations

import json

import numpy as np
from PIL import Image

from clump_detector.image_files.sources import find_sources
from napari_clumps.review import Proposal, Review


def test_the_tiers_of_an_exported_catalogue(run, tmp_path):
    rows, columns = np.mgrid[:90, :90]
    galaxy = 150 * np.exp(-((columns - 45) ** 2 + (rows - 45) ** 2) / 300)
    noise = np.random.default_rng(0).normal(20, 3, (90, 90, 3))
    picture = (noise + galaxy[..., None]).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.png")
    path = tmp_path / "a.clumps"
    with Review.create(path, find_sources([tmp_path / "a.png"])) as one:
        one.propose(1, [Proposal(40, 40, 50, 50, "clump", 0.7)], "m", size=(90, 90))
        one.add(1, (20, 20, 30, 30), "clump")
    catalogue = tmp_path / "c.ecsv"
    code, said, err = run("export", path, "--out", catalogue, "--proposals")
    assert code == 0, err
    assert "By tier: 1 visually confirmed" in said
    out, drawn = tmp_path / "t.json", tmp_path / "t.png"
    code, said, err = run("tiers", catalogue, "--out", out, "--picture", drawn)
    assert code == 0, err
    assert "visually_confirmed: 1 clump on 1 galaxy; fewer than 50" in said
    figures = json.loads(out.read_text())
    assert [row["clumps"] for row in figures.values()] == [1, 1]
    assert drawn.stat().st_size > 5_000


def test_another_table_is_refused_in_one_line(run, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("x,y\n1,2\n")
    code, _, err = run("tiers", table)
    assert code == 2
    assert "no column “tier”" in err
    assert len(err.strip().splitlines()) == 1
