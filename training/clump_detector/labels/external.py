"""What labels that others made are, once they are read: boxes, and what was lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

Corners = tuple[float, float, float, float]

#: Width and height in pixels.
Size = tuple[int, int]


def _nothing() -> Mapping[str, int]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SkyPlace:
    """Where a label is on the sky.

    Attributes
    ----------
    ra, dec : float
        Degrees, of its middle.
    icrs : bool
        Whether they are ICRS; else they are in the frame of the cutout's own header,
        ICRS or FK5, which differ by 0.02 arcsec.
    region : regions.SkyRegion or None
        Its extent, where it has one.
    host : (float, float) or None
        Right ascension and declination of its galaxy.
    fwhm : float or None
        FWHM in arcsec of the PSF of the image that it was found on.
    """

    ra: float
    dec: float
    icrs: bool = False
    region: Any = None
    host: tuple[float, float] | None = None
    fwhm: float | None = None


@dataclass(frozen=True, slots=True)
class ForeignBox:
    """One label that others made.

    Attributes
    ----------
    image : str
        What the file calls its image: a file name, a stem, an id; empty for nothing.
    cls : str
        Its class in the file's words; empty for none.
    corners : tuple or None
        x1, y1, x2, y2 in pixels, counted from 0 at the centre of the first one.
    middle : (float, float) or None
        x, y of one without an extent.
    shares : tuple or None
        x1, y1, x2, y2 as shares of the image's width and height from its corner.
    sky : SkyPlace or None
    size : (int, int) or None
        Width and height of the image that it was drawn on, where the file says.
    physical : bool
        Whether its pixels are physical ones, which a header may shift against the
        image's own.
    ids : mapping of str to int
        Object ids by the name of their column.
    score : float or None
    said : str
        ``rejected`` or ``proposal`` where the file says that it is no label but one of
        these; empty otherwise.
    origin, model, annotator, time : str or None
        Where it came from before, where the file says.
    """

    image: str = ""
    cls: str = ""
    corners: Corners | None = None
    middle: tuple[float, float] | None = None
    shares: Corners | None = None
    sky: SkyPlace | None = None
    size: Size | None = None
    physical: bool = False
    ids: Mapping[str, int] = field(default_factory=_nothing)
    score: float | None = None
    said: str = ""
    origin: str | None = None
    model: str | None = None
    annotator: str | None = None
    time: str | None = None

    @property
    def named(self) -> str:
        """What a message calls its image."""
        if self.image:
            return self.image
        if self.ids:
            return str(next(iter(self.ids.values())))
        if self.sky is not None:
            return f"RA {self.sky.ra:.5f}, Dec {self.sky.dec:.5f}"
        return "no name"


class Losses:
    """What was left out, counted by reason, each with an example."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._examples: dict[str, str] = {}

    def add(self, reason: str, example: str = "", n: int = 1) -> None:
        """Count what was left out for a reason, which reads on from a number."""
        if n:
            self._counts[reason] = self._counts.get(reason, 0) + n
            if example:
                self._examples.setdefault(reason, example[:80])

    def update(self, other: Losses) -> None:
        """Count what another one has counted."""
        for reason, n in other._counts.items():
            self.add(reason, other._examples.get(reason, ""), n)

    @property
    def counts(self) -> dict[str, int]:
        """How many by reason."""
        return dict(self._counts)

    @property
    def total(self) -> int:
        """How many in all."""
        return sum(self._counts.values())

    def in_words(self) -> list[str]:
        """Return a sentence for each reason, the most frequent first."""
        said = []
        for reason, n in sorted(self._counts.items(), key=lambda item: -item[1]):
            example = self._examples.get(reason)
            such = f" (such as {example})" if example else ""
            said.append(f"{n:,} left out: {reason}{such}.")
        return said


@dataclass(frozen=True)
class ForeignLabels:
    """Labels that others made, as their file has them.

    Attributes
    ----------
    kind : str
        Of the file; one of `KINDS`.
    origin : str
        Who made them, which goes with every box.
    path : Path
    boxes : tuple of ForeignBox
    fits : mapping of Size to (float, float), or None
        The sizes of the images that pixel boxes fit, and what to add to x and y on
        each; None where they fit as they are.
    losses : Losses
        What of the file is no box.
    notes : tuple of str
        What a person should know, in sentences.
    others : tuple of str
        Images that the file names, with a box or without: a cutout that has the name of
        one of them is not another one's.
    numbers_from : int or None
        Where classes are numbers without names, the one of the first; None where they
        are names.
    """

    kind: str
    origin: str
    path: Path
    boxes: tuple[ForeignBox, ...]
    fits: Mapping[Size, tuple[float, float]] | None = None
    losses: Losses = field(default_factory=Losses)
    notes: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    numbers_from: int | None = None

    @property
    def images(self) -> int:
        """How many images are named."""
        return len({b.image or tuple(b.ids.values()) for b in self.boxes})

    def in_words(self) -> list[str]:
        """Return what the file holds, in sentences."""
        n, images = len(self.boxes), self.images
        said = f"{self.path.name}: {n:,} box{'es' * (n != 1)}"
        if self.path.name not in self.origin:
            said += f" of {self.origin}"
        if images > 1:
            said += f" on {images:,} images"
        return [f"{said}.", *self.notes, *self.losses.in_words()]
