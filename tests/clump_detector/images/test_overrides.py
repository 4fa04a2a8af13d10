"""What the user says of images that do not say it themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from clump_detector.core.errors import ConfigError
from clump_detector.image_files.sources import Source
from clump_detector.images.overrides import Choice


@pytest.mark.parametrize(
    ("text", "bands"),
    [
        ("grz", "grz"),
        ("g,r,z", "grz"),
        ("g r z", "grz"),
        ("ugrizY", "ugrizY"),
        ("r", "r"),
        ("F435W,F606W", ("F435W", "F606W")),
        ("HSC-G HSC-R", "gr"),
    ],
)
def test_bands_in_words(text, bands):
    assert Choice.of(text).bands == tuple(bands)


@pytest.mark.parametrize("text", ["abc", "gg", "g,g", "red,mauve", "!", "g r x"])
def test_what_are_no_bands(text):
    with pytest.raises(ConfigError, match="are unknown"):
        Choice.of(text)


def test_an_unknown_unit_is_refused_before_anything_is_read():
    with pytest.raises(ConfigError, match="is unknown"):
        Choice.of(unit="furlong")


def test_names_of_files_come_first():
    one = Source("a", (Path("a.fits"),))
    several = Source("b", (Path("b-g.fits"), Path("b-r.fits")), ("g", "r"))
    found = Choice.of("ug", "uJy").for_sources([one, several])
    assert [s.bands for s in found] == [("u", "g"), ("g", "r")]
    assert [s.unit for s in found] == ["uJy", "uJy"]
    assert Choice().for_sources([one]) == [one]
