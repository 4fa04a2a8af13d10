"""From what was found on a cutout to the rows of a dataset's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from clump_detector.core.arrays import Floats

from .dataset.tables import DETECTIONS, table_of
from .items import Item

if TYPE_CHECKING:
    import pyarrow as pa

    from clump_detector.detector.predict import Detections
    from clump_detector.images.cutout import Cutout

#: A row of a table.
Row: TypeAlias = dict[str, object]


def cutout_row(item: Item, cutout: Cutout, found: Detections, limit: float) -> Row:
    """Return the row of a cutout that was searched.

    Parameters
    ----------
    item : Item
    cutout : Cutout
    found : Detections
        The boxes that are kept.
    limit : float
        The model's default score.
    """
    scores = found.scores
    ra, dec = _position(cutout)
    return {
        "cutout": item.address,
        "name": item.name,
        "ra": ra,
        "dec": dec,
        "width": cutout.width,
        "height": cutout.height,
        "bands": " ".join(cutout.bands),
        "pixel_scale": cutout.scale,
        "psf_fwhm": cutout.fwhm,
        "n_boxes": len(found),
        "n_clumps": int((scores >= limit).sum()),
        "best_score": float(scores.max(initial=0)),
        "uncertainty": _uncertainty(scores, limit),
        "notes": " ".join(cutout.notes),
    }


def _uncertainty(scores: Floats, limit: float) -> float:
    """Return how near the least certain box is to the default score, 0 to 1."""
    if not len(scores):
        return 0.0
    away = np.where(scores < limit, limit - scores, scores - limit)
    span = np.where(scores < limit, limit, 1 - limit)
    return float((1 - away / np.maximum(span, 1e-6)).max())


def _position(cutout: Cutout) -> tuple[float | None, float | None]:
    """Return the position of the galaxy from its list, or else of the centre."""
    from clump_detector.astrometry.wcs import sky_positions

    galaxy = cutout.galaxy
    if galaxy is not None and galaxy.ra is not None and galaxy.dec is not None:
        return galaxy.ra % 360, galaxy.dec
    if cutout.wcs is None:
        return None, None
    x, y = (cutout.width - 1) / 2, (cutout.height - 1) / 2
    ra, dec = (float(v) for v in sky_positions(cutout.wcs, x, y)[0])
    return (ra % 360, dec) if np.isfinite([ra, dec]).all() else (None, None)


def detection_rows(
    item: Item, cutout: Cutout, found: Detections, model: str, *, photometry: bool
) -> pa.Table:
    """Return the rows of the boxes of a cutout.

    Parameters
    ----------
    item : Item
    cutout : Cutout
    found : Detections
        The boxes that are kept, the best first.
    model : str
        The model's id.
    photometry : bool
        Whether they are measured, where the cutout has fluxes.
    """
    from clump_detector.catalogue.detections import rows_of

    rows: list[Row] = [
        {
            **{k: v for k, v in row.items() if k != "file"},
            "cutout": item.address,
            "name": item.name,
            "box": number,
        }
        for number, row in enumerate(
            rows_of(item.address, cutout, found, model), start=1
        )
    ]
    table = table_of(DETECTIONS, rows)
    if not photometry or cutout.is_picture or not len(found):
        return table
    return _beside(table, _measured(cutout, found))


def _measured(cutout: Cutout, found: Detections) -> pa.Table:
    """Return the columns of the clump catalogue that the boxes of a cutout have."""
    from clump_detector.catalogue import CatalogueBuilder, clump_rows
    from clump_detector.catalogue.arrow import arrow_table
    from clump_detector.catalogue.builder import LISTED
    from clump_detector.photometry.measurement import measure

    builder = CatalogueBuilder()
    columns = clump_rows(cutout, measure(cutout, found.boxes))
    columns.pop(LISTED, None)  # of the user's own list, which has the cutout's name
    builder.add(len(found), columns)
    return arrow_table(builder.finished())


def _beside(table: pa.Table, measured: pa.Table) -> pa.Table:
    """Return a table with those columns of another that have a value."""
    for name in measured.column_names:
        column = measured[name]
        if name in table.column_names or column.null_count == len(column):
            continue
        table = table.append_column(measured.schema.field(name), column)
    return table
