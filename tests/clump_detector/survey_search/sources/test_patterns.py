"""Braces and patterns of the shell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clump_detector.core.errors import ConfigError, FileError
from clump_detector.survey_search.sources.patterns import expanded, paths_of


@given(st.integers(0, 2000), st.integers(0, 300), st.integers(1, 8))
def test_a_range_has_each_number_once_with_its_digits(first, n, digits):
    last = first + n
    low, high = str(first).zfill(digits), str(last).zfill(digits)
    names = expanded(f"s-{{{low}..{high}}}.tar")
    numbers = [name.removeprefix("s-").removesuffix(".tar") for name in names]
    assert [int(number) for number in numbers] == list(range(first, last + 1))
    padded = (low[0] == "0" and len(low) > 1) or (high[0] == "0" and len(high) > 1)
    if padded:
        assert {len(number) for number in numbers} == {max(len(low), len(high))}
    backwards = expanded(f"s-{{{high}..{low}}}.tar")
    assert backwards == names[::-1]


@given(st.text(alphabet="ab{},.*[]0", max_size=20))
def test_no_text_breaks_it_and_none_comes_twice(text):
    names = expanded(text)
    assert names
    assert len(set(names)) == len(names)
    if "{" not in text:
        assert names == [text]


def test_lists_and_ranges_multiply():
    assert expanded("{a,b}-{08..10}") == [
        "a-08", "a-09", "a-10", "b-08", "b-09", "b-10",
    ]  # fmt: skip
    assert expanded("{a}{}{1..x}") == ["{a}{}{1..x}"]
    assert expanded("{9..11}") == ["9", "10", "11"]


def test_too_many_names_are_refused():
    for name in ("{0..99999999}", "{0..9999}{0..9999}"):
        with pytest.raises(ConfigError, match="more than 1,000,000"):
            expanded(name)


def test_patterns_find_files_in_order_and_names_that_exist_are_none(tmp_path):
    for name in ("b-1.tar", "a-1.tar", "a-2.tar", "x[1].tar", "{1..2}.tar"):
        (tmp_path / name).touch()
    assert [p.name for p in paths_of(f"{tmp_path}/a-*.tar")] == ["a-1.tar", "a-2.tar"]
    assert [p.name for p in paths_of(f"{tmp_path}/{{b,a}}-1.tar")] == [
        "b-1.tar", "a-1.tar",
    ]  # fmt: skip
    assert [p.name for p in paths_of(f"{tmp_path}/x[1].tar")] == ["x[1].tar"]
    assert [p.name for p in paths_of(f"{tmp_path}/{{1..2}}.tar")] == ["{1..2}.tar"]
    with pytest.raises(FileError, match="pattern"):
        paths_of(f"{tmp_path}/c-*.tar")
