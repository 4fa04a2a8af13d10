"""The information that a label would give."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from clump_detector.metrics.information import mutual_information

SCORES = arrays(np.float64, (5, 7), elements=st.floats(0, 1))


@given(SCORES)
def test_it_lies_between_nothing_and_one_choice_of_two(scores):
    found = mutual_information(scores)
    assert found.shape == (7,)
    assert (found >= 0).all()
    assert (found <= np.log(2) + 1e-12).all()


@given(st.floats(0, 1), st.integers(1, 9))
def test_heads_that_agree_have_none_however_unsure_they_are(score, heads):
    assert mutual_information(np.full((heads, 1), score)) == pytest.approx(0, abs=1e-12)


def test_heads_that_are_sure_and_split_have_most():
    split = mutual_information(np.array([[0.0], [1.0]]))
    assert split == pytest.approx(np.log(2))
    assert mutual_information(np.array([[0.4], [0.6]])) < 0.1 * split


def test_rounding_beside_0_or_1_does_no_harm():
    found = mutual_information(np.array([[1 + 1e-7, -1e-9], [1.0, 0.0]]))
    assert found.tolist() == [0, 0]


def test_what_is_not_known_stays_so():
    assert np.isnan(mutual_information(np.array([[np.nan], [0.3]]))).all()
