"""Two catalogues compared: the figures, and the clumps on which they differ."""

from __future__ import annotations

from dataclasses import dataclass

from clump_detector.core.json_types import JsonObject

from .agreement import agreement
from .catalogue import Catalogue
from .disagreements import Disagreement, disagreements
from .pairing import Unit, pair


@dataclass(frozen=True)
class Compared:
    """What a comparison gives.

    Attributes
    ----------
    figures : dict
        See `agreement`.
    disagreements : tuple of Disagreement
        The most unusual first.
    """

    figures: JsonObject
    disagreements: tuple[Disagreement, ...]

    @property
    def galaxies(self) -> list[str]:
        """Those with disagreements, that with the most unusual one first."""
        named = [one.clump.galaxy for one in self.disagreements if one.clump.galaxy]
        return list(dict.fromkeys(named))


def compare_clumps(
    first: Catalogue,
    second: Catalogue,
    radius: float | None = None,
    unit: Unit | None = None,
) -> Compared:
    """Compare two catalogues.

    Parameters
    ----------
    first, second, radius, unit
        As in `pair`.

    Raises
    ------
    LabelError
        If they have no galaxy in common.
    ConfigError
        If they cannot be compared in the unit.
    """
    pairs = pair(first, second, radius, unit)
    return Compared(
        agreement(first, second, pairs), tuple(disagreements(first, second, pairs))
    )
