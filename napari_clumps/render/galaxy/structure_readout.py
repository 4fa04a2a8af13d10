"""A galaxy's structure in rows, for the panel. No Qt, no napari."""

from __future__ import annotations

import math

from napari_clumps.render.photometry_readout import with_error

from .fits import FittedStructure

#: Columns, what they are called, and their unit.
_LINES = (
    ("galaxy_elliptical_mag", "magnitude", ""),
    ("galaxy_sersic_re_arcsec", "Sérsic Rₑ", " ″"),
    ("galaxy_sersic_n", "Sérsic index", ""),
    ("galaxy_sersic_ratio", "axis ratio", ""),
    ("galaxy_half_light_arcsec", "half-light radius", " ″"),
    ("galaxy_petrosian_arcsec", "Petrosian radius", " ″"),
    ("galaxy_concentration", "concentration", ""),
    ("galaxy_asymmetry", "asymmetry", ""),
    ("galaxy_smoothness", "clumpiness S", ""),
    ("galaxy_gini", "Gini", ""),
    ("galaxy_m20", "M₂₀", ""),
    ("galaxy_bulge_statistic", "F(G, M₂₀)", ""),
    ("galaxy_bulge_fraction", "bulge / all", ""),
)


def structure_rows(found: FittedStructure) -> list[tuple[str, str]]:
    """Return names and values with errors, of what was measured.

    Parameters
    ----------
    found : FittedStructure
    """
    rows = []
    for column, name, unit in _LINES:
        value, error = found.row[column], found.row[f"{column}_err"]
        if math.isfinite(value):
            rows.append((name, with_error(value, error) + unit))
    return rows
