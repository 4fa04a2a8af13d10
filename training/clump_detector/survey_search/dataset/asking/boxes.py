"""Which cutouts have a box that fulfils what is asked of boxes.

All conditions on columns of boxes have to hold for one and the same box. A cutout
without a box is tried once with empty values, as an outer join of SQL does: it fulfils
``score > 0.5 or n_boxes == 0``, but not ``score > 0.5``.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clump_detector.survey_search.dataset.healpix import INDEX_COLUMN
from clump_detector.survey_search.dataset.reviewed import decided_addresses
from clump_detector.survey_search.dataset.tables import CUTOUT, CUTOUTS, DETECTIONS

from .expression import Value, compiled, kind_of, unknown_column
from .scan import table_at
from .text import conditions, names_in

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.dataset import Dataset

#: Columns that come from the decisions taken back: whether they are of done cutouts.
FROM_REVIEWS = {"reviewed": True, "begun": False}

#: How far the best score of a cutout can be from that of its best box: it is rounded.
_ROUNDED = 1e-5


class Asked:
    """The conditions of a text, divided by the tables that they are about.

    Parameters
    ----------
    dataset : path
    text : str
        See `expression`.

    Raises
    ------
    ConfigError
        If it is no expression, or names a column that is not there.
    """

    def __init__(self, dataset: Path, text: str) -> None:
        self._dataset = dataset
        self._boxes = table_at(dataset, DETECTIONS)
        self._cutouts = table_at(dataset, CUTOUTS)
        own, boxes = _usable(self._cutouts), _usable(self._boxes)
        self._of_boxes = {n: v for n, v in boxes.items() if n not in own}
        parts = conditions(text)
        named = {name for part in parts for name in names_in(part)}
        known = {**own, **self._of_boxes}
        for name in sorted(named - known.keys() - FROM_REVIEWS.keys()):
            raise unknown_column(name, [*known, *FROM_REVIEWS])
        from_reviews = {n: _of_reviews(dataset, n) for n in named & FROM_REVIEWS.keys()}
        self._known: dict[str, Value] = {**known, **from_reviews}
        on_boxes = [p for p in parts if names_in(p) & self._of_boxes.keys()]
        self.cutouts = _all_of([p for p in parts if p not in on_boxes], self._known)
        self._mixed = [p for p in on_boxes if names_in(p) - self._of_boxes.keys()]
        self._plain = [p for p in on_boxes if p not in self._mixed]
        _all_of(on_boxes, self._known)  # so that an error is said at once
        floor = None if self._mixed else _least_score(self._plain)
        if floor is not None:
            self.cutouts = _both(self.cutouts, self._from_score(floor))
            self._plain = []

    def _from_score(self, floor: float) -> Any:
        """Return the condition on cutouts for having a box from a score up.

        Their best score says it but for rounding, so that only the boxes of those near
        the floor are read.
        """
        import pyarrow.compute as pc

        best = pc.field("best_score")
        near = (best > floor - _ROUNDED) & (best < floor + _ROUNDED)
        sure = (pc.field("n_boxes") > 0) & (best >= floor + _ROUNDED)
        near = _both(self.cutouts, near)
        if not self._cutouts.count_rows(filter=near):  # quick: it reads no texts
            return sure
        some = self._cutouts.to_table(columns=[CUTOUT], filter=near)[CUTOUT]
        of_some = pc.field(CUTOUT).isin(some.combine_chunks())
        asked = _both(_all_of(self._plain, self._known), of_some)
        found = self._boxes.to_table(columns=[CUTOUT], filter=asked)[CUTOUT]
        return sure | pc.field(CUTOUT).isin(found.combine_chunks())

    @property
    def about_boxes(self) -> bool:
        """Whether something is asked of boxes."""
        return bool(self._mixed or self._plain)

    def addresses(self) -> pa.ChunkedArray:
        """Return the cutouts that fulfil what is asked of boxes, some of them twice."""
        import pyarrow as pa

        plain = _all_of(self._plain, self._known)
        if self._mixed:
            return self._joined(plain)
        found = self._boxes.to_table(columns=[CUTOUT], filter=plain)[CUTOUT]
        if not _holds_without_box(plain, self._boxes):
            return found
        without = self._without_box([CUTOUT])[CUTOUT]
        return pa.chunked_array([*found.chunks, *without.chunks], pa.string())

    def _without_box(self, columns: Sequence[str]) -> pa.Table:
        import pyarrow.compute as pc

        return self._cutouts.to_table(
            columns=list(columns), filter=_both(self.cutouts, pc.field("n_boxes") == 0)
        )

    def _joined(self, plain: Any) -> pa.Table:
        """Return the cutouts of conditions that compare boxes with their cutouts."""
        import pyarrow as pa
        import pyarrow.dataset as ds

        named = {name for part in self._mixed for name in names_in(part)}
        of_boxes = sorted(named & self._of_boxes.keys())
        of_cutouts = sorted({CUTOUT, *(named & set(self._cutouts.schema.names))})
        boxes = self._boxes.to_table(columns=[CUTOUT, *of_boxes], filter=plain)
        own = self._cutouts.to_table(columns=of_cutouts, filter=self.cutouts)
        rows = own.join(boxes, CUTOUT, join_type="inner")
        if _holds_without_box(plain, self._boxes):
            bare = self._without_box(of_cutouts)
            for name in of_boxes:
                bare = bare.append_column(name, pa.nulls(len(bare), rows[name].type))
            rows = pa.concat_tables([rows, bare.select(rows.column_names)])
        mixed = _all_of(self._mixed, self._known)
        return ds.dataset(rows).to_table(columns=[CUTOUT], filter=mixed)[CUTOUT]


def _usable(table: Dataset) -> dict[str, Value]:
    """Return the columns of a table that can be asked for."""
    import pyarrow.compute as pc

    return {
        field.name: Value(pc.field(field.name), kind_of(field.type))
        for field in table.schema
        if kind_of(field.type) and field.name != INDEX_COLUMN
    }


def _of_reviews(dataset: Path, name: str) -> Value:
    import pyarrow.compute as pc

    addresses = decided_addresses(dataset, done=FROM_REVIEWS[name])
    return Value(pc.field(CUTOUT).isin(addresses), "a condition")


def _all_of(parts: Sequence[ast.expr], columns: Mapping[str, Value]) -> Any:
    """Return conditions as one; None where there are none."""
    found = None
    for part in parts:
        found = _both(found, compiled(part, columns))
    return found


def _both(first: Any, second: Any) -> Any:
    return second if first is None else first if second is None else first & second


def _least_score(parts: Sequence[ast.expr]) -> float | None:
    """Return from which score boxes are asked for, where nothing else is asked."""
    floors = []
    for part in parts:
        match part:
            case ast.Compare(
                left=ast.Name(id="score"),
                ops=[ast.Gt() | ast.GtE()],
                comparators=[ast.Constant(value=int() | float() as floor)],
            ):
                floors.append(float(floor))
            case _:
                return None
    return max(floors, default=None)


def _holds_without_box(condition: Any, boxes: Dataset) -> bool:
    """Return whether a condition on boxes holds where all of their values are empty."""
    import pyarrow as pa
    import pyarrow.dataset as ds

    if condition is None:
        return True
    arrays = [pa.nulls(1, field.type) for field in boxes.schema]
    nothing = pa.Table.from_arrays(arrays, schema=boxes.schema)
    return bool(ds.dataset(nothing).count_rows(filter=condition))
