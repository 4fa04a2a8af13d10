"""What the clumps of each tier of a catalogue are like, where it is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table

from clump_detector.catalogue import CatalogueBuilder, write_catalogue
from clump_detector.core.errors import FileError, LabelError
from clump_detector.evaluation.catalogues.tiers import figures_by_tier, tiers_in_words
from clump_detector.evaluation.catalogues.tiers_picture import draw_tiers


def write(path, **more):
    """Write 60 confirmed clumps without doubts and 20 of a model, half with doubts."""
    tiers = ["visually_confirmed"] * 60 + ["model_only"] * 20
    doubts = [None] * 70 + ["S/N below 5"] * 6 + ["S/N below 5; looks like star"] * 4
    looks = ["clump"] * 72 + ["star"] * 4 + [None] * 4
    score = np.r_[np.full(60, 0.9), np.linspace(0.3, 0.5, 20)]
    columns = {
        "galaxy_name": [f"g{k // 2}" for k in range(80)],
        "tier": tiers,
        "clump_doubts": MaskedColumn(
            [d or "" for d in doubts], mask=[d is None for d in doubts]
        ),
        "clump_looks_like": MaskedColumn(
            [look or "" for look in looks], mask=[look is None for look in looks]
        ),
        "clump_score": score,
        "clump_flux_ratio": MaskedColumn(np.full(80, 0.02), mask=np.arange(80) >= 78),
        **more,
    }
    Table(columns).write(path, format="ascii.ecsv")
    return path


def test_figures_of_each_tier_are_those_of_its_rows(tmp_path):
    found = figures_by_tier(write(tmp_path / "c.ecsv"))
    assert list(found.figures) == ["visually_confirmed", "model_only"]
    seen, model = found.figures.values()
    assert (seen["clumps"], seen["galaxies"]) == (60, 30)
    assert (model["clumps"], model["galaxies"]) == (20, 10)
    assert seen["without_doubt"]["share"] == 1
    assert model["without_doubt"]["share"] == 0.5
    low, high = model["without_doubt"]["95"]
    assert 0.25 < low < 0.5 < high < 0.75
    assert model["doubts"] == {"S/N below 5": 10, "looks like star": 4}
    assert model["look_like_clumps"]["share"] == pytest.approx(12 / 16)
    assert model["medians"]["clump_score"]["median"] == pytest.approx(0.4)
    assert model["medians"]["clump_flux_ratio"]["n"] == 18
    assert json.loads(json.dumps(found.figures)) == found.figures


@pytest.mark.parametrize("ending", ["ecsv", "vot", "fits", "parquet", "csv"])
@pytest.mark.parametrize("second", [None, "S/N below 5"])
def test_every_format_of_a_catalogue_gives_the_same(tmp_path, ending, second):
    """Also where nothing at all is known in a column of texts or of numbers."""
    rows = CatalogueBuilder()
    rows.add(
        2,
        {
            "galaxy_name": "a", "tier": ["visually_confirmed"] * 2,
            "clump_doubts": [None, second], "clump_looks_like": [None, "clump"],
            "clump_score": [None, 0.5], "clump_width": [None, None],
        },
    )  # fmt: skip
    path = tmp_path / f"c.{ending}"
    write_catalogue(rows.finished({}), path)
    row = figures_by_tier(path).figures["visually_confirmed"]
    assert row["clumps"] == 2
    assert row["without_doubt"]["share"] == (1 if second is None else 0.5)
    assert row["doubts"] == ({} if second is None else {second: 1})
    assert row["look_like_clumps"]["share"] == 1
    assert row["medians"]["clump_score"] == {
        "median": 0.5, "16": 0.5, "84": 0.5, "n": 1,
    }  # fmt: skip
    assert "clump_width" not in row["medians"]


def test_it_is_told_in_words_that_few_prove_little(tmp_path):
    said = tiers_in_words(figures_by_tier(write(tmp_path / "c.ecsv")).figures)
    assert "visually_confirmed: 60 clumps on 30 galaxies" in said
    assert "model_only: 20 clumps on 10 galaxies; fewer than 50 prove little" in said
    assert any("0.50 (0.30 to 0.70) without a reason to doubt" in line for line in said)
    assert "  reasons: S/N below 5 10, looks like star 4" in said


@pytest.mark.parametrize("name", ["t.png", "t.svg"])
def test_it_is_drawn_where_a_quantity_is_known_and_where_it_is_not(tmp_path, name):
    """All values alike, one value only, a value of 0 on a logarithmic scale."""
    radii = MaskedColumn(np.zeros(80), mask=np.arange(80) > 0)
    path = write(tmp_path / "c.ecsv", clump_width=np.ones(80), clump_distance_re=radii)
    draw_tiers(figures_by_tier(path), tmp_path / name)
    assert (tmp_path / name).stat().st_size > 5_000


@pytest.mark.parametrize(
    ("columns", "message"),
    [({"x": [1.0]}, "no column “tier”"), ({"tier": [""]}, "no clump of it has a tier")],
)
def test_a_table_without_tiers_is_refused(tmp_path, columns, message):
    Table(columns).write(tmp_path / "c.ecsv", format="ascii.ecsv")
    with pytest.raises(LabelError, match=message):
        figures_by_tier(tmp_path / "c.ecsv")


def test_what_is_no_catalogue_is_refused(tmp_path):
    (tmp_path / "c.ecsv").write_text("no table")
    with pytest.raises(FileError, match="this is no catalogue"):
        figures_by_tier(tmp_path / "c.ecsv")
    with pytest.raises(FileError, match="no such file"):
        figures_by_tier(tmp_path / "none.ecsv")
