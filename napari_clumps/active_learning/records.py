"""A file of numpy records of one size, to which batches are added.

A batch that a killed process did not finish is left out, and cut off before the next
one is written: the file needs no index, and can be mapped into memory as it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import AnyArray
from clump_detector.core.errors import from_os_error

#: Fields that every record has: whose it is, and its place in a batch of so many.
_PLACE = [("cutout", "<u4"), ("place", "<u2"), ("rows", "<u2")]

#: Of a record, as `numpy.dtype` takes them.
Fields = list[tuple[Any, ...]]

#: Rows that a batch can have.
MOST = 2**16 - 1


class RecordFile:
    """Batches of records, each of one cutout; the newest batch of a cutout counts.

    Parameters
    ----------
    path : path
        Made when the first batch is added.
    fields : list
        Of each record, as `numpy.dtype` takes them.
    """

    def __init__(self, path: Path, fields: Fields) -> None:
        self.path = path
        self.dtype = np.dtype([*_PLACE, *fields])
        self._size = 0
        self._places: dict[int, tuple[int, int]] = {}
        self._all: NDArray[np.void] | None = None

    def add(self, cutout_id: int, rows: AnyArray) -> None:
        """Add a batch.

        Parameters
        ----------
        cutout_id : int
        rows : structured array of shape (n,)
            With the file's fields; n is 1 to `MOST`.

        Raises
        ------
        FileError
            If the disk is full or cannot be written to.
        """
        batch = np.zeros(len(rows), self.dtype)
        for name in rows.dtype.names or ():
            batch[name] = rows[name]
        batch["cutout"], batch["rows"] = cutout_id, len(rows)
        batch["place"] = np.arange(len(rows))
        self._look()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                end = file.tell()
                whole = end // self.dtype.itemsize * self.dtype.itemsize
                if whole != end:  # a killed process left a part of a record
                    file.truncate(whole)
                file.write(batch.tobytes())
        except OSError as error:
            raise from_os_error(error, self.path, "write") from error
        self._places[cutout_id] = whole // self.dtype.itemsize, len(rows)
        self._size, self._all = whole + batch.nbytes, None

    def newest(self) -> NDArray[np.void]:
        """Return the records of the newest whole batch of each cutout.

        Returns
        -------
        structured array of shape (n,)
            Ordered by cutout, then by place.

        Raises
        ------
        FileError
            If the file cannot be read.
        """
        self._look()
        if self._all is None:
            self._all = self._newest()
        return self._all

    def of(self, cutout_id: int) -> NDArray[np.void]:
        """Return the records of the newest whole batch of a cutout, in order.

        Parameters
        ----------
        cutout_id : int

        Raises
        ------
        FileError
            If the file cannot be read.
        """
        self._look()
        start, n = self._places.get(cutout_id, (0, 0))
        return np.array(self._mapped()[start : start + n])

    def cutouts(self) -> set[int]:
        """Return the cutouts that have a batch.

        Raises
        ------
        FileError
            If the file cannot be read.
        """
        self._look()
        return set(self._places)

    def _mapped(self) -> NDArray[np.void]:
        n = self._size // self.dtype.itemsize
        if not n:
            return np.zeros(0, self.dtype)
        try:
            return np.memmap(self.path, self.dtype, "r", shape=(n,))
        except OSError as error:
            raise from_os_error(error, self.path, "read") from error

    def _look(self) -> None:
        """Find the batches, unless the file is as it was left."""
        try:
            size = self.path.stat().st_size if self.path.exists() else 0
        except OSError as error:
            raise from_os_error(error, self.path, "read") from error
        if size != self._size:
            self._size, self._all = size, None
            self._places = self._found()

    def _found(self) -> dict[int, tuple[int, int]]:
        """Return first row and number of rows of each cutout's newest whole batch."""
        rows = self._mapped()
        n = len(rows)
        if not n:
            return {}
        place, length = np.array(rows["place"]), np.array(rows["rows"])
        cutouts = np.array(rows["cutout"])
        starts = np.flatnonzero(place == 0)
        starts = starts[(length[starts] > 0) & (starts + length[starts] <= n)]
        # A batch is whole if the last of its rows is there, and is its own.
        ends = starts + length[starts] - 1
        good = place[ends] == length[starts] - 1
        starts = starts[good & (cutouts[ends] == cutouts[starts])]
        pairs = zip(starts.tolist(), length[starts].tolist(), strict=True)
        return dict(zip(cutouts[starts].tolist(), pairs, strict=True))

    def _newest(self) -> NDArray[np.void]:
        if not self._places:
            return np.zeros(0, self.dtype)
        order = sorted(self._places)
        starts = np.array([self._places[i][0] for i in order])
        counts = np.array([self._places[i][1] for i in order])
        first = np.repeat(starts - np.concatenate([[0], counts.cumsum()[:-1]]), counts)
        index = first + np.arange(counts.sum())
        rows = self._mapped()
        if len(index) == len(rows) and (index == np.arange(len(rows))).all():
            return rows
        return np.asarray(rows[index])
