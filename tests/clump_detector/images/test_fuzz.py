"""Broken image files by the hundred: one message each, no crash, nothing written."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.helpers.broken_images import broken_file, whole_files

#: ``make bench ONLY=fuzz`` reads 2,000 and says how long the slowest takes.
FILES = 600


def test_whole_files_are_read(tmp_path):
    from clump_detector.images.cutout import read_cutout

    for name, content in whole_files().items():
        path = tmp_path / name
        path.write_bytes(content)
        if name != "groups.fits":
            read_cutout(path)


def test_the_same_seed_breaks_the_same_files():
    some = [broken_file(i, seed=3) for i in range(20)]
    assert some == [broken_file(i, seed=3) for i in range(20)]
    assert some != [broken_file(i, seed=4) for i in range(20)]
    assert len({content for _, content in some}) == 20


def test_broken_files_get_one_message_and_cost_little(tmp_path):
    # In a process of its own: a crash in a decoder would take the tests with it.
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.helpers.broken_images",
            tmp_path,
            str(FILES),
            "0",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["files"] == FILES
    assert found["wrong"] == []
    assert found["left"] == []
    assert FILES / 20 < found["read"] < FILES / 2  # broken, yet not all beyond reading
    assert done.stderr == ""
    if found["peak_gb"] is None:
        pytest.skip("all is well, but this system tells no peak of memory")
    assert found["peak_gb"] < 2
