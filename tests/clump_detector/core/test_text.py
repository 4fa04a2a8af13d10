from __future__ import annotations

import pytest

from clump_detector.core.errors import ImageError
from clump_detector.core.text import message_of, plural


@pytest.mark.parametrize(
    ("n", "words"), [(0, "0 boxes"), (1, "1 box"), (1200, "1,200 boxes")]
)
def test_a_number_has_its_noun(n, words):
    assert plural(n, "box", "boxes") == words


def test_the_usual_plural_has_an_s():
    assert [plural(n, "cutout") for n in (1, 2)] == ["1 cutout", "2 cutouts"]


def test_an_error_has_its_remedy_in_the_message():
    error = ImageError("it is empty", remedy="Choose another one.")
    assert message_of(error) == error.message
    assert "Choose another one." in message_of(error)


def test_any_other_error_has_its_own_words():
    assert message_of(ValueError("no number")) == "no number"
