"""Placing imported labels on cutouts.

A label's cutout is found by the name of its image, else by an object id, else by its
position on the sky. Labels without a cutout, or outside of it, are counted with the
reason.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np

from clump_detector.core import boxes as geometry
from clump_detector.core.errors import ClumpError
from clump_detector.image_files.sources import Source
from clump_detector.labels.external import (
    Corners,
    ForeignBox,
    ForeignLabels,
    Losses,
    Size,
)

from .corners import corners_on
from .frame import Frame, physical_is_image, pixel_of, read_frame, sky_of
from .match import Ids, Known, NameIndex, PositionIndex, rivals, separation

#: Progress: cutouts processed, and all of them.
Steps = Generator[tuple[int, int], None, "Placed"]


_COPIES = (
    "a program made several images of one cutout, which may be rotated or cropped: "
    "give the labels of the original images"
)


@dataclass(frozen=True, slots=True)
class PlacedBox:
    """A label with its corners on a cutout, clipped to the image."""

    corners: Corners
    label: ForeignBox


@dataclass
class Placed:
    """Labels by the cutouts that they are on.

    Attributes
    ----------
    labels : ForeignLabels
    boxes : dict of int to list of PlacedBox
        By the caller's number for a cutout.
    clipped : int
        Number of boxes that were clipped at an image's edge.
    losses : Losses
        Labels that are on no cutout.
    problems : list of str
        Sentences on cutouts that cannot be read.
    notes : list of str
        Sentences on guesses.
    """

    labels: ForeignLabels
    boxes: dict[int, list[PlacedBox]] = field(default_factory=dict)
    clipped: int = 0
    losses: Losses = field(default_factory=Losses)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Number of labels on cutouts."""
        return sum(map(len, self.boxes.values()))

    def in_words(self) -> list[str]:
        """Return sentences on the labels on cutouts, and on the others with reasons."""
        n, cutouts = self.total, len(self.boxes)
        lines = [
            f"{n:,} box{'es' * (n != 1)} lie{'s' * (n == 1)} on {cutouts:,} "
            f"cutout{'s' * (cutouts != 1)}."
        ]
        if self.clipped:
            lines.append(f"{self.clipped:,} of them were clipped at the image's edge.")
        return [*lines, *self.notes, *self.losses.in_words(), *self.problems]


def place_labels(
    labels: ForeignLabels,
    cutouts: Sequence[tuple[int, Source, Size | None]],
    *,
    side: float | None = None,
    pixels: float | None = None,
) -> Steps:
    """Place labels on cutouts; yield progress and return a `Placed`.

    Images are read only as far as necessary: not at all if a file names its images and
    their sizes are known.

    Parameters
    ----------
    labels : ForeignLabels
    cutouts : sequence of (int, Source, (int, int) or None)
        The caller's number for each, its source, and its size in pixels if known.
    side : float, optional
        Side length in arcsec of the box of a label without extent; by default 2.5 FWHM
        of the cutout, or else of the label's own image.
    pixels : float, optional
        Its side length in pixels where none of these is known; without it such a label
        is left out.

    Yields
    ------
    (int, int)
        Number of cutouts processed, and of all.
    """
    work = _Placing(labels, [Known(*cutout) for cutout in cutouts], side, pixels)
    yield from work.run()
    return work.placed


