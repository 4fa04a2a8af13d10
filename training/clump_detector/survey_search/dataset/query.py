"""Selecting cutouts of a dataset, of which only what is needed is read.

Conditions and columns are handed down to the files, rows come in batches, and of those
that match only the first ones are kept. Where something is asked of boxes, or of
embeddings, the addresses of all that match are in memory at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from clump_detector.core.errors import ConfigError

from .asking.boxes import Asked
from .asking.looks import Looks
from .asking.scan import (
    batches,
    damage_said,
    distances,
    files_near,
    joined_up,
    require_tables,
    table_at,
)
from .asking.selection import Question, Selection
from .collection import number_of
from .healpix import INDEX_COLUMN
from .reviewed import decided_addresses
from .tables import CUTOUT, CUTOUTS, EMBEDDINGS

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.dataset import Dataset

#: Columns of a selection, beside whether somebody has reviewed the cutout.
SHOWN = (
    CUTOUT, "name", "n_boxes", "n_clumps", "best_score", "uncertainty", "ra", "dec",
    "width", "height", "model",
)  # fmt: skip

_KEY = "_key"

#: Rows that are looked up among addresses at a time.
_AT_ONCE = 1_000_000


def select(
    dataset: Path,
    where: str = "",
    most: int = 500,
    order: str = "",
    *,
    near: tuple[float, float, float] | None = None,
    like: str = "",
    seed: int = 0,
) -> Selection:
    """Return cutouts of a dataset; `Question` describes the parameters."""
    return answer(dataset, Question(where, most, order, near, like, seed))


def answer(dataset: Path, question: Question) -> Selection:
    """Return the cutouts that are asked for.

    Parameters
    ----------
    dataset : path
    question : Question

    Raises
    ------
    ConfigError
        If the expression cannot be understood, or what it asks for is not there.
    FileError
        If it is no dataset, has no tables yet, or one of them is damaged.
    """
    require_tables(dataset)
    with damage_said(dataset):
        asked = Asked(dataset, question.where)
        if question.ordered_by == "embedding":
            best = _alike(dataset, question, asked)
        else:
            best = _Best(question.most, downwards=_downwards(question))
            for rows in _matching(dataset, question, asked, SHOWN):
                best.add(rows)
        rows = _with_reviewed(dataset, best.ordered().drop_columns([_KEY]))
        return Selection(dataset, rows, best.total, number_of(dataset))


def _downwards(question: Question) -> bool:
    return question.ordered_by in ("score", "uncertainty", "embedding")


def _with_reviewed(dataset: Path, rows: pa.Table) -> pa.Table:
    import pyarrow.compute as pc

    done = decided_addresses(dataset, done=True)
    return rows.append_column("reviewed", pc.is_in(rows[CUTOUT], value_set=done))


class _Best:
    """The first rows of many, by a key that each has; equal ones by their addresses.

    Parameters
    ----------
    most : int
        How many are kept.
    downwards : bool
        Whether the greatest key comes first. Those without one come last.
    """

    def __init__(self, most: int, *, downwards: bool) -> None:
        self._most = most
        self._order = "descending" if downwards else "ascending"
        self._kept: list[pa.Table] = []
        self._worst: Any = None
        self.total = 0

    def add(self, rows: pa.Table) -> None:
        """Take more rows, with their keys in the column ``_key``."""
        import pyarrow.compute as pc

        self.total += len(rows)
        if self._worst is not None:
            downwards = self._order == "descending"
            compare = pc.greater_equal if downwards else pc.less_equal
            rows = rows.filter(compare(rows[_KEY], self._worst))
        self._kept.append(rows)
        if sum(map(len, self._kept)) > 2 * self._most:
            self._cut()

    def _cut(self) -> None:
        import pyarrow as pa

        rows = pa.concat_tables(self._kept)
        keys = [(_KEY, self._order), (CUTOUT, "ascending")]
        self._kept = [rows.sort_by(keys).slice(0, self._most)]
        if len(self._kept[0]) == self._most:
            last = self._kept[0][_KEY][-1]
            self._worst = (
                last if last.is_valid and last.as_py() == last.as_py() else None
            )

    def ordered(self) -> pa.Table:
        """Return the first rows, with their keys."""
        import pyarrow as pa

        if not self._kept:
            return pa.table({n: pa.array([], pa.string()) for n in (*SHOWN, _KEY)})
        self._cut()
        return self._kept[0]


def _matching(
    dataset: Path, question: Question, asked: Asked, columns: tuple[str, ...]
) -> Iterator[pa.Table]:
    """Yield the rows of cutouts that fulfil all that is asked, with their keys."""
    import pyarrow.compute as pc

    found = _near(dataset, question, asked, columns)
    if asked.about_boxes:
        addresses = asked.addresses()
        for rows in joined_up(found, _AT_ONCE):
            yield rows.filter(pc.is_in(rows[CUTOUT], value_set=addresses))
    else:
        yield from found


def _near(
    dataset: Path, question: Question, asked: Asked, columns: tuple[str, ...]
) -> Iterator[pa.Table]:
    """Yield the rows of what is asked of cutouts, those near a position if it is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    condition, files, random = asked.cutouts, None, np.random.default_rng(question.seed)
    if question.near is not None:
        ra, dec, radius = question.near
        files = files_near(dataset, CUTOUTS, ra, dec, radius)
        band = (pc.field("dec") >= dec - radius) & (pc.field("dec") <= dec + radius)
        condition = band if condition is None else condition & band
    wanted = tuple(dict.fromkeys((*columns, CUTOUT, "ra", "dec")))
    for rows in batches(table_at(dataset, CUTOUTS, files), wanted, condition):
        away = None
        if question.near is not None:
            own_ra, own_dec = (rows[c].to_numpy() for c in ("ra", "dec"))
            away = distances(own_ra, own_dec, ra, dec)
            inside = away <= radius
            rows, away = rows.filter(pa.array(inside)), away[inside]
        yield rows.append_column(_KEY, _keys(rows, question, away, random))


