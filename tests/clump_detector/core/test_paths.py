"""Where things are kept, and that what an earlier version kept comes along."""

from __future__ import annotations

from pathlib import Path

import pytest
from platformdirs.windows import Windows

from clump_detector.core import paths


@pytest.fixture
def windows(tmp_path, monkeypatch):
    """The folders that platformdirs gives on Windows, below a folder of the test."""
    for name in (paths.DATA_VARIABLE, paths.MODELS_VARIABLE, paths.CACHE_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(
        "platformdirs.windows.get_win_folder", lambda _: str(tmp_path / "Local")
    )

    def data(name, appauthor=None):
        return Path(Windows(name, appauthor).user_data_dir)

    def cache(name, appauthor=None):
        return Path(Windows(name, appauthor).user_cache_dir)

    monkeypatch.setattr(paths, "user_data_path", data)
    monkeypatch.setattr(paths, "user_cache_path", cache)
    paths._bring_over.cache_clear()
    return tmp_path / "Local" / "napari-clumps"


def test_all_is_in_one_folder(windows):
    assert paths.data_folder() == windows
    assert paths.models_folder() == windows / "models"
    assert paths.cache_folder() == windows / "Cache"


def test_what_was_in_the_folder_inside_is_moved(windows):
    old = windows / "napari-clumps"
    (old / "reviews").mkdir(parents=True)
    (old / "reviews" / "a.clumps").write_text("decisions")
    (old / "settings.json").write_text("{}")
    (windows / "models").mkdir()
    assert paths.data_folder() == windows
    assert (windows / "reviews" / "a.clumps").read_text() == "decisions"
    assert (windows / "settings.json").is_file()
    assert not old.exists()


def test_nothing_is_written_over(windows):
    old = windows / "napari-clumps"
    (old / "reviews").mkdir(parents=True)
    (windows / "reviews").mkdir()
    (old / "reviews" / "a.clumps").write_text("decisions")
    (windows / "settings.json").write_text("new")
    (old / "settings.json").write_text("old")
    paths.data_folder()
    assert (windows / "settings.json").read_text() == "new"
    assert (old / "settings.json").read_text() == "old"
    assert (old / "reviews" / "a.clumps").read_text() == "decisions"


def test_folders_can_be_named(windows, monkeypatch, tmp_path):
    monkeypatch.setenv(paths.DATA_VARIABLE, str(tmp_path / "data"))
    monkeypatch.setenv(paths.MODELS_VARIABLE, "~/models")
    assert paths.data_folder() == tmp_path / "data"
    assert paths.models_folder() == Path.home() / "models"