class _Placing:
    """One run of `place_labels`."""

    def __init__(
        self,
        labels: ForeignLabels,
        cutouts: Sequence[Known],
        side: float | None,
        pixels: float | None,
    ) -> None:
        self._pixels = pixels
        self._fits, self._side, self._cutouts = labels.fits, side, cutouts
        self.placed = Placed(labels)
        self._named, self._rest = self._by_name(labels.boxes)
        # The others are searched by their ids and positions on the sky.
        self._ids = Ids(self._rest.items())
        self._on_sky = [key for key, box in self._rest.items() if box.sky is not None]
        positions = [(b.sky.ra, b.sky.dec) for b in self._rest.values() if b.sky]
        self._sky = PositionIndex(np.array(positions).reshape(-1, 2))
        self._claims: dict[int, tuple[float, int]] = {}
        self._frames: dict[int, Frame] = {}
        self._sources = {cutout.key: cutout.source for cutout in cutouts}
        self._physical: dict[int, bool] = {}

    def run(self) -> Generator[tuple[int, int], None, None]:
        searched = any(box.ids or box.sky for box in self._rest.values())
        for done, cutout in enumerate(self._cutouts, start=1):
            mine = self._named.get(cutout.key, [])
            if mine or searched:
                self._process(cutout, mine, searched)
            yield done, len(self._cutouts)
        for key, (_, cutout_key) in self._claims.items():
            box = self._rest.pop(key)
            self._put(cutout_key, box, self._frames[cutout_key])
        for box in self._rest.values():
            self.placed.losses.add("no cutout here shows it", box.named)

    def _by_name(
        self, boxes: Sequence[ForeignBox]
    ) -> tuple[dict[int, list[ForeignBox]], dict[int, ForeignBox]]:
        """Return the labels whose file names their cutout, and the others by number."""
        names = NameIndex(self._cutouts)
        images = [box.image for box in boxes if box.image]
        lost = rivals(names, [*images, *self.placed.labels.others])
        found_of: list[tuple[Known, ForeignBox]] = []
        named: dict[int, list[ForeignBox]] = {}
        rest: dict[int, ForeignBox] = {}
        seen: set[Hashable] = set()
        for number, box in enumerate(boxes):
            mark = _mark(box)
            if mark in seen:
                self.placed.losses.add("it is in the file twice", box.named)
                continue
            seen.add(mark)
            found = names.find(box)
            if box.image in lost:
                why = "another image of the file has the name of its cutout"
                self.placed.losses.add(why, box.named)
            elif len(found) == 1:
                found_of.append((found[0], box))
            elif found:
                why = "several cutouts have the name of its image"
                self.placed.losses.add(why, box.named)
            else:
                rest[number] = box
        for cutout, box in found_of:
            if names.copies(box, cutout):
                self.placed.losses.add(_COPIES, box.named)
            else:
                named.setdefault(cutout.key, []).append(box)
        self.placed.notes += names.renamed_in_words()
        return named, rest

    def _process(
        self, cutout: Known, mine: Sequence[ForeignBox], searched: bool
    ) -> None:
        """Place the labels that name a cutout on it, and find others that it shows."""
        try:
            frame, galaxy = read_frame(cutout, searched or any(map(_needs_sky, mine)))
        except ClumpError as error:
            self.placed.problems.append(error.message)
            for box in mine:
                self.placed.losses.add("its image cannot be read", box.named)
            return
        for box in mine:
            self._put(cutout.key, box, frame)
        if searched:
            for key in self._ids.of(galaxy):
                self._claim(key, -1.0, cutout.key, frame)
            for key, distance in self._shown(frame):
                self._claim(key, distance, cutout.key, frame)

    def _claim(self, key: int, distance: float, cutout: int, frame: Frame) -> None:
        """Assign a label to a cutout unless it is nearer to the centre of another."""
        if distance < self._claims.get(key, (np.inf, 0))[0]:
            self._claims[key] = distance, cutout
            self._frames[cutout] = frame

    def _shown(self, frame: Frame) -> list[tuple[int, float]]:
        """Return the labels on an image, and their distances from its centre (degrees).

        Of several cutouts that show a label, it belongs to the one whose centre is
        nearest to its galaxy, or else to itself.
        """
        if frame.wcs is None or not self._on_sky:
            return []
        width, height = frame.size
        middle = sky_of(frame.wcs, (width - 1) / 2, (height - 1) / 2)
        corner = sky_of(frame.wcs, -0.5, -0.5)
        far = sky_of(frame.wcs, width - 0.5, height - 0.5)
        radius = 1.1 * max(separation(middle, corner), separation(middle, far))
        found = []
        for index in self._sky.near(*middle, radius):
            key = self._on_sky[index]
            sky = self._rest[key].sky
            assert sky is not None
            x, y = pixel_of(frame.wcs, sky)
            if -0.5 <= x <= width - 0.5 and -0.5 <= y <= height - 0.5:
                found.append((key, separation(middle, sky.host or (sky.ra, sky.dec))))
        return found

    def _put(self, key: int, box: ForeignBox, frame: Frame) -> None:
        """Place a label on a cutout, or count the reason why it cannot be."""
        corners = corners_on(box, frame, self._fits, self._side, self._pixels)
        if box.physical and not self._physical_is_image(key):
            corners = (
                "its physical pixels are shifted against the image's by the header "
                "(save the regions as image or fk5)"
            )
        if isinstance(corners, str):
            self.placed.losses.add(corners, box.named)
            return
        whole = geometry.as_boxes(corners)
        cut = geometry.clip(whole, *frame.size)
        x1, y1, x2, y2 = (float(v) for v in cut[0])
        if min(x2 - x1, y2 - y1) < geometry.SMALLEST_SIDE:
            outside = geometry.outside(whole, *frame.size)[0]
            why = (
                "it is outside the image"
                if outside
                else "too little of it is inside the image"
            )
            self.placed.losses.add(why, box.named)
            return
        self.placed.clipped += bool((np.abs(cut - whole) > 1e-6).any())
        self.placed.boxes.setdefault(key, []).append(PlacedBox((x1, y1, x2, y2), box))

    def _physical_is_image(self, key: int) -> bool:
        if key not in self._physical:
            self._physical[key] = physical_is_image(self._sources[key].path)
        return self._physical[key]


def _mark(box: ForeignBox) -> Hashable:
    """Return a value that is equal for two copies of one label."""
    sky = None if box.sky is None else (box.sky.ra, box.sky.dec)
    numbers = tuple(sorted(box.ids.items()))
    position = box.corners, box.middle, box.shares, sky
    return box.image, numbers, box.cls, position, box.status


def _needs_sky(box: ForeignBox) -> bool:
    return box.sky is not None or box.middle is not None
