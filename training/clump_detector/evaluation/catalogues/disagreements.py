"""Clumps on which two catalogues differ, the most unusual first, as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clump_detector.core.arrays import Floats, Mask
from clump_detector.core.errors import FileError, from_os_error
from clump_detector.core.files import atomic_path
from clump_detector.labels.external import Corners

from .agreement import QUANTITIES, bins_of, values_of
from .catalogue import Catalogue, Clump
from .pairing import PIXELS, Pairs

#: Formats of the table, by the ending of its name.
FORMATS = {
    ".csv": "ascii.csv",
    ".ecsv": "ascii.ecsv",
    ".vot": "votable",
    ".fits": "fits",
}


@dataclass(frozen=True)
class Disagreement:
    """A clump that only one catalogue has, or that has two classes.

    Attributes
    ----------
    what : str
        ``only in NAME``, or ``other class``.
    clump : Clump
        As the catalogue has it, or the first of two.
    classes : (str, str)
        In the first and in the second catalogue; '' where one does not have it.
    unusual : float
        0 to 1: how often the other catalogue has clumps like it (the mean over all that
        is known of it), or how seldom two classes are given.
    """

    what: str
    clump: Clump
    classes: tuple[str, str]
    unusual: float


def disagreements(
    first: Catalogue, second: Catalogue, pairs: Pairs
) -> list[Disagreement]:
    """Return the clumps on which two catalogues differ, the most unusual first.

    Parameters
    ----------
    first, second : Catalogue
    pairs : Pairs
        Of these.
    """
    found = []
    for side, (own, clumps) in enumerate(
        ((first, pairs.first), (second, pairs.second))
    ):
        shared = pairs.shared(side)
        likely = _likely_shared(clumps, shared)
        for k in np.flatnonzero(~shared):
            classes = (clumps[k].cls, "") if side == 0 else ("", clumps[k].cls)
            found.append(
                Disagreement(
                    f"only in {own.name}", clumps[k], classes, float(likely[k])
                )
            )
    found += _of_class(pairs)
    return sorted(found, key=lambda one: -one.unusual)


def _likely_shared(clumps: Sequence[Clump], shared: Mask) -> Floats:
    """Return for each clump the share of clumps like it that the other one has."""
    every = [np.full(len(clumps), shared.mean() if len(shared) else np.nan)]
    for name in QUANTITIES:
        values, bins = values_of(clumps, name), bins_of(clumps, shared, name)
        likely = np.full(len(clumps), np.nan)
        for one in bins:
            inside = (values >= one.low) & (values <= one.high)
            likely[inside] = one.shared / one.clumps
        if bins:
            every.append(likely)
    # What is known of all says least: it counts where nothing else is known.
    parts = every[1:] or every
    stacked = np.where(np.isfinite(parts), parts, np.nan)
    known = np.isfinite(stacked).any(axis=0)
    mean = np.where(known, np.nansum(stacked, axis=0), every[0])
    count = np.maximum(np.isfinite(stacked).sum(axis=0), 1)
    return np.asarray(np.where(known, mean / count, every[0]))


def _of_class(pairs: Pairs) -> list[Disagreement]:
    """Return those to which each catalogue gives another class."""
    both = [(pairs.first[i], pairs.second[j]) for i, j in pairs.same]
    named = [(a, b) for a, b in both if a.cls and b.cls]
    counts = Counter((a.cls, b.cls) for a, b in named)
    return [
        Disagreement(
            "other class", a, (a.cls, b.cls), 1 - counts[a.cls, b.cls] / len(named)
        )
        for a, b in named
        if a.cls != b.cls
    ]


def _corners(clump: Clump) -> Corners | None:
    """Return a clump's box; about a point one as wide as points may be apart."""
    if clump.corners is not None or clump.middle is None:
        return clump.corners
    (x, y), half = clump.middle, PIXELS / 2
    return x - half, y - half, x + half, y + half


def write_disagreements(found: Sequence[Disagreement], path: str | Path) -> None:
    """Write disagreements as a table, which `read_labels` reads as well.

    Parameters
    ----------
    found : sequence of Disagreement
    path : path
        Its ending names the format: one of `FORMATS`.

    Raises
    ------
    FileError
        If the ending is none of these, or the file cannot be written.
    """
    from astropy.table import MaskedColumn, Table

    path = Path(path)
    if path.suffix not in FORMATS:
        raise FileError(
            "no table of this ending is written",
            path,
            f"Give it one of these: {', '.join(FORMATS)}.",
        )
    columns: dict[str, list[object]] = {
        "file": [one.clump.image for one in found],
        "what": [one.what for one in found],
        "unusual": [round(one.unusual, 4) for one in found],
        "class": [one.classes[0] or one.classes[1] for one in found],
        "class_first": [one.classes[0] for one in found],
        "class_second": [one.classes[1] for one in found],
        "survey": [one.clump.survey for one in found],
        "tier": [one.clump.tier for one in found],
    }
    places: list[tuple[float, ...] | None]
    if any(one.clump.corners is not None for one in found):
        places = [_corners(one.clump) for one in found]
        names: tuple[str, ...] = ("x1", "y1", "x2", "y2")
    else:
        places, names = [one.clump.middle for one in found], ("x", "y")
    for k, name in enumerate(names):
        columns[name] = [place and place[k] for place in places]
    for k, name in enumerate(("ra", "dec")):
        columns[name] = [one.clump.sky and one.clump.sky[k] for one in found]
    for name in QUANTITIES:
        values = [one.clump.measured.get(name) for one in found]
        columns[name.replace(" ", "_")] = list(values)
    table = Table()
    for name, column in columns.items():
        missing = [value is None for value in column]
        if column and all(missing):
            continue
        if any(missing) or not isinstance(next(iter(column), ""), str):
            filled = [np.nan if value is None else value for value in column]
            table[name] = MaskedColumn(filled, dtype=float, mask=missing)
        else:
            table[name] = [str(value) for value in column]
    try:
        with atomic_path(path) as scratch:
            table.write(scratch, format=FORMATS[path.suffix], overwrite=True)
    except OSError as error:
        raise from_os_error(error, path, "write") from error
