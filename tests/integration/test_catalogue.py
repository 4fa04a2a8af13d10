"""From ten coordinates to a published-style catalogue, as the tutorial tells it."""

from __future__ import annotations

import io
import shutil
import sys

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io.votable import validate
from astropy.table import Table

from clump_detector.galaxies.surveys import Services
from clump_detector.image_files.sources import find_sources
from clump_detector.images.cutout import read_cutout
from napari_clumps.cli import main
from napari_clumps.jobs import download
from napari_clumps.review import Review
from tests.helpers.paths import SHARED
from tests.helpers.survey_server import SIGMA, serving

#: Ten galaxies far apart, each with one clump so far East and North of the middle.
GALAXIES = [(150.0 + 0.5 * k, 2.0 - 0.3 * k) for k in range(10)]
EAST, NORTH = 6.0, 3.0
NANOMAGGY = 3.630781e-6  # Jy

REAL = SHARED / "real" / "s82_labelled"


@pytest.fixture
def sky(monkeypatch, tmp_path):
    """A server on loopback in the place of the survey."""

    def quick():
        return Services(pace=0, patience=0.01, attempts=3)

    monkeypatch.setattr(download, "Services", quick)
    with serving(monkeypatch, tmp_path / "cache") as server:
        server.stars = [(*clump_of(k), 10.0 + k) for k in range(10)]
        yield server


def clump_of(k: int) -> tuple[float, float]:
    """Return where the clump of a galaxy is, in degrees."""
    ra, dec = GALAXIES[k]
    return ra + EAST / 3600 / np.cos(np.radians(dec)), dec + NORTH / 3600


@pytest.fixture
def run(monkeypatch, capsys):
    def run(*words):
        monkeypatch.setattr(sys, "argv", ["napari-clumps", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main.main()
        said = capsys.readouterr()
        assert end.value.code == 0, said.err
        return said.out

    return run


def decide(folder, path):
    """Box what is seen, as an astronomer would in the window."""
    with Review.create(path, find_sources([folder])) as review:
        for cutout in review.cutouts():
            image = read_cutout(cutout.source)
            k = int(cutout.name.removeprefix("G"))
            x, y = image.wcs.all_world2pix([clump_of(k)], 0)[0]
            side = 2.5 * image.fwhm / 2
            review.add(cutout.id, (x - side, y - side, x + side, y + side), "clump")
            review.set_done(cutout.id, True)


def test_ten_coordinates_become_a_catalogue(run, sky, tmp_path):
    psf = 2.3548 * SIGMA
    lines = [f"G{k},{ra},{dec},0.05,{psf}" for k, (ra, dec) in enumerate(GALAXIES)]
    listed = tmp_path / "galaxies.csv"
    listed.write_text("\n".join(["name,ra,dec,redshift,psf_fwhm_r", *lines, ""]))
    folder = tmp_path / "cutouts"
    said = run("import", listed, "--out", folder, "--bands", "ugriz", "--size", 40)
    assert "10 cutouts downloaded" in said
    decide(folder, tmp_path / "ten.clumps")
    for ending in ("vot", "ecsv", "fits", "parquet", "csv"):
        out = tmp_path / f"clumps.{ending}"
        assert str(out) in run("export", tmp_path / "ten.clumps", "--out", out)
        check(Table.read(out))
    with (tmp_path / "report.txt").open("w") as file:
        assert validate(str(tmp_path / "clumps.vot"), output=file)


def check(table: Table) -> None:
    """Hold a catalogue against what the survey's sky has."""
    table.sort("galaxy_name")
    assert list(table["galaxy_name"]) == [f"G{k}" for k in range(10)]
    assert np.allclose(table["galaxy_z"], 0.05)
    truth = np.array([clump_of(k) for k in range(10)])
    east = (table["clump_centre_ra"] - truth[:, 0]) * np.cos(np.radians(truth[:, 1]))
    north = table["clump_centre_dec"] - truth[:, 1]
    assert (np.hypot(east, north) * 3600 < 0.1).all()
    for band in "ugriz":
        flux = np.asarray(table[f"clump_flux_{band}"], dtype=float)
        share = flux / (10.0 + np.arange(10)) / NANOMAGGY
        # These stars are Gaussian, the aperture correction is that of a Moffat.
        assert share == pytest.approx(1.1, abs=0.05)
        assert share == pytest.approx(share[0], rel=0.01)


@pytest.mark.skipif(not REAL.exists(), reason="no real galaxies beside the repository")
def test_labels_of_real_galaxies_become_a_catalogue(run, tmp_path):
    """Mehta et al. (2021): boxes lie 0.75 pixels off their own published positions."""
    sky = tmp_path / "sky"
    shutil.copytree(REAL / "images", sky)
    shutil.copy(REAL / "galaxies.csv", sky)
    review, out = tmp_path / "real.clumps", tmp_path / "clumps.vot"
    Review.create(review, find_sources([sky])).close()
    said = run("import", REAL / "clumps.csv", "--into", review, "--as", "accepted")
    assert "136 boxes imported on 25 cutouts" in said
    assert "pictures" in run("export", review, "--out", out)
    assert validate(str(out), output=io.StringIO())
    ours, theirs = Table.read(out), Table.read(REAL / "clumps.csv")
    places = SkyCoord(ours["clump_centre_ra"], ours["clump_centre_dec"])
    published = SkyCoord(theirs["ra"], theirs["dec"], unit="deg")
    nearest, apart, _ = places.match_to_catalog_sky(published)
    assert sorted(nearest) == list(range(136))
    assert apart.arcsec.max() < 1
    assert (ours["clump_distance_kpc"] > 0).all()
    assert "clump_flux_r" not in ours.colnames  # pictures have none
