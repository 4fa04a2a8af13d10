"""Masked columns in the types that all formats of tables share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clump_detector.core.arrays import AnyArray, Mask

if TYPE_CHECKING:
    from astropy.table import MaskedColumn


def masked_column(values: AnyArray, missing: Mask, unit: object) -> MaskedColumn:
    """Return a masked column of int64, uint64, float64, bool or str.

    Parameters
    ----------
    values : array of shape (n,)
        Numbers, truth values or texts, in any byte order.
    missing : bool array of shape (n,)
        Where a value is missing; empty texts are, too.
    unit : anything
        Its text is the column's unit, if not empty.

    Returns
    -------
    astropy.table.MaskedColumn
        In native byte order.
    """
    from astropy.table import MaskedColumn

    if values.dtype.kind == "S":
        values = np.char.decode(values, "latin-1")
    native = values.astype(values.dtype.newbyteorder("="))
    if native.dtype.kind == "f":
        native = native.astype(np.float64)
    elif native.dtype.kind in "ui" and native.dtype != np.uint64:
        native = native.astype(np.int64)
    if native.dtype.kind == "U":
        native = np.char.strip(native)
        missing = missing | (native == "")
    return MaskedColumn(native, mask=missing, unit=str(unit) if unit else None)