def _keys(
    rows: pa.Table, question: Question, away: Any, random: np.random.Generator
) -> Any:
    """Return what rows are ordered by."""
    import pyarrow as pa

    by = question.ordered_by
    if by == "random":
        return pa.array(random.random(len(rows)))
    if by == "distance":
        return pa.array(away)
    column = {"score": "best_score", "uncertainty": "uncertainty", "name": "name"}
    return rows[column.get(by, CUTOUT)]


def _alike(dataset: Path, question: Question, asked: Asked) -> _Best:
    """Return the cutouts whose embeddings are most like that of one of them."""
    import pyarrow.compute as pc

    table = table_at(dataset, EMBEDDINGS)
    looks = Looks(table, _row_of(dataset, question.like, table))
    among = None
    if question.where.strip() or question.near is not None:
        found = _matching(dataset, question, asked, (CUTOUT,))
        among = _column(list(found))
    best = _Best(question.most, downwards=True)
    for rows in batches(table, [CUTOUT, *looks.columns]):
        if among is not None:
            rows = rows.filter(pc.is_in(rows[CUTOUT], value_set=among))
        best.add(_similar(rows, looks))
    return _with_columns(dataset, best, question.most)


def _column(tables: list[pa.Table]) -> pa.ChunkedArray:
    import pyarrow as pa

    chunks = [chunk for table in tables for chunk in table[CUTOUT].chunks]
    return pa.chunked_array(chunks, pa.string())


def _similar(rows: pa.Table, looks: Looks) -> pa.Table:
    """Return rows with their likeness to a cutout as their key."""
    import pyarrow as pa

    rows = looks.comparable(rows)
    return rows.select([CUTOUT]).append_column(_KEY, pa.array(looks.likeness(rows)))


def _with_columns(dataset: Path, best: _Best, most: int) -> _Best:
    """Return rows with the columns of a selection, which their cutouts have."""
    import pyarrow.compute as pc

    top = best.ordered()
    condition = pc.field(CUTOUT).isin(top[CUTOUT].combine_chunks())
    found = table_at(dataset, CUTOUTS).to_table(columns=list(SHOWN), filter=condition)
    whole = _Best(most, downwards=True)
    whole.add(found.join(top, CUTOUT, join_type="inner").select([*SHOWN, _KEY]))
    whole.total = best.total
    return whole


def _row_of(dataset: Path, name: str, table: Dataset) -> pa.Table:
    """Return the row of the cutout of a name or an address, with its embedding."""
    import pyarrow.compute as pc

    if not table.count_rows():
        raise ConfigError(
            "this dataset has no embeddings to compare",
            dataset,
            "Search it anew with --embeddings.",
        )
    condition = (pc.field("name") == name) | (pc.field(CUTOUT) == name)
    cutouts = table_at(dataset, CUTOUTS)
    found = cutouts.to_table(columns=[CUTOUT, INDEX_COLUMN], filter=condition)
    if len(found) != 1:
        what = f"{len(found)} cutouts have" if len(found) else "no cutout has"
        remedy = f"Give an address, such as {found[CUTOUT][0]}." if len(found) else ""
        raise ConfigError(
            f"{what} the name or address {name!r}", dataset, remedy or "Check it."
        )
    ((address, index),) = zip(*found.to_pydict().values(), strict=True)
    place = pc.field(INDEX_COLUMN)  # by which files are skipped
    there = place.is_null() if index is None else place == index
    own = table.to_table(filter=there & (pc.field(CUTOUT) == address))
    if not len(own) or not own["embedding"][0].is_valid:
        raise ConfigError(f"{name} has no embedding", dataset, "Choose another cutout.")
    return own
