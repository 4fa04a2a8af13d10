"""The pictures at hand: read once, drawn as they look now, and not too many."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PIL import Image

from clump_detector.image_files.sources import Source
from napari_clumps.render import image_cache as module
from napari_clumps.render.image_cache import ImageCache
from napari_clumps.render.rendering import Rendering

SIDE = 64


@pytest.fixture
def sources(tmp_path):
    rng = np.random.default_rng(1)
    made = []
    for i in range(8):
        path = tmp_path / f"g{i}.png"
        pixels = rng.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
        made.append(Source(path.stem, (path,)))
    return made


@pytest.fixture
def reads(monkeypatch):
    """The sources whose files were read."""
    read, found = module.read_cutout, []

    def counted(source):
        found.append(source)
        return read(source)

    monkeypatch.setattr(module, "read_cutout", counted)
    return found


@pytest.fixture
def pictures():
    made = ImageCache(kept=4)
    yield made
    made.close()


def test_another_look_is_drawn_without_reading_the_file_again(pictures, sources, reads):
    usual = pictures.get(sources[0]).rgb
    pictures.rendering = Rendering("red", "log")
    other = pictures.get(sources[0])
    assert (other.rgb != usual).any()
    assert np.ptp(other.rgb, axis=2).max() == 0
    pictures.rendering = Rendering()
    np.testing.assert_array_equal(pictures.get(sources[0]).rgb, usual)
    assert reads == [sources[0]]


def test_neighbours_are_drawn_ahead_in_the_look_of_now(pictures, sources, monkeypatch):
    pictures.rendering = Rendering("residual")
    pictures.get(sources[0])
    pictures.read_ahead(sources[1])
    pictures._reader.submit(int).result()  # whatever was to be read is read
    monkeypatch.setattr(module, "render", None)  # drawing now would fail
    assert pictures.get(sources[1]).rgb is not None


def test_what_is_asked_for_comes_before_what_was_read_ahead(pictures, sources, reads):
    hold = threading.Event()
    pictures._reader.submit(hold.wait)
    for source in sources[1:4]:
        pictures.read_ahead(source)
    threading.Timer(0.2, hold.set).start()
    pictures.get(sources[0])
    assert reads == [sources[0]]
    pictures.get(sources[1])  # taken back, not lost
    assert reads[-1] == sources[1]


def test_only_a_few_cutouts_and_pictures_are_kept(pictures, sources, reads):
    for source in sources:
        pictures.get(source)
    assert len(pictures._pictures) == 4
    assert list(pictures._cutouts) == sources[-4:]
    pictures.get(sources[0])
    assert reads[-1] == sources[0]


def test_large_ones_are_not_kept(sources):
    one = SIDE * SIDE * 3
    pictures = ImageCache(most_bytes=2 * one)
    try:
        for source in sources:
            pictures.get(source)
        pictures._reader.submit(int).result()
        assert list(pictures._cutouts) == sources[-2:]
        assert len(pictures._pictures) <= 3  # the newest was not drawn when counted
    finally:
        pictures.close()


def test_the_last_one_is_kept_whatever_its_size(sources, reads):
    pictures = ImageCache(most_bytes=1)
    try:
        for look in (Rendering(), Rendering("red"), Rendering("blue")):
            pictures.rendering = look
            assert pictures.get(sources[0]).rgb is not None
        assert reads == [sources[0]]
    finally:
        pictures.close()


def test_what_was_forgotten_is_read_again(pictures, sources, reads):
    pictures.get(sources[0])
    pictures.forget()
    pictures.get(sources[0])
    assert reads == [sources[0]] * 2


def test_a_problem_is_a_message_and_a_missing_band_a_note(pictures, sources, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no image")
    assert "bad.png" in pictures.get(Source("bad", (bad,))).problem
    pictures.rendering = Rendering("u")
    assert pictures.get(sources[0]).notes == (
        "This cutout has no band u: it is shown in colour.",
    )
