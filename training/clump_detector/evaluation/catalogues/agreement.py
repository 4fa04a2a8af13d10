"""How far two catalogues agree, and on what: by brightness, size, place and class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clump_detector.core.arrays import Floats, Mask
from clump_detector.core.json_types import JsonObject
from clump_detector.core.text import plural
from clump_detector.labels.external import MEASURED
from clump_detector.metrics import shares
from clump_detector.photometry.aperture.background import SIGMA_PER_MAD

from .catalogue import Catalogue, Clump
from .pairing import Pairs, outside_in_words

#: What agreement may depend on.
QUANTITIES = (*MEASURED, "size", "score")

#: By what clumps are grouped, where a catalogue has several.
GROUPS = ("survey", "tier")

#: Bins of a quantity, with as many clumps in each, and the fewest clumps in one.
BINS, FEWEST = 4, 10


@dataclass(frozen=True)
class Bin:
    """Clumps of one catalogue with a value in a range, and how many the other has.

    Attributes
    ----------
    low, high : float
        Both ends included.
    clumps, shared : int
    """

    low: float
    high: float
    clumps: int
    shared: int

    def to_json(self) -> JsonObject:
        """Return it as a dictionary that JSON can hold, with the share's interval."""
        return {"low": self.low, "high": self.high, **share(self.shared, self.clumps)}


def agreement(first: Catalogue, second: Catalogue, pairs: Pairs) -> JsonObject:
    """Return how far two catalogues agree.

    Parameters
    ----------
    first, second : Catalogue
    pairs : Pairs
        Of these.

    Returns
    -------
    dict
        Ready for JSON: ``catalogues`` (names), ``compared`` (a sentence), ``unit``,
        ``galaxies``, ``both`` (clumps that both have), ``first`` and ``second`` (each
        with ``clumps``, ``shared``, ``share``, its ``95`` % interval, and ``by``: bins
        of each quantity, and of survey and tier), ``offset`` (medians of second minus
        first and their scatter), ``differences`` (the same of what both have measured),
        ``classes`` (how often each pair of classes), ``notes``.
    """
    both = [(pairs.first[i], pairs.second[j]) for i, j in pairs.same]
    return {
        "catalogues": [first.name, second.name],
        "compared": pairs.note,
        "unit": pairs.unit,
        "galaxies": pairs.galaxies,
        "both": len(both),
        **{
            key: {
                **share(int(shared.sum()), len(clumps)),
                "by": {
                    **{
                        name: [one.to_json() for one in bins]
                        for name in QUANTITIES
                        if (bins := bins_of(clumps, shared, name))
                    },
                    **_by_group(clumps, shared),
                },
            }
            for key, clumps, shared in (
                ("first", pairs.first, pairs.shared(0)),
                ("second", pairs.second, pairs.shared(1)),
            )
        },
        "offset": [_middle(pairs.offsets[:, k]) for k in (0, 1)],
        "differences": _differences(both),
        "classes": _classes(both),
        "notes": [
            *first.notes,
            *second.notes,
            *outside_in_words(pairs, first.name, second.name),
        ],
    }


def share(shared: int, clumps: int) -> JsonObject:
    """Return a share with its 95 % interval (Wilson 1927).

    Parameters
    ----------
    shared, clumps : int
    """
    return {"clumps": clumps, "shared": shared, **shares.as_json(shared, clumps)}


def values_of(clumps: Sequence[Clump], name: str) -> Floats:
    """Return a quantity of each clump, NaN where it is not known.

    Parameters
    ----------
    clumps : sequence of Clump
    name : str
        One of `QUANTITIES`.
    """
    return np.array([clump.measured.get(name, np.nan) for clump in clumps], dtype=float)


def bins_of(clumps: Sequence[Clump], shared: Mask, name: str) -> list[Bin]:
    """Return bins of a quantity with about as many clumps in each.

    None where too few clumps have it for two bins, or all have the same value.

    Parameters
    ----------
    clumps : sequence of Clump
    shared : bool array
        Which of them the other catalogue has.
    name : str
    """
    values = values_of(clumps, name)
    known = np.isfinite(values)
    n = min(BINS, int(known.sum()) // FEWEST)
    if n < 2:
        return []
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, n + 1)[1:-1]))
    number = np.searchsorted(edges, values, side="right")
    bins = []
    for k in range(len(edges) + 1):
        inside = known & (number == k)
        if inside.any():
            bins.append(
                Bin(
                    float(values[inside].min()),
                    float(values[inside].max()),
                    int(inside.sum()),
                    int((shared & inside).sum()),
                )
            )
    return bins if len(bins) > 1 else []


