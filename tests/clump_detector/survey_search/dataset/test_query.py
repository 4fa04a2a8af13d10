"""Selecting cutouts of a dataset."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clump_detector.core.errors import ClumpError
from clump_detector.images.likeness import appearance, nearest
from clump_detector.survey_search.dataset.asking.scan import table_at
from clump_detector.survey_search.dataset.asking.selection import Question, parse_near
from clump_detector.survey_search.dataset.collection import table_files
from clump_detector.survey_search.dataset.query import select
from clump_detector.survey_search.dataset.reviewed import replace_rows
from clump_detector.survey_search.dataset.tables import CUTOUTS, DETECTIONS, EMBEDDINGS

from .conftest import write_dataset

# -- against brute force ------------------------------------------------------

NUMBERS = {
    "n_boxes": "c", "n_clumps": "c", "best_score": "c", "pixel_scale": "c",
    "width": "c", "score": "d", "x1": "d", "y2": "d", "box": "d",
}  # fmt: skip
TEXTS = {"bands": "c", "name": "c", "class": "d"}


def number():
    column = st.sampled_from(sorted(NUMBERS))
    constant = st.one_of(
        st.integers(-2, 90), st.sampled_from([0.25, 0.5, 0.7, 1e3])
    ).map(str)
    sums = st.tuples(column, st.sampled_from("+-*/"), st.one_of(column, constant))
    return st.one_of(column, constant, sums.map(lambda t: f"({' '.join(t)})"))


def condition():
    signs = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    compared = st.tuples(number(), signs, number()).map(" ".join)
    floors = st.tuples(
        st.just("score"), st.sampled_from([">", ">="]),
        st.integers(10, 99).map(lambda n: f"0.{n}"),
    ).map(" ".join)  # fmt: skip
    between = st.tuples(number(), number(), number()).map(
        lambda t: f"between({', '.join(t)})"
    )
    text = st.tuples(
        st.sampled_from(sorted(TEXTS)),
        st.sampled_from(["== 'clump'", "!= 'g r'", "in ('clump', 'g r')",
                         "not in ('odd clump', 'g0003')"]),
    ).map(" ".join)  # fmt: skip
    listed = st.sampled_from(sorted(NUMBERS)).map(lambda c: f"{c} in (1, 2, 0.5)")
    null = st.sampled_from(sorted({**NUMBERS, **TEXTS})).map(lambda c: f"isnull({c})")
    return st.one_of(compared, floors, between, text, listed, null)


def expressions():
    def more(inner):
        joined = st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
            lambda t: f"({' '.join(t)})"
        )
        return st.one_of(joined, inner.map(lambda text: f"(not {text})"))

    return st.recursive(condition(), more, max_leaves=5)


class Brute:
    """Evaluates an expression row by row, with SQL's three values."""

    def __init__(self, row):
        self.row = row

    def __call__(self, text):
        import ast

        return self.value(ast.parse(text.replace("class", "class_"), mode="eval").body)

    def value(self, node):
        return getattr(self, type(node).__name__.lower())(node)

    def name(self, node):
        value = self.row["class" if node.id == "class_" else node.id]
        return None if value is None or value != value else value

    def constant(self, node):
        return node.value

    def unaryop(self, node):
        value = self.value(node.operand)
        if type(node.op).__name__ == "USub":
            return None if value is None else -value
        return None if value is None else not value

    def boolop(self, node):
        values = [self.value(v) for v in node.values]
        decides = type(node.op).__name__ == "Or"
        if decides in [v for v in values if v is not None]:
            return decides
        return None if None in values else not decides

    def binop(self, node):
        a, b = self.value(node.left), self.value(node.right)
        if a is None or b is None:
            return None
        a, b = np.float64(a), np.float64(b)
        with np.errstate(all="ignore"):
            return {"Add": a + b, "Sub": a - b, "Mult": a * b, "Div": a / b}[
                type(node.op).__name__
            ]

    def compare(self, node):
        left, right = node.left, node.comparators[0]
        a = self.value(left)
        kind = type(node.ops[0]).__name__
        if kind in ("In", "NotIn"):
            found = a in [self.value(e) for e in right.elts]
            return None if a is None else found == (kind == "In")
        return compare(a, kind, self.value(right))

    def call(self, node):
        if node.func.id == "isnull":
            return self.value(node.args[0]) is None
        value, low, high = map(self.value, node.args)
        both = [compare(value, "GtE", low), compare(value, "LtE", high)]
        return False if False in both else None if None in both else True


def compare(a, kind, b):
    if a is None or b is None:
        return None
    return bool(
        {"Lt": a < b, "LtE": a <= b, "Gt": a > b, "GtE": a >= b} [kind]
        if kind not in ("Eq", "NotEq")
        else (a == b) == (kind == "Eq")
    )  # fmt: skip


@pytest.fixture(scope="module")
def joined(dataset_rows):
    """Return each cutout with each of its boxes, or once without any."""
    cutouts = pd.DataFrame(dataset_rows[CUTOUTS]).astype(object)
    boxes = pd.DataFrame(dataset_rows[DETECTIONS]).astype(object)
    boxes = boxes.drop(columns=["name", "model", "ra", "dec"])
    return cutouts.merge(boxes, on="cutout", how="left")


