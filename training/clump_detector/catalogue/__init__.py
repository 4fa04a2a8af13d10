"""The clump catalogue: columns as Popp et al. (2023) published them, and ours.

`CatalogueBuilder` takes in what was measured, cutout by cutout (`clump_rows`);
`write_catalogue` writes it.
"""

from .builder import Catalogue, CatalogueBuilder
from .columns import COLUMNS, Column
from .fits_table import as_table
from .measured_rows import clump_rows, describing
from .read import read_catalogue
from .write import FORMATS, check_catalogue_name, write_catalogue

__all__ = [
    "COLUMNS",
    "FORMATS",
    "Catalogue",
    "CatalogueBuilder",
    "Column",
    "as_table",
    "check_catalogue_name",
    "clump_rows",
    "describing",
    "read_catalogue",
    "write_catalogue",
]
