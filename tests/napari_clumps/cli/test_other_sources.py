"""``other-sources``: a table of stars and galaxies, and how many there are in words."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from clump_detector.image_files.sources import find_sources
from napari_clumps.review import Review

SIDE, FWHM, SCALE = 160, 4.0, 0.4
STAR, GALAXY = (30.0, 40.0), (128.0, 140.0)


def blob(x, y, peak, sigma, ratio=1.0):
    rows, columns = np.mgrid[:SIDE, :SIDE]
    far = (columns - x) ** 2 + ((rows - y) / ratio) ** 2
    return peak * np.exp(-far / (2 * sigma**2))


@pytest.fixture
def folder(tmp_path):
    """A galaxy with a star and a galaxy beside it, and one that is alone."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "sky"
    folder.mkdir()
    header = fits.Header(
        {
            "BANDS": "gr", "BUNIT": "nanomaggy", "PSFFWHM": FWHM * SCALE,
            "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 30.0, "CRVAL2": 5.0,
            "CRPIX1": 1.0, "CRPIX2": 1.0, "CDELT1": -SCALE / 3600,
            "CDELT2": SCALE / 3600,
        }
    )  # fmt: skip
    for name in ("alone", "beside"):
        light = blob(80, 80, 1.2, 12)
        if name == "beside":
            light += blob(*STAR, 2.0, FWHM / 2.3548) + blob(*GALAXY, 1.0, 7, 0.4)
        planes = np.stack([light, 1.5 * light]) + rng.normal(0, 0.01, (2, SIDE, SIDE))
        fits.writeto(folder / f"{name}.fits", planes.astype(np.float32), header)
    return folder


def test_a_folder_becomes_a_table_of_stars_and_galaxies(run, folder, tmp_path):
    (folder / "broken.fits").write_bytes(b"no image")
    out = tmp_path / "found.vot"
    code, said, problems = run("other-sources", folder, "--out", out)
    assert code == 2
    assert "broken.fits" in problems
    assert "1 star and 1 galaxy on 1 cutout;" in said
    assert "Nothing else on 1." in said
    table = Table.read(out)
    assert table["galaxy_name"].tolist() == ["beside", "beside"]
    assert sorted(table["kind"].tolist()) == ["galaxy", "star"]
    (star,) = table[table["kind"] == "star"]
    assert star["px_x"] == pytest.approx(STAR[0], abs=0.5)
    assert star["ra"] == pytest.approx(30 - 30 * SCALE / 3600, abs=1e-3)
    assert star["dec"] == pytest.approx(5 + 40 * SCALE / 3600, abs=1e-3)
    true = 2.0 * 2 * np.pi * (FWHM / 2.3548) ** 2 * 3.631e-6
    assert star["flux_g"] == pytest.approx(true, rel=0.05)
    assert star["mag_g"] == pytest.approx(-2.5 * np.log10(true / 3631), abs=0.06)
    assert star["distance_fwhm"] == pytest.approx(np.hypot(50, 40) / FWHM, rel=0.02)
    assert not star["on_galaxy"]
    assert table["flux_g"].unit == "Jy"


def test_clumps_of_a_review_are_none_of_them(run, folder, tmp_path):
    path, out = tmp_path / "a.clumps", tmp_path / "found.ecsv"
    with Review.create(path, find_sources([folder / "beside.fits"])) as review:
        x, y = STAR
        review.add(1, (x - 5, y - 5, x + 5, y + 5), "clump")
    code, said, _ = run("other-sources", path, "--out", out)
    assert code == 0
    assert "0 stars and 1 galaxy on 1 cutout;" in said
    assert Table.read(out)["kind"].tolist() == ["galaxy"]


def test_no_table_is_written_for_nothing(run, folder, tmp_path):
    out = tmp_path / "found.ecsv"
    code, said, _ = run("other-sources", folder / "alone.fits", "--out", out)
    assert code == 0
    assert "0 stars and 0 galaxies on 0 cutouts;" in said
    assert not out.exists()


def test_a_table_of_no_known_kind_is_refused_before_the_search(run, folder, tmp_path):
    code, _, problems = run("other-sources", folder, "--out", tmp_path / "found.xls")
    assert code == 2
    assert ".ecsv" in problems
