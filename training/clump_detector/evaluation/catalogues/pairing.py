"""Which clumps of two catalogues are the same: nearest first, one to one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from clump_detector.core.arrays import Floats, Mask
from clump_detector.core.errors import ConfigError, LabelError
from clump_detector.core.text import plural

from .catalogue import Catalogue, Clump

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord

#: Clumps on the sky are the same within so many arcsec, unless the user says otherwise.
ARCSEC = 1.0

#: Pixels within which clumps without a box are the same.
PIXELS = 5.0

#: On the sky a clump lies in a galaxy of the other catalogue if that has one so near.
NEIGHBOURHOOD = 30.0

Unit = Literal["pixels", "arcsec"]


@dataclass(frozen=True)
class Pairs:
    """Two catalogues' clumps on the galaxies that both have.

    Attributes
    ----------
    unit : "pixels" or "arcsec"
        In which they were compared.
    first, second : tuple of Clump
        On common galaxies.
    same : tuple of (int, int)
        Numbers of those that are the same.
    offsets : array of shape (pairs, 2)
        Second minus first, along x and y, or east and north.
    galaxies : int
        How many are common; on the sky those of the first catalogue with names.
    outside : (int, int)
        Clumps of each that are on no common galaxy.
    note : str
        How they were compared, in a sentence.
    """

    unit: Unit
    first: tuple[Clump, ...]
    second: tuple[Clump, ...]
    same: tuple[tuple[int, int], ...]
    offsets: Floats
    galaxies: int
    outside: tuple[int, int]
    note: str

    def shared(self, side: int) -> Mask:
        """Return which clumps of the first (0) or the second (1) the other one has."""
        clumps = (self.first, self.second)[side]
        return np.isin(np.arange(len(clumps)), [both[side] for both in self.same])


def pair(
    first: Catalogue,
    second: Catalogue,
    radius: float | None = None,
    unit: Unit | None = None,
) -> Pairs:
    """Find the clumps that two catalogues share.

    Galaxies are those of the same name. Where no name is shared, clumps are compared on
    the sky, and a galaxy is common where each has a clump within `NEIGHBOURHOOD`.

    Parameters
    ----------
    first, second : Catalogue
    radius : float, optional
        How far apart they may be, in the unit of the comparison; in pixels by default
        one FWHM, the mean side of both boxes over 2.5.
    unit : "pixels" or "arcsec", optional
        In pixels where both have them on galaxies of the same name, unless given.

    Raises
    ------
    LabelError
        If they have no galaxy in common.
    ConfigError
        If they cannot be compared in the unit.
    """
    if radius is not None and not 0 < radius < np.inf:
        raise ConfigError(
            f"a radius of {radius:g} pairs nothing", remedy="Give one of more than 0."
        )
    names = first.galaxies & second.galaxies
    in_pixels = _known(first, second, names, "middle")
    if unit == "pixels" and not in_pixels:
        raise ConfigError(
            f"{first.name} and {second.name} cannot be compared in pixels",
            remedy="Both need pixels on images of the same name.",
        )
    on_sky = all(clump.sky for c in (first, second) for clump in c.clumps)
    if unit == "arcsec" and not on_sky:
        raise ConfigError(
            f"{first.name} and {second.name} cannot be compared on the sky",
            remedy="Both need a right ascension and a declination of every clump.",
        )
    if in_pixels and unit != "arcsec":
        return _by_galaxy(first, second, names, radius)
    if on_sky:
        return _on_sky(first, second, names, ARCSEC if radius is None else radius)
    raise LabelError(
        f"{first.name} and {second.name} have no galaxy in common",
        remedy="Clumps are compared on images of the same name, or by ra and dec.",
    )


def _known(
    first: Catalogue, second: Catalogue, names: frozenset[str], what: str
) -> bool:
    """Return whether all clumps on common galaxies have a place of a kind."""
    both = [c for one in (first, second) for c in one.clumps if c.galaxy in names]
    return bool(both) and all(getattr(clump, what) is not None for clump in both)


def _by_galaxy(
    first: Catalogue, second: Catalogue, names: frozenset[str], radius: float | None
) -> Pairs:
    """Pair clumps in pixels, galaxy by galaxy."""
    ours = tuple(c for c in first.clumps if c.galaxy in names)
    theirs = tuple(c for c in second.clumps if c.galaxy in names)
    by_galaxy: dict[str, list[int]] = defaultdict(list)
    for j, clump in enumerate(theirs):
        by_galaxy[clump.galaxy].append(j)
    near: list[tuple[float, int, int]] = []
    bare = False
    for i, clump in enumerate(ours):
        for j in by_galaxy[clump.galaxy]:
            apart = float(np.hypot(*_apart(clump, theirs[j])))
            limit = radius or _limit(clump, theirs[j])
            bare |= radius is None and limit == PIXELS
            if apart <= limit:
                near.append((apart / limit, i, j))
    same = _one_to_one(near)
    offsets = np.array([_apart(ours[i], theirs[j]) for i, j in same]).reshape(-1, 2)
    within = "one FWHM, the mean side of the boxes over 2.5"
    if radius is not None:
        within = f"{radius:g} pixels"
    elif bare:
        within += f", or {PIXELS:g} pixels without a box"
    return Pairs(
        "pixels", ours, theirs, same, offsets, len(names),
        (len(first.clumps) - len(ours), len(second.clumps) - len(theirs)),
        f"Compared in pixels, on images of the same name, within {within}.",
    )  # fmt: skip


def _apart(one: Clump, other: Clump) -> tuple[float, float]:
    assert one.middle is not None
    assert other.middle is not None
    return other.middle[0] - one.middle[0], other.middle[1] - one.middle[1]


def _limit(one: Clump, other: Clump) -> float:
    """Return how far apart in pixels two clumps may be."""
    known = [clump.fwhm for clump in (one, other) if clump.fwhm]
    return float(np.mean(known)) if known else PIXELS


def _on_sky(
    first: Catalogue, second: Catalogue, names: frozenset[str], radius: float
) -> Pairs:
    """Pair clumps by their positions on the sky."""
    import astropy.units as u
    from astropy.coordinates import search_around_sky

    ours, theirs = _places(first), _places(second)
    if names:
        common = [
            np.array([c.galaxy in names for c in k.clumps]) for k in (first, second)
        ]
    else:
        i, j, *_ = search_around_sky(ours, theirs, NEIGHBOURHOOD * u.arcsec)
        common = [
            np.isin(np.arange(len(k.clumps)), seen)
            for k, seen in ((first, i), (second, j))
        ]
    if not (common[0].any() and common[1].any()):
        raise LabelError(
            f"{first.name} and {second.name} have no galaxy in common: no clumps of "
            f"the two are within {NEIGHBOURHOOD:g} arcsec",
            remedy="Check that both are of the same part of the sky.",
        )
    rows = [np.flatnonzero(one) for one in common]
    ours, theirs = ours[rows[0]], theirs[rows[1]]
    i, j, apart, _ = search_around_sky(ours, theirs, radius * u.arcsec)
    same = _one_to_one(
        list(zip(apart.arcsec.tolist(), i.tolist(), j.tolist(), strict=True))
    )
    offsets = np.zeros((0, 2))
    if same:
        a, b = np.array(same).T
        east, north = ours[a].spherical_offsets_to(theirs[b])
        offsets = np.column_stack([east.arcsec, north.arcsec])
    kept = [
        tuple(k.clumps[n] for n in r)
        for k, r in zip((first, second), rows, strict=True)
    ]
    outside = tuple(
        len(k.clumps) - len(r) for k, r in zip((first, second), rows, strict=True)
    )
    where = (
        "on galaxies of the same name"
        if names
        else f"where each has a clump within {NEIGHBOURHOOD:g} arcsec"
    )
    return Pairs(
        "arcsec", kept[0], kept[1], same, offsets, len({c.galaxy for c in kept[0]}),
        (outside[0], outside[1]),
        f"Compared on the sky, {where}, within {radius:g} arcsec.",
    )  # fmt: skip


def _places(catalogue: Catalogue) -> SkyCoord:
    from astropy.coordinates import SkyCoord

    sky = np.array([clump.sky for clump in catalogue.clumps], dtype=float)
    return SkyCoord(sky[:, 0], sky[:, 1], unit="deg")


def _one_to_one(
    near: Sequence[tuple[float, int, int]],
) -> tuple[tuple[int, int], ...]:
    """Return pairs so that nobody is in two, the nearest first."""
    taken: tuple[set[int], set[int]] = (set(), set())
    same = []
    for _, i, j in sorted(near):
        if i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
            same.append((i, j))
    return tuple(sorted(same))


def outside_in_words(pairs: Pairs, first: str, second: str) -> list[str]:
    """Return sentences on clumps that could not be compared.

    Parameters
    ----------
    pairs : Pairs
    first, second : str
        Names of the catalogues.
    """
    return [
        f"{plural(n, 'clump')} of {one} {'is' if n == 1 else 'are'} on galaxies that "
        f"{other} does not have, and {'was' if n == 1 else 'were'} not compared."
        for n, one, other in zip(
            pairs.outside, (first, second), (second, first), strict=True
        )
        if n
    ]
