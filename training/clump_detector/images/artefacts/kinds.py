"""The kinds of artefacts, and one that was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

#: What a program looks for, by its name in files and columns.
KINDS = {
    "trail": "line across the sky, of a satellite, a cosmic ray or the readout",
    "seam": "edge of an exposure across the sky",
    "saturated_star": "saturated star, with its spikes, halo or bleed",
    "scattered_light": "light of a bright source beside the cutout",
    "missing": "strip or line without data",
    "edge": "galaxy goes over the cutout's edge",
    "band_offset": "bands lie beside each other",
    "distortion": "pixels of unlike size or shape, by the WCS",
    "star_on_galaxy": "bright star on the galaxy",
}


#: Corners x1, y1, x2, y2 in pixels from the centre of the first one.
Place = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Artefact:
    """Something on a cutout that is not its galaxy.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    reason : str
        What was seen there, with its figures, in one sentence without full stop.
    place : tuple of float
        Corners x1, y1, x2, y2 of where it is, in pixels from the centre of the first
        one.
    """

    kind: str
    reason: str
    place: Place

    @property
    def name(self) -> str:
        """The kind as users read it."""
        return self.kind.replace("_", " ")

    def to_json(self) -> list[Any]:
        """Return kind, reason and the four corners as a list."""
        return [self.kind, self.reason, *(round(float(x), 1) for x in self.place)]

    @classmethod
    def from_json(cls, values: Sequence[Any]) -> Artefact:
        """Return what `to_json` returned."""
        kind, reason, *place = values
        x1, y1, x2, y2 = map(float, place)
        return cls(str(kind), str(reason), (x1, y1, x2, y2))


def kinds_on(found: Iterable[Artefact], box: Sequence[float]) -> str | None:
    """Return the kinds of artefacts that lie on a box, joined, or None.

    Parameters
    ----------
    found : iterable of Artefact
    box : sequence of float
        Corners x1, y1, x2, y2 in pixels.
    """
    x1, y1, x2, y2 = box
    on = {
        one.kind
        for one in found
        if one.place[0] <= x2 and x1 <= one.place[2]
        and one.place[1] <= y2 and y1 <= one.place[3]
    }  # fmt: skip
    return "; ".join(kind for kind in KINDS if kind in on) or None


def artefacts_from_json(values: Iterable[Sequence[Any]]) -> tuple[Artefact, ...]:
    """Return artefacts from the lists that `Artefact.to_json` returns."""
    return tuple(Artefact.from_json(one) for one in values)