@given(text=expressions())
def test_a_selection_is_what_a_look_at_every_box_gives(dataset, joined, text):
    rows = joined.to_dict("records")
    expected = {row["cutout"] for row in rows if Brute(row)(text) is True}
    found = select(dataset, text, most=1000)
    assert set(found.addresses) == expected
    assert found.total == len(expected)


# -- orders, position and likeness --------------------------------------------


@pytest.mark.parametrize(
    ("order", "column", "sign"),
    [
        ("score", "best_score", -1),
        ("uncertainty", "uncertainty", -1),
        ("name", "name", 1),
    ],
)
def test_only_the_first_ones_are_given(dataset, dataset_rows, order, column, sign):
    rows = sorted(dataset_rows[CUTOUTS], key=lambda row: row["cutout"])
    rows.sort(key=lambda row: row[column], reverse=sign < 0)
    found = select(dataset, order=order, most=7)
    assert found.addresses == [row["cutout"] for row in rows[:7]]
    assert (found.total, found.cutouts) == (120, 120)


def test_a_random_order_is_the_same_for_the_same_seed(dataset):
    first, again, other = (
        select(dataset, order="random", seed=s, most=20).addresses for s in (1, 1, 2)
    )
    assert first == again != other
    assert len(set(first)) == 20


@pytest.mark.parametrize("radius", [0.5, 20.0, 100.0, 180.0])
@pytest.mark.parametrize("place", [(10.0, 89.0), (359.9, 0.0), (150.0, -45.0)])
def test_near_gives_all_within_the_radius_the_nearest_first(
    dataset, dataset_rows, place, radius
):
    from astropy.coordinates import SkyCoord

    rows = [row for row in dataset_rows[CUTOUTS] if row["ra"] is not None]
    sky = SkyCoord([r["ra"] for r in rows], [r["dec"] for r in rows], unit="deg")
    away = sky.separation(SkyCoord(*place, unit="deg")).deg
    order = np.argsort(away)
    expected = [rows[i]["cutout"] for i in order if away[i] <= radius]
    found = select(dataset, near=(*place, radius), most=1000)
    assert found.addresses == expected


def test_like_gives_the_most_similar_first(dataset, dataset_rows):
    rows = dataset_rows[EMBEDDINGS]
    vectors, profiles = (
        np.array([row[name] for row in rows], np.float32)
        for name in ("embedding", "profile")
    )
    values, weights = appearance(vectors, profiles)
    order, _ = nearest(values, [5], weights)
    found = select(dataset, like="g0005", most=9)
    assert found.addresses == [rows[i]["cutout"] for i in order[:9]]
    assert found.addresses[0] == "cutouts/g0005.png"
    some = select(dataset, "n_clumps > 1", like="cutouts/g0005.png", most=1000)
    many = {r["cutout"] for r in dataset_rows[CUTOUTS] if r["n_clumps"] > 1}
    assert some.addresses == [
        rows[i]["cutout"] for i in order if rows[i]["cutout"] in many
    ]


def test_without_profiles_it_is_the_embedding_as_it_is(tmp_path, dataset_rows):
    """As in a dataset of an earlier version."""
    rows = [dict(row) for row in dataset_rows[EMBEDDINGS]]
    old = write_dataset(tmp_path / "old", {**dataset_rows, EMBEDDINGS: rows})
    for path in table_files(old, EMBEDDINGS):
        pq.write_table(pq.ParquetFile(path).read().drop_columns(["profile"]), path)
    values = np.array([row["embedding"] for row in rows])
    values /= np.linalg.norm(values, axis=1)[:, None]
    order = np.argsort(-(values @ values[5]))
    found = select(old, like="g0005", most=9)
    assert found.addresses == [rows[i]["cutout"] for i in order[:9]]


def test_a_cutout_without_a_profile_is_compared_by_its_embedding(
    tmp_path, dataset_rows
):
    rows = [dict(row) for row in dataset_rows[EMBEDDINGS]]
    rows[5]["profile"] = rows[7]["profile"] = None
    some = write_dataset(tmp_path / "some", {**dataset_rows, EMBEDDINGS: rows})
    found = select(some, like="g0005", most=120)
    assert found.addresses[0] == "cutouts/g0005.png"
    assert len(found.addresses) == 120


def test_reviewed_cutouts_can_be_asked_for_and_left_out(dataset, tmp_path):
    own = shutil.copytree(dataset, tmp_path / "own")
    done = {"cutout": "cutouts/g0001.png", "done": True}
    begun = {"cutout": "cutouts/g0002.png", "done": False, "decision": "accepted"}
    replace_rows(own, "r1", [done, begun])
    assert select(own, "reviewed").names == ["g0001"]
    assert select(own, "not reviewed").total == 119
    assert set(select(own, "begun").names) == {"g0001", "g0002"}
    assert select(own, "reviewed and n_boxes < 0").total == 0
    assert select(own, "reviewed").rows["reviewed"].to_pylist() == [True]


