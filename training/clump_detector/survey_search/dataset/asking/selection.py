"""What is asked of a dataset, and what comes of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from clump_detector.core.errors import ConfigError

if TYPE_CHECKING:
    import pyarrow as pa

#: Orders of a selection, and what comes first.
ORDERS = {
    "score": "highest score",
    "uncertainty": "a box nearest to the model's default score",
    "random": "at random, the same for the same seed",
    "name": "by name",
    "embedding": "most like another cutout",
    "distance": "nearest to a position",
}


@dataclass(frozen=True)
class Question:
    """Which cutouts of a dataset are asked for.

    Attributes
    ----------
    where : str
        An expression, see `expression`; an empty text for all.
    most : int
        Cutouts at most.
    order : str
        One of `ORDERS`. An empty text is "embedding" with `like`, "distance" with
        `near`, and else "score".
    near : (float, float, float), optional
        Right ascension, declination and radius in degrees.
    like : str
        Name or address of a cutout; those whose embedding is most like its own.
    seed : int
        Of the random order.
    """

    where: str = ""
    most: int = 500
    order: str = ""
    near: tuple[float, float, float] | None = None
    like: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.order not in ("", *ORDERS):
            raise ConfigError(
                f"unknown order {self.order!r}",
                remedy=f"Choose one of {', '.join(ORDERS)}.",
            )
        if self.most < 1:
            raise ConfigError(
                f"{self.most} is no number of cutouts", remedy="Give 1 or more."
            )
        if self.near is not None:
            _refuse_position(*self.near)
        if self.order == "embedding" and not self.like:
            raise ConfigError(
                "the order by embedding needs a cutout to be like",
                remedy="Name it, with --like NAME on the command line.",
            )
        if self.order == "distance" and self.near is None:
            raise ConfigError(
                "the order by distance needs a position",
                remedy='Give it, with --near "RA DEC RADIUS" on the command line.',
            )

    @property
    def ordered_by(self) -> str:
        """The order, also where none was given."""
        usual = "embedding" if self.like else "distance" if self.near else "score"
        return self.order or usual


def _refuse_position(ra: float, dec: float, radius: float) -> None:
    if not (math.isfinite(ra) and -90 <= dec <= 90):
        raise ConfigError(
            f"{ra}, {dec} is no position", remedy="Give degrees, -90 to 90 the second."
        )
    if not 0 < radius <= 180:
        raise ConfigError(f"{radius} deg is no radius", remedy="Give more than 0.")


def parse_near(text: str) -> tuple[float, float, float]:
    """Return a position and a radius in degrees, from "RA DEC RADIUS".

    The radius is in arcsec, or has a unit: ``30arcsec``, ``2arcmin``, ``0.5deg``.

    Raises
    ------
    ConfigError
        If it is something else.
    """
    units = {"arcsec": 3600.0, "arcmin": 60.0, "deg": 1.0}
    words = text.replace(",", " ").split()
    if len(words) == 4 and words[3] in units:
        words[2:] = [words[2] + words[3]]
    try:
        ra, dec, size = words
        unit = next((u for u in units if size.endswith(u)), "")
        radius = float(size.removesuffix(unit)) / units.get(unit, 3600.0)
        found = float(ra), float(dec), radius
    except ValueError as error:
        raise ConfigError(
            f"{text!r} is no position with a radius",
            remedy="Give right ascension and declination in degrees, and the radius in "
            'arcsec or with a unit, such as "150.1 2.2 30" or "150.1 2.2 0.5deg".',
        ) from error
    _refuse_position(*found)
    return found


@dataclass(frozen=True)
class Selection:
    """Cutouts of a dataset that were asked for, the first one first.

    Attributes
    ----------
    dataset : path
    rows : pyarrow.Table
        Of the table of cutouts, with `query.SHOWN` as columns.
    total : int
        How many cutouts fulfil what was asked, those beyond `Question.most` included.
    cutouts : int
        How many the dataset has.
    """

    dataset: Path
    rows: pa.Table
    total: int
    cutouts: int

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def addresses(self) -> list[str]:
        """The addresses of the cutouts."""
        found: list[str] = self.rows["cutout"].to_pylist()
        return found

    @property
    def names(self) -> list[str]:
        """The names of the cutouts."""
        found: list[str] = self.rows["name"].to_pylist()
        return found

    def first(self, n: int) -> Selection:
        """Return at most so many of them."""
        return replace(self, rows=self.rows.slice(0, n))

    @property
    def in_words(self) -> str:
        """How many there are, in a sentence."""
        first = (
            f", the first {len(self):,} of which are taken"
            if len(self) < self.total
            else ""
        )
        return f"{self.total:,} of {self.cutouts:,} cutouts match{first}."
