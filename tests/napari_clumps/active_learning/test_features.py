"""What models say of cutouts, kept in files that a kill cannot spoil."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clump_detector.core.errors import FileError
from clump_detector.images.host_profile import VALUES
from clump_detector.models.described import Description
from napari_clumps.active_learning.features import MODELS, Features

SIZE = 4


def described(n: int, value: float = 0.5, encoder: str = "e1") -> Description:
    """A description of n boxes that has one value everywhere."""
    numbers = np.full(n, value)
    return Description(
        encoder=encoder,
        vector=np.full(SIZE, value, np.float16),
        profile=np.full(VALUES, value, np.float16),
        boxes=np.arange(4.0 * n).reshape(n, 4),
        found=np.arange(n) % 2 == 0,
        score=numbers, mean=numbers, spread=numbers, information=numbers,
        unseen=numbers,
        votes=np.full(n, 3),
        heads=5,
        vectors=np.full((n, SIZE), value, np.float16),
    )  # fmt: skip


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.integers(0, 4), st.integers(0, 100)),
        max_size=12,
    )
)
def test_the_newest_of_each_cutout_is_read_back(tmp_path_factory, taken):
    features = Features(tmp_path_factory.mktemp("r") / "r.features", writable=True)
    newest = {}
    for cutout, n, value in taken:
        features.take(cutout, "m-1", float(value), described(n, value / 100))
        newest[cutout] = n, value / 100
    for seen in (features, Features(features.folder, writable=False)):
        boxes = seen.boxes("m-1")
        assert seen.described("m-1") == set(newest)
        ids, vectors = seen.vectors("e1")
        profiles = seen.profiles(np.array([*ids, 99]))
        assert np.isnan(profiles[-1]).all()
        assert ids.tolist() == sorted(newest)
        for k, cutout in enumerate(sorted(newest)):
            n, value = newest[cutout]
            mine = boxes[boxes["cutout"] == cutout]
            assert len(mine) == n
            assert mine["mean"] == pytest.approx(value)
            assert mine["corners"].ravel() == pytest.approx(np.arange(4.0 * n))
            assert vectors[k] == pytest.approx(value, abs=1e-3)
            assert profiles[k] == pytest.approx(value, abs=1e-3)
            assert seen.time_of(cutout) == pytest.approx(100 * value)
            assert (seen.boxes_on("m-1", cutout) == mine).all()


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_whatever_is_cut_off_what_was_whole_before_stays(tmp_path_factory, data):
    features = Features(tmp_path_factory.mktemp("r") / "r.features", writable=True)
    sizes = []
    for cutout in (1, 2, 3):
        features.take(cutout, "m", 0, described(3, cutout / 10))
        sizes.append({p: p.stat().st_size for p in features.folder.iterdir()})
    path = data.draw(st.sampled_from(sorted(sizes[0])))
    kept = data.draw(st.integers(0, sizes[-1][path]))
    with path.open("rb+") as file:
        file.truncate(kept)
    whole = {k + 1 for k, size in enumerate(sizes) if size[path] <= kept}
    again = Features(features.folder, writable=True)
    if path.name.startswith("boxes"):
        assert again.described("m") == whole
    elif path.name.startswith("cutouts"):
        assert set(again.vectors()[0]) == whole
    else:
        known = again.profiles(np.array([1, 2, 3]))
        assert {1, 2, 3} - whole == set(1 + np.flatnonzero(np.isnan(known[:, 0])))
    again.take(9, "m", 0, described(2, 0.9))
    assert 9 in again.described("m")
    assert 9 in again.vectors()[0]
    assert whole <= (again.described("m") & set(again.vectors()[0]) | {1, 2, 3})


def test_a_process_that_is_killed_leaves_what_it_wrote(tmp_path):
    code = (
        "import os, sys; from tests.napari_clumps.active_learning.test_features "
        "import *\n"
        "f = Features(Path(sys.argv[1]), writable=True)\n"
        "for k in range(20): f.take(k + 1, 'm', 0, described(2))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    code = f"from pathlib import Path\n{code}"
    folder = tmp_path / "r.features"
    done = subprocess.run([sys.executable, "-c", code, str(folder)], check=False)
    assert done.returncode == -9
    assert Features(folder, writable=False).described("m") == set(range(1, 21))


def test_vectors_that_are_not_finite_are_left_out(tmp_path):
    features = Features(tmp_path / "f", writable=True)
    features.take(1, "m", 0, described(1, np.nan))
    features.take(2, "m", 0, described(1, 0.5))
    assert features.vectors()[0].tolist() == [2]
    assert features.described("m") == {1, 2}


def test_another_encoder_has_vectors_of_its_own(tmp_path):
    features = Features(tmp_path / "f", writable=True)
    features.take(1, "m", 0, described(1, 0.1, "e1"))
    features.take(2, "n", 0, described(1, 0.2, "e2"))
    assert features.vectors("e1")[0].tolist() == [1]
    assert features.vectors("e2")[0].tolist() == [2]
    assert features.vectors("e3")[0].tolist() == []


def test_boxes_of_older_models_are_removed(tmp_path):
    features = Features(tmp_path / "f", writable=True)
    for k in range(MODELS + 2):
        features.take(1, f"model {k}/é", 0, described(1, k / 10))
    kept = [k for k in range(MODELS + 2) if features.described(f"model {k}/é")]
    assert kept == list(range(2, MODELS + 2))
    assert len(list(features.folder.glob("boxes-*"))) == MODELS


def test_nothing_described_is_nothing(tmp_path):
    features = Features(tmp_path / "missing", writable=False)
    assert len(features.boxes("m")) == 0
    assert features.described("m") == set()
    assert features.vectors()[1].shape[0] == 0
    assert features.time_of(1) is None
    assert len(features.boxes_on("m", 1)) == 0
    assert not (tmp_path / "missing").exists()


def test_a_disk_that_refuses_is_said(tmp_path):
    (tmp_path / "f").write_text("a file, not a folder")
    with pytest.raises(FileError):
        Features(tmp_path / "f", writable=True).take(1, "m", 0, described(1))


def test_what_an_earlier_version_described_is_described_again(tmp_path):
    features = Features(tmp_path / "f", writable=True)
    for cutout in (1, 2):
        features.take(cutout, "m", 0, described(1))
    (tmp_path / "f" / f"profiles-{VALUES}.bin").unlink()
    old = Features(tmp_path / "f", writable=True)
    assert old.described("m") == set()
    assert np.isnan(old.profiles(np.array([1, 2]))).all()
    old.take(2, "m", 0, described(1))
    assert old.described("m") == {2}
