"""Review files that are damaged say so."""

from __future__ import annotations

import random

import pytest

from clump_detector.core.errors import ClumpError
from clump_detector.image_files.sources import Source
from napari_clumps.review import Review
from tests.helpers.broken_files import broken


def test_damaged_reviews_are_refused_in_words(tmp_path):
    path = tmp_path / "whole.clumps"
    with Review.create(path, [Source("a", (tmp_path / "a.png",))]) as review:
        review.add(1, (1, 2, 30, 40), "clump")
    content = path.read_bytes()
    place = content.index(b"CREATE TABLE")
    # What SQLite says of a damaged schema has the damaged bytes in it.
    damaged = tmp_path / "damaged.clumps"
    damaged.write_bytes(content[: place + 8] + b"\xff\xfe" + content[place + 10 :])
    with pytest.raises(ClumpError, match="damaged"):
        Review.open(damaged)
    for number in range(12):
        damaged.write_bytes(broken(content, random.Random(number)))
        try:
            Review.open(damaged).close()
        except ClumpError as error:
            refused = error.message
    assert "\n" not in refused
