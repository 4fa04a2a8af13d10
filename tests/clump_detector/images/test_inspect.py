"""The table of what the reader makes of files."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from astropy.io import fits

from clump_detector.core.errors import ImageError
from clump_detector.images.inspect import COLUMNS, as_markdown, recognised


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for band in "gr":
        hdu = fits.PrimaryHDU(rng.normal(0, 1, (50, 60)).astype("f4"))
        hdu.header["BUNIT"], hdu.header["FILTER"] = "nanomaggy", "g"
        hdu.writeto(tmp_path / f"a-{band}.fits.gz")
    np.savez(tmp_path / "b.npz", image=rng.normal(0, 1, (3, 50, 60)))
    (tmp_path / "c.fits").write_text("no image")
    return tmp_path


def test_a_row_tells_what_was_taken_from_where(folder):
    a, b, c = (dict(zip(COLUMNS, row, strict=True)) for row in recognised([folder]))
    assert (a["cutout"], a["files"], a["pixels"]) == ("a", "2 .fits.gz", "2 x 60 x 50")
    assert a["read as"] == "2 bands g, r from the file names; no WCS; nanomaggies"
    assert a["to know"].startswith("Bands g, r are from the file names, though")
    assert b["read as"].startswith("3 bands without names; no WCS; relative fluxes")
    assert c["read as"] == "not read"
    assert "damaged or not an image" in c["to know"]


def test_markdown_keeps_its_columns():
    table = as_markdown([("a|b", "c\nd", "", "", "", "")]).splitlines()
    assert table[0] == "| " + " | ".join(COLUMNS) + " |"
    assert table[2] == r"| a\|b | c d |  |  |  |  |"


def test_it_runs_on_anyones_folder(folder):
    command = [sys.executable, "-m", "clump_detector.images.inspect"]
    done = subprocess.run([*command, folder], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 5
    missing = folder / "nowhere"
    failed = subprocess.run([*command, missing], capture_output=True, text=True)
    assert failed.returncode == 2
    assert failed.stderr == (
        f"clump_detector.images.inspect: {missing}: no such file or folder. "
        "Check the path.\n"
    )


def test_nothing_to_read(tmp_path):
    with pytest.raises(ImageError):
        recognised([tmp_path])
