"""Imported labels in memory: boxes, and counts of what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regions import SkyRegion

Corners = tuple[float, float, float, float]

#: Width and height in pixels.
Size = tuple[int, int]

#: What a table may say of a clump beside its position.
MEASURED = ("magnitude", "flux ratio", "width", "distance from the centre")


def _nothing() -> Mapping[str, int]:
    return MappingProxyType({})


def _unmeasured() -> Mapping[str, float]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SkyPosition:
    """The position of a label on the sky.

    Attributes
    ----------
    ra, dec : float
        Its centre in degrees.
    icrs : bool
        Whether they are ICRS; else they are in the frame of the cutout's own header,
        ICRS or FK5, which differ by 0.02 arcsec.
    region : regions.SkyRegion or None
        Its extent, if it has one.
    host : (float, float) or None
        Right ascension and declination of its galaxy in degrees.
    fwhm : float or None
        FWHM in arcsec of the PSF of the image that it was found on.
    """

    ra: float
    dec: float
    icrs: bool = False
    region: SkyRegion | None = None
    host: tuple[float, float] | None = None
    fwhm: float | None = None


@dataclass(frozen=True, slots=True)
class ForeignBox:
    """One label of another program or catalogue.

    Attributes
    ----------
    image : str
        The file's name for its image: a file name, a stem or an id; '' for none.
    cls : str
        Its class as the file names it; '' for none.
    corners : tuple or None
        x1, y1, x2, y2 in pixels, counted from 0 at the centre of the first one.
    middle : (float, float) or None
        x, y in pixels of a label without extent.
    shares : tuple or None
        x1, y1, x2, y2 as fractions of the image's width and height from its corner.
    sky : SkyPosition or None
    size : (int, int) or None
        Width and height of the image that it was drawn on, if the file gives them.
    physical : bool
        Whether its pixels are physical ones, which a header may shift against the
        image's own.
    ids : mapping of str to int
        Object ids by the name of their column.
    score : float or None
    status : str
        ``rejected`` or ``proposal`` if the file marks it as one of these; else ''.
    origin, model, annotator, time : str or None
        Its provenance, if the file gives it.
    measured : mapping of str to float
        What a table says of it beside its position, by what it is: one of `MEASURED`.
    survey : str
        The survey or the set that it is of; '' where the file does not say.
    tier : str
        Who has looked at it, as a catalogue of this program says: one of
        `clump_detector.labels.tiers.TIERS`.
    """

    image: str = ""
    cls: str = ""
    corners: Corners | None = None
    middle: tuple[float, float] | None = None
    shares: Corners | None = None
    sky: SkyPosition | None = None
    size: Size | None = None
    physical: bool = False
    ids: Mapping[str, int] = field(default_factory=_nothing)
    score: float | None = None
    status: str = ""
    origin: str | None = None
    model: str | None = None
    annotator: str | None = None
    time: str | None = None
    measured: Mapping[str, float] = field(default_factory=_unmeasured)
    survey: str = ""
    tier: str = ""

    @property
    def named(self) -> str:
        """The name of its image in messages."""
        if self.image:
            return self.image
        if self.ids:
            return str(next(iter(self.ids.values())))
        if self.sky is not None:
            return f"RA {self.sky.ra:.5f}, Dec {self.sky.dec:.5f}"
        return "no name"


class Losses:
    """Counts of labels that were left out, by reason, each with an example."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._examples: dict[str, str] = {}

    def add(self, reason: str, example: str = "", n: int = 1) -> None:
        """Count labels that were left out for a reason.

        Parameters
        ----------
        reason : str
            A clause, to follow "N left out:".
        example : str
            The label or image, for the message.
        n : int
            Number of labels.
        """
        if n:
            self._counts[reason] = self._counts.get(reason, 0) + n
            if example:
                self._examples.setdefault(reason, example[:80])

    def update(self, other: Losses) -> None:
        """Add the counts of another one."""
        for reason, n in other._counts.items():
            self.add(reason, other._examples.get(reason, ""), n)

    @property
    def counts(self) -> dict[str, int]:
        """Number of labels by reason."""
        return dict(self._counts)

    @property
    def total(self) -> int:
        """Number of labels for all reasons."""
        return sum(self._counts.values())

    def in_words(self) -> list[str]:
        """Return a sentence for each reason, the most frequent first."""
        lines = []
        for reason, n in sorted(self._counts.items(), key=lambda item: -item[1]):
            example = self._examples.get(reason)
            such = f" (such as {example})" if example else ""
            lines.append(f"{n:,} left out: {reason}{such}.")
        return lines


@dataclass(frozen=True)
class ForeignLabels:
    """The labels of a file of another program or catalogue.

    Attributes
    ----------
    kind : str
        The kind of the file; one of `formats.detect.KINDS`.
    origin : str
        The source of the labels, which is recorded with every box.
    path : Path
    boxes : tuple of ForeignBox
    fits : mapping of Size to (float, float), or None
        The sizes of images that pixel boxes fit, and the shift of x and y on each; None
        if they fit without a shift.
    losses : Losses
        Entries of the file that are not boxes.
    notes : tuple of str
        Sentences for the user.
    others : tuple of str
        All images that the file names, with a box or without, among which names have to
        be unambiguous.
    numbers_from : int or None
        The first number, if classes are numbers without names; None if they are names.
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
        """Number of images with boxes."""
        return len({b.image or tuple(b.ids.values()) for b in self.boxes})

    def in_words(self) -> list[str]:
        """Return sentences on the file's content."""
        n, images = len(self.boxes), self.images
        first = f"{self.path.name}: {n:,} box{'es' * (n != 1)}"
        if self.path.name not in self.origin:
            first += f" of {self.origin}"
        if images > 1:
            first += f" on {images:,} images"
        return [f"{first}.", *self.notes, *self.losses.in_words()]
