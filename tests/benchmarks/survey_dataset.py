"""A dataset of very many cutouts that no survey was needed for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clump_detector.images.host_profile import VALUES
from clump_detector.survey_search.dataset import healpix
from clump_detector.survey_search.dataset.collection import TABLES
from clump_detector.survey_search.dataset.folder import SETTINGS
from clump_detector.survey_search.dataset.tables import (
    CUTOUTS,
    DETECTIONS,
    EMBEDDINGS,
    PROBLEMS,
    schema_of,
    table_of,
)

MODEL, LIMIT, SIDE = "bench-00000000", 0.3, 424


def make_dataset(folder: Path, n: int, features: int = 0, stamp: str = "") -> Path:
    """Write a dataset as `collect` would; half of the sky, 2.5 boxes a cutout.

    Parameters
    ----------
    folder : path
        A new one. The address of cutout k is ``cutouts/galaxy-000000k.jpg`` below it.
    n : int
        Cutouts.
    features : int
        Length of the embeddings; 0 for none.
    stamp : str
        Of all files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    made = {"model": MODEL, "weights": "", "version": "bench", "options": {}}
    text = json.dumps({"format": 1, **made, "begun": ""})
    (folder / SETTINGS).write_text(text, encoding="utf-8")
    ra = rng.uniform(0, 360, n)
    dec = np.degrees(np.arcsin(rng.uniform(-0.1, 0.9, n)))
    boxes = rng.poisson(2.5, n)
    owner = np.repeat(np.arange(n), boxes)
    scores = np.round(0.15 + 0.85 * rng.beta(1.2, 3, len(owner)), 5)
    address = _joined("cutouts/galaxy-", np.arange(n), ".jpg")
    name = _joined("galaxy-", np.arange(n))
    _on_sky(folder, CUTOUTS, _cutouts(address, name, ra, dec, owner, scores, stamp))
    table = _detections(address, name, ra, dec, owner, boxes, scores, rng)
    _on_sky(folder, DETECTIONS, table)
    if features:
        columns = {"cutout": address, "ra": ra, "dec": dec}
        for column, size in (("embedding", features), ("profile", VALUES)):
            flat = pa.array(rng.normal(size=n * size).astype(np.float32))
            ends = np.arange(0, n * size + 1, size, dtype=np.int32)
            columns[column] = pa.ListArray.from_arrays(pa.array(ends), flat)
        _on_sky(folder, EMBEDDINGS, _table(EMBEDDINGS, n, columns))
    pq.write_table(table_of(PROBLEMS, []), folder / TABLES / f"{PROBLEMS}.parquet")
    return folder


def _joined(before: str, numbers: np.ndarray, after: str = "") -> pa.Array:
    digits = pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), 7, "0")
    return pc.binary_join_element_wise(before, digits, after, "")


def _same(text: str, n: int) -> pa.Array:
    return pa.array([text]).take(pa.array(np.zeros(n, np.int64)))


def _cutouts(address, name, ra, dec, owner, scores, stamp) -> pa.Table:
    n = len(ra)
    best = np.zeros(n)
    np.maximum.at(best, owner, scores)
    away = np.full(n, 1.0)
    np.minimum.at(away, owner, np.abs(scores - LIMIT) / 0.7)
    columns = {
        "cutout": address,
        "name": name,
        "ra": ra,
        "dec": dec,
        "width": np.full(n, SIDE),
        "height": np.full(n, SIDE),
        "n_boxes": np.bincount(owner, minlength=n),
        "n_clumps": np.bincount(owner[scores >= LIMIT], minlength=n),
        "best_score": best,
        "uncertainty": 1 - away,
        "content": _joined("sha256:", np.arange(n)),
        "stamp": _same(stamp, n),
    }
    return _table(CUTOUTS, n, columns)


def _detections(address, name, ra, dec, owner, boxes, scores, rng) -> pa.Table:
    n = len(owner)
    first = np.repeat(np.cumsum(boxes) - boxes, boxes)
    x, y = rng.uniform(20, SIDE - 40, (2, n))
    columns = {
        "cutout": address.take(pa.array(owner)),
        "name": name.take(pa.array(owner)),
        "box": np.arange(n) - first + 1,
        "class": _same("clump", n),
        "score": scores,
        "x1": x,
        "y1": y,
        "x2": x + 18,
        "y2": y + 18,
        "ra": ra[owner],
        "dec": dec[owner],
    }
    return _table(DETECTIONS, n, columns)


def _table(name: str, n: int, columns: dict[str, object]) -> pa.Table:
    columns["model"] = _same(MODEL, n)
    schema = schema_of(name)
    arrays = [
        pa.array(columns[f.name], f.type) if f.name in columns else pa.nulls(n, f.type)
        for f in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _on_sky(dataset: Path, name: str, table: pa.Table) -> None:
    """Write a table in partitions."""
    index = healpix.index_of(table["ra"].to_numpy(), table["dec"].to_numpy())
    order = np.argsort(index, kind="stable")
    index = index[order]
    whole = table.take(pa.array(order))
    whole = whole.append_column(healpix.INDEX_COLUMN, pa.array(index))
    folder = dataset / TABLES / name
    pixels = healpix.pixels_for(index)
    for pixel in pixels:
        first, last = np.searchsorted(index, healpix.span(pixel))
        path = folder / healpix.partition_path(pixel)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(whole.slice(first, last - first), path)
    counts = {pixel: len(rows) for pixel, rows in pixels.items()}
    healpix.write_properties(folder, f"clump_{name}", counts, whole.schema)
