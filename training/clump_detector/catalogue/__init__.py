"""The clump catalogue: columns as Popp et al. (2023) published them, and ours.

`Rows` takes in what was measured, cutout by cutout (`clump_rows`); `write_catalogue`
writes it.
"""

from .clumps import clump_rows, describing
from .columns import COLUMNS, Column
from .formats import FORMATS, check_catalogue_name, write_catalogue
from .reading import read_catalogue
from .rows import Catalogue, Rows
from .tables import as_table

__all__ = [
    "COLUMNS",
    "FORMATS",
    "Catalogue",
    "Column",
    "Rows",
    "as_table",
    "check_catalogue_name",
    "clump_rows",
    "describing",
    "read_catalogue",
    "write_catalogue",
]
