"""What the clumps of each tier of a catalogue are like, in figures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.catalogue.read import read_catalogue
from clump_detector.core.arrays import Floats
from clump_detector.core.errors import LabelError
from clump_detector.core.json_types import JsonObject
from clump_detector.core.text import plural
from clump_detector.labels.tiers import TIERS
from clump_detector.metrics import shares

if TYPE_CHECKING:
    from astropy.table import Column, Table

#: Columns of which the median is told, what they are in words, and whether they are
#: drawn on a logarithmic scale.
QUANTITIES = {
    "clump_score": ("score", False),
    "clump_chance_clump": ("chance by its look that it is a clump", False),
    "clump_flux_ratio": ("flux ratio", True),
    "clump_width": ("width", False),
    "clump_distance_re": ("distance from the centre in effective radii", True),
    "clump_star_distance_fwhm": ("distance to the nearest star in FWHM", True),
}

#: Of fewer clumps nothing is said in general.
FEWEST = 50


@dataclass(frozen=True)
class TierFigures:
    """Figures by tier, and the values that they are of.

    Attributes
    ----------
    figures : dict
        For JSON. By tier ``clumps``, ``galaxies``, ``without_doubt`` and
        ``look_like_clumps`` (each ``share`` and ``95``), ``doubts`` (how many clumps
        there are with each reason) and ``medians`` (of each quantity ``median``,
        ``16``, ``84`` and ``n``).
    values : dict of str to dict of str to array
        By tier and quantity, where known.
    """

    figures: JsonObject
    values: dict[str, dict[str, Floats]]


def figures_by_tier(path: str | Path) -> TierFigures:
    """Return figures of the clumps of each tier of a catalogue.

    Parameters
    ----------
    path : path
        A catalogue that the program exported.

    Raises
    ------
    LabelError
        If it has no tiers, or no clump.
    FileError
        If it cannot be read.
    """
    table = read_catalogue(path)
    if "tier" not in table.colnames:
        raise LabelError(
            "this table has no column “tier”",
            path,
            "Name a catalogue that `napari-clumps export` wrote from a review.",
        )
    tiers = _texts(table["tier"])
    names = [name for name in TIERS if name in tiers]
    names += sorted(set(tiers) - set(TIERS) - {""})
    if not names:
        raise LabelError("no clump of it has a tier", path, "Export it again.")
    parts = {name: table[tiers == name] for name in names}
    values = {name: _quantities(part) for name, part in parts.items()}
    figures = {name: _figures(part, values[name]) for name, part in parts.items()}
    return TierFigures(figures, values)


def _texts(column: Column) -> np.ndarray:
    """Return a column of texts, '' where it is masked."""
    filled = column.filled("") if hasattr(column, "filled") else column
    return np.array([str(value) for value in filled])


def _quantities(part: Table) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    for column in QUANTITIES:
        if column in part.colnames:
            known = np.array([_number(value) for value in part[column]])
            found[column] = known[np.isfinite(known)]
    return found


def _number(value: object) -> float:
    """Return a number of a table, NaN where it is masked or none."""
    try:
        return float("nan" if value is np.ma.masked else str(value))
    except ValueError:
        return float("nan")


def _figures(part: Table, values: dict[str, Floats]) -> JsonObject:
    n = len(part)
    row: JsonObject = {"clumps": n}
    if "galaxy_name" in part.colnames:
        row["galaxies"] = len(set(_texts(part["galaxy_name"])))
    if "clump_doubts" in part.colnames:
        reasons = [text.split("; ") for text in _texts(part["clump_doubts"])]
        row["without_doubt"] = shares.as_json(sum(one == [""] for one in reasons), n)
        every = [reason for one in reasons for reason in one if reason]
        row["doubts"] = {
            reason: every.count(reason)
            for reason in sorted(set(every), key=lambda r: (-every.count(r), r))
        }
    if "clump_looks_like" in part.colnames:
        looks = _texts(part["clump_looks_like"])
        told = looks[looks != ""]
        row["look_like_clumps"] = shares.as_json(
            int((told == "clump").sum()), len(told)
        )
    row["medians"] = {
        column: {
            "median": float(np.median(found)),
            "16": float(np.percentile(found, 16)),
            "84": float(np.percentile(found, 84)),
            "n": len(found),
        }
        for column, found in values.items()
        if len(found)
    }
    return row


def tiers_in_words(figures: JsonObject) -> list[str]:
    """Return the figures of `figures_by_tier` in lines."""
    lines: list[str] = []
    for name, row in figures.items():
        on = (
            f" on {plural(row['galaxies'], 'galaxy', 'galaxies')}"
            if "galaxies" in row
            else ""
        )
        few = f"; fewer than {FEWEST} prove little" if row["clumps"] < FEWEST else ""
        lines.append(f"{name}: {plural(row['clumps'], 'clump')}{on}{few}")
        for key, words in (
            ("without_doubt", "without a reason to doubt them"),
            ("look_like_clumps", "look like clumps"),
        ):
            if row.get(key, {}).get("share") is not None:
                low, high = row[key]["95"]
                lines.append(
                    f"  {row[key]['share']:.2f} ({low:.2f} to {high:.2f}) {words}"
                )
        if row.get("doubts"):
            parts = [f"{reason} {n:,}" for reason, n in row["doubts"].items()]
            lines.append(f"  reasons: {', '.join(parts)}")
        for column, one in row["medians"].items():
            lines.append(
                f"  {QUANTITIES[column][0]}: {one['median']:.3g} "
                f"({one['16']:.3g} to {one['84']:.3g}), {one['n']:,} known"
            )
    return lines