def _by_group(clumps: Sequence[Clump], shared: Mask) -> JsonObject:
    """Return the share of each survey and of each tier, where there are several."""
    rows: JsonObject = {}
    for kind in GROUPS:
        names = np.array([getattr(clump, kind) for clump in clumps])
        found = sorted(set(names.tolist()) - {""})
        if len(found) > 1:
            rows[kind] = [
                {
                    kind: one,
                    **share(
                        int((shared & (names == one)).sum()), int((names == one).sum())
                    ),
                }
                for one in found
            ]
    return rows


def _middle(values: Floats) -> JsonObject:
    """Return median and scatter (the median absolute deviation, as a sigma)."""
    if not len(values):
        return {"median": None, "scatter": None, "n": 0}
    median = float(np.median(values))
    scatter = SIGMA_PER_MAD * float(np.median(np.abs(values - median)))
    return {"median": median, "scatter": scatter, "n": len(values)}


def _differences(both: Sequence[tuple[Clump, Clump]]) -> JsonObject:
    """Return by how much what both have measured differs, second minus first."""
    found = {}
    for name in QUANTITIES:
        apart = [
            b.measured[name] - a.measured[name]
            for a, b in both
            if name in a.measured and name in b.measured
        ]
        if len(apart) >= FEWEST:
            found[name] = _middle(np.array(apart))
    return found


def _classes(both: Sequence[tuple[Clump, Clump]]) -> list[JsonObject]:
    """Return how often each pair of classes occurs, the most frequent first."""
    counts = Counter((a.cls, b.cls) for a, b in both)
    return [
        {"first": a, "second": b, "clumps": n} for (a, b), n in counts.most_common()
    ]


def agreement_in_words(figures: JsonObject) -> list[str]:
    """Return the figures of `agreement` in lines."""
    first, second = figures["catalogues"]
    lines = [
        f"{first} and {second}, {plural(figures['galaxies'], 'galaxy', 'galaxies')}: "
        f"{plural(figures['both'], 'clump')} in both. {figures['compared']}"
    ]
    for key, own, other in (("first", first, second), ("second", second, first)):
        row = figures[key]
        lines.append(
            f"of {plural(row['clumps'], 'clump')} of {own}, {other} has "
            f"{share_in_words(row)}"
        )
        for name, bins in row["by"].items():
            parts = [
                f"{range_in_words(name, one)}: {share_in_words(one)}" for one in bins
            ]
            lines.append(f"  by {name}: {'; '.join(parts)}")
    lines += _differences_in_words(figures)
    return [*lines, *figures["notes"]]


def _differences_in_words(figures: JsonObject) -> list[str]:
    """Return lines on offsets, what both measured, and classes."""
    if not figures["both"]:
        return []
    unit = figures["unit"]
    axes = ("x", "y") if unit == "pixels" else ("east", "north")
    shifts = [
        f"{axis} {one['median']:+.2f} (scatter {one['scatter']:.2f})"
        for axis, one in zip(axes, figures["offset"], strict=True)
    ]
    lines = [f"second minus first, medians: {', '.join(shifts)} {unit}"]
    for name, one in figures["differences"].items():
        lines.append(
            f"  {name}: {one['median']:+.3g} (scatter {one['scatter']:.2g}, "
            f"{one['n']} clumps)"
        )
    several = {
        row[key] for row in figures["classes"] for key in ("first", "second")
    } - {""}
    if len(several) > 1:
        parts = [
            f"{row['first'] or 'none'} / {row['second'] or 'none'} {row['clumps']}"
            for row in figures["classes"]
        ]
        lines.append(f"classes, first / second: {', '.join(parts)}")
    return lines


def share_in_words(row: JsonObject) -> str:
    """Return a share of `share` with its interval, in per cent."""
    if row["share"] is None:
        return "none to compare"
    low, high = row["95"]
    return f"{100 * row['share']:.0f} % ({100 * low:.0f} to {100 * high:.0f})"


def range_in_words(name: str, one: JsonObject) -> str:
    """Return the range of a bin, or the survey or the tier that it is of.

    Parameters
    ----------
    name : str
        Of the quantity or the group.
    one : dict
        As `Bin.to_json` returns it.
    """
    if name in GROUPS:
        return str(one[name])
    return f"{one['low']:.3g} to {one['high']:.3g}"
