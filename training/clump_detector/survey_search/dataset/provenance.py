"""The table of provenance: what made the rows of a dataset."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from clump_detector.core.files import atomic_path

if TYPE_CHECKING:
    from .folder import Made

#: Its file in the folder of a dataset.
PROVENANCE = "provenance.parquet"

#: Packages whose versions bear on what is found.
_PACKAGES = ("torch", "torchvision", "timm", "numpy", "astropy", "photutils", "scipy")


def write_provenance(dataset: Path, made: Made) -> None:
    """Write what a dataset was made with: a row for each name and value.

    Parameters
    ----------
    dataset : path
    made : Made

    Raises
    ------
    FileError
        If it cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = {
        "program": f"napari-clumps {made.version}",
        "model": made.model,
        "weights": made.weights,
        **{name: json.dumps(value) for name, value in made.options.items()},
    }
    for name in _PACKAGES:
        try:
            rows[f"version of {name}"] = version(name)
        except PackageNotFoundError:
            continue
    table = pa.table({"name": list(rows), "value": list(rows.values())})
    with atomic_path(dataset / PROVENANCE) as temporary:
        pq.write_table(table, temporary)
