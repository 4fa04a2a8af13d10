"""Which names classes may have, and which class a name stands for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clump_detector.core.errors import ConfigError
from clump_detector.labels.classes.matching import class_names
from clump_detector.labels.classes.names import as_classes, known_class


def test_blanks_are_tidied_and_the_order_stays():
    assert as_classes(["  H II   region", "clump"]) == ("H II region", "clump")


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ([], "no class"),
        (["clump", "Clump "], "same name: 'clump' and 'Clump'"),
        (["clump", "clump"], "same name"),
        (["odd", "odd clump"], "same name: 'odd' and 'odd clump'"),
        (["odd clump", "Unusual"], "same name"),
        (["clump", " "], "empty"),
        (["clump", "2"], "numbers"),
        (["clump", "background"], "no clump"),
        (["a,b"], "character ,"),
        (["a=b"], "character ="),
        (["a\nb\x00"], "cannot be printed"),
        (["x" * 41], "more than 40"),
    ],
)
def test_what_cannot_be_a_class(names, why):
    with pytest.raises(ConfigError, match=why):
        as_classes(names)


def test_classes_that_are_there_may_have_any_name_but_none():
    assert as_classes(["a;b", "star"], there=["a;b"]) == ("a;b", "star")
    with pytest.raises(ConfigError, match="empty"):
        as_classes([""], there=[""])


@given(st.lists(st.text(max_size=6), max_size=5))
def test_what_is_taken_once_is_taken_again(names):
    try:
        once = as_classes(names)
    except ConfigError:
        return
    assert as_classes(once) == once
    assert all(known_class(cls, once) == cls for cls in once)
    # What a review exports and reads again keeps its class.
    assert class_names(once, once) == {cls: cls for cls in once}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("clump", "clump"), (" CLUMPS ", "clump"), ("unusual", "odd clump"),
        ("Odd  Clump", "odd clump"), ("knot", None), ("", None),
    ],
)  # fmt: skip
def test_other_names_of_the_usual_classes(name, found):
    assert known_class(name, ("clump", "odd clump")) == found


def test_an_own_class_goes_before_another_name():
    assert known_class("odd", ("odd clump", "odd")) == "odd"
