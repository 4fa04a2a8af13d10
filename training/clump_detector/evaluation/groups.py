"""Figures of groups of galaxies: by the label set they are from, by their host's size.

Which score boxes count from is the same for all of them: it was not chosen on any.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clump_detector.core.json_types import JsonObject
from clump_detector.core.text import plural
from clump_detector.metrics import bootstrap, matching
from clump_detector.metrics.matching import Match

#: Bins of the host's diameter in FWHM of the PSF.
DIAMETERS = (10, 20, 40)


def by_group(
    names: Sequence[str], matches: Sequence[Match], score: float
) -> list[JsonObject]:
    """Return the figures of each group of galaxies, in the order of the first of each.

    Parameters
    ----------
    names : sequence of str
        The group of each galaxy; those without a name are in no group.
    matches : sequence of Match
        One per galaxy.
    score : float
        Boxes count from this score on.

    Returns
    -------
    list of dict
        ``name``, ``galaxies``, ``true_boxes``, and ``completeness``, ``purity`` and
        ``f1``, each with its intervals.
    """
    rows: list[JsonObject] = []
    for name in dict.fromkeys(name for name in names if name):
        own = [m for n, m in zip(names, matches, strict=True) if n == name]
        intervals = bootstrap.bootstrap(own, score)
        rows.append(
            {
                "name": name,
                "galaxies": len(own),
                "true_boxes": int(matching.counts(own, score)[:, 0].sum()),
                **{key: interval.as_json() for key, interval in intervals.items()},
            }
        )
    return rows


def diameter_group(diameter: float | None) -> str:
    """Return the group of a host by its diameter, empty where none is known.

    Parameters
    ----------
    diameter : float or None
        In FWHM of the PSF.
    """
    if diameter is None:
        return ""
    i = int(np.searchsorted(DIAMETERS, diameter, side="right"))
    if i == 0:
        return f"host below {DIAMETERS[0]} FWHM"
    if i == len(DIAMETERS):
        return f"host from {DIAMETERS[-1]} FWHM"
    return f"host of {DIAMETERS[i - 1]} to {DIAMETERS[i]} FWHM"


def in_words(row: JsonObject) -> str:
    """Return the figures of a group in one line."""
    names = {"completeness": "completeness", "purity": "purity", "f1": "F1"}
    shares = [
        f"{name} {bootstrap.Interval.from_json(row[key])}"
        for key, name in names.items()
    ]
    galaxies = plural(row["galaxies"], "galaxy", "galaxies")
    clumps = plural(row["true_boxes"], "clump")
    return f"{row['name']}: {', '.join(shares)}, {galaxies} with {clumps}"