# -- bad input ------------------------------------------------------------------

BAD = {
    "scroe > 0.3": "no column 'scroe'. Did you mean score",
    "score >": "cannot be understood",
    "score": "is a number, not a condition",
    "score > 'a'": "score is a number, and 'a' is a text",
    "score > 0.3 # and more": "outside of quotes",
    "name.upper() == 'A'": "no function",
    "__import__('os').system('true')": "no function",
    "(lambda: 1)() == 1": "no function",
    "[1] == 1": "not possible",
    "score ** 2 > 1": "use + - * or /",
    "score is 1": "'is' is not possible",
    "score in 1": "give a list",
    "score in ('a',)": "of its kind",
    "score == None": "isnull",
    "isnull(score, 1)": "takes 1",
    "contains(name, score)": "a text in quotes",
    "1e999999 < score and 10" + "0" * 400 + " > 1": "too large",
    "not " * 2400 + "reviewed": "nested too deeply",
    "(" * 300 + "score" + ")" * 300: "cannot be understood",
    "score > 0.3\nn_clumps > 1": "cannot be understood",
    "reviewed > 1": "is a condition",
    "\0": "cannot be understood",
    "embedding > 1": "no column",
    "_healpix_29 > 1": "no column",
    "x" * 20_000: "longer",
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: text[:20])
def test_what_is_no_expression_is_said_in_words(dataset, text):
    with pytest.raises(ClumpError) as error:
        select(dataset, text)
    assert BAD[text] in error.value.message


@pytest.mark.parametrize(
    "text", ["n_boxes = 2 AND NOT score < 0.2", "0.2 < score < 0.9", "-score < -0.5",
             "class IN ('clump',)", "contains(name, '3')", "abs(x1 - 40) < 10"]
)  # fmt: skip
def test_other_spellings_are_understood(dataset, text):
    assert 0 < select(dataset, text).total < 120


def test_nothing_found_is_no_error(dataset):
    found = select(dataset, "score > 2")
    assert (len(found), found.total, found.addresses) == (0, 0, [])
    assert found.in_words == "0 of 120 cutouts match."
    assert select(dataset, "score > 2", like="g0005").total == 0
    assert select(dataset, near=(0.0, 0.0, 1e-6)).total == 0


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"order": "size"}, "unknown order"),
        ({"order": "embedding"}, "--like NAME"),
        ({"order": "distance"}, "--near"),
        ({"most": 0}, "no number of cutouts"),
        ({"near": (0, 91, 1)}, "no position"),
        ({"near": (0, 0, 0)}, "no radius"),
        ({"like": "nobody"}, "no cutout has"),
    ],
)
def test_questions_that_cannot_be_answered(dataset, asked, words):
    with pytest.raises(ClumpError, match=words):
        select(dataset, **asked)


@pytest.mark.parametrize(
    ("text", "radius"),
    [("10 20 36", 0.01), ("10, 20, 2arcmin", 2 / 60), ("10 20 0.5 deg", 0.5)],
)
def test_a_position_is_read_from_words(text, radius):
    assert parse_near(text) == pytest.approx((10, 20, radius))


@pytest.mark.parametrize("text", ["", "10 20", "a b c", "10 95 3", "10 20 -1"])
def test_what_is_no_position_is_said(text):
    with pytest.raises(ClumpError):
        parse_near(text)


def test_a_dataset_without_embeddings_or_positions(tmp_path, dataset_rows):
    bare = [{**row, "ra": None, "dec": None} for row in dataset_rows[CUTOUTS]]
    own = write_dataset(tmp_path / "bare", {CUTOUTS: bare})
    with pytest.raises(ClumpError, match="no embeddings"):
        select(own, like="g0005")
    assert select(own, near=(0.0, 0.0, 180.0)).total == 0
    assert select(own, "n_boxes >= 0").total == 120


def test_what_is_no_dataset_or_damaged_is_said(tmp_path, dataset):
    with pytest.raises(ClumpError, match="not the dataset of a survey"):
        select(tmp_path)
    own = shutil.copytree(dataset, tmp_path / "own")
    path = own / "tables" / "cutouts" / "dataset" / "without_position.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ClumpError, match="damaged"):
        select(own)
    shutil.rmtree(own / "tables")
    with pytest.raises(ClumpError, match="not put together yet"):
        select(own)


def test_columns_that_are_not_asked_for_are_not_read(dataset, monkeypatch):
    wanted = []
    real = type(table_at(dataset, CUTOUTS)).to_batches

    class Seen:
        def __init__(self, table):
            self._table = table

        def __getattr__(self, name):
            return getattr(self._table, name)

        def to_batches(self, columns, filter):  # noqa: A002 - pyarrow's name
            wanted.extend(columns)
            return real(self._table, columns=columns, filter=filter)

    from clump_detector.survey_search.dataset import query

    monkeypatch.setattr(query, "table_at", lambda *a: Seen(table_at(*a)))
    select(dataset, Question().where)
    assert wanted
    assert not {"content", "stamp", "notes"} & set(wanted)
