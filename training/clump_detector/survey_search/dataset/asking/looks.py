"""What cutouts of a dataset look like, and how much they are like one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from clump_detector.core.arrays import AnyArray, Floats
from clump_detector.images.host_profile import VALUES
from clump_detector.images.likeness import Scale, appearance, cosines

from .scan import batches

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.dataset import Dataset

_EMBEDDING, _PROFILE = "embedding", "profile"


class Looks:
    """Compares cutouts with one of them, by the table of embeddings.

    By embedding and profile, each value measured against all of the table. A dataset of
    an earlier version has no profiles: there it is by the embedding as it is.

    Parameters
    ----------
    table : pyarrow.dataset.Dataset
        The table of embeddings.
    own : pyarrow.Table
        The row of the cutout that others are like.
    """

    def __init__(self, table: Dataset, own: pa.Table) -> None:
        self._size = len(own[_EMBEDDING][0].as_py())
        self._profiles = _PROFILE in table.schema.names
        self._scale: Scale | None = None
        if self._profiles:
            _, weights = self._appearance(own)
            self._scale = Scale(weights)
            for rows in batches(table, self.columns):
                self._scale.add(self._appearance(self.comparable(rows))[0])
        self._wanted = self._compared(own)[0]

    @property
    def columns(self) -> list[str]:
        """The columns that are compared."""
        return [_EMBEDDING, *([_PROFILE] if self._profiles else [])]

    def comparable(self, rows: pa.Table) -> pa.Table:
        """Return the rows whose embedding has as many values."""
        import pyarrow.compute as pc

        lengths = pc.list_value_length(rows[_EMBEDDING])
        return rows.filter(pc.fill_null(pc.equal(lengths, self._size), False))

    def likeness(self, rows: pa.Table) -> Floats:
        """Return how much comparable rows are like the one, -1 to 1."""
        return cosines(self._compared(rows), self._wanted)

    def _compared(self, rows: pa.Table) -> Floats:
        if self._scale is None:
            return _values(rows[_EMBEDDING], self._size)
        return self._scale.of(self._appearance(rows)[0])

    def _appearance(self, rows: pa.Table) -> tuple[AnyArray, Floats]:
        vectors = _values(rows[_EMBEDDING], self._size)
        return appearance(vectors, _values(rows[_PROFILE], VALUES))


def _values(column: Any, size: int) -> AnyArray:
    """Return lists of numbers as rows; those that are missing as not a number."""
    import pyarrow.compute as pc

    there = pc.fill_null(pc.equal(pc.list_value_length(column), size), False)
    known = np.asarray(there.to_numpy(), dtype=bool)
    found = np.full((len(column), size), np.nan, np.float32)
    flat = pc.list_flatten(column.filter(there)).to_numpy()
    found[known] = flat.reshape(-1, size)
    return found
