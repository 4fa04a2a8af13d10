"""Injecting simulated clumps into galaxies of the open review, in the background."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from clump_detector.core import boxes as geometry
from clump_detector.core.boxes import Boxes
from clump_detector.core.errors import ClumpError, ReviewError
from clump_detector.core.text import plural
from clump_detector.image_files.added_light import AddedLight
from napari_clumps.review import CutoutRecord, Review

from .detecting.detection import Detection
from .host import JobHost
from .work import Work

#: Clumps on a galaxy, at random; both ends included.
CLUMPS = (1, 3)

#: Galaxies that are tried for each that is wanted: on some no clump can be put.
TRIED = 3


@dataclass
class DrawnClumps:
    """Clumps to inject.

    Attributes
    ----------
    clumps : dict of int to list of AddedLight
        By the cutout whose galaxy it is.
    problems : list of str
        Why galaxies were left out, in sentences.
    """

    clumps: dict[int, list[AddedLight]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


class Injecting(Work[DrawnClumps]):
    """Puts galaxies with injected clumps among the others, with a model's proposals.

    Parameters
    ----------
    host : JobHost
    detection : Detection
        Searches them with the current model, where one has searched the others.
    reload : callable
        Has the window make the queue again.
    """

    words = "Injecting clumps"
    when_cancelled = "Cancelled: no clump was injected."

    def __init__(
        self, host: JobHost, detection: Detection, reload: Callable[[], None]
    ) -> None:
        super().__init__(host)
        self._detection, self._reload = detection, reload

    def start(self, n: int) -> None:
        """Start to inject clumps into n galaxies.

        Parameters
        ----------
        n : int

        Raises
        ------
        ReviewError
            If the review is read-only, or a detection runs.
        """
        review = self._host.opened
        if self.running:
            self._host.say("Clumps are being injected already.")
            return
        if review.read_only:
            raise ReviewError(
                "no clump can be injected: the review is open for reading only",
                review.path,
                review.read_only_reason,
            )
        if self._detection.running:
            raise ReviewError(
                "clumps can be injected once the detection has ended",
                remedy="The model has to search these galaxies, too.",
            )
        chosen = review.injection_candidates(TRIED * n)
        records = [review.cutout(cutout_id) for cutout_id in chosen]
        taken = [
            geometry.as_boxes([box.corners for box in review.boxes(record.id)])
            for record in records
        ]
        seed = zlib.crc32(review.id.encode())
        self._run(draw_on(records, taken, n, seed))

    def _take(self, value: DrawnClumps) -> None:
        if not value.clumps:
            why = f" {value.problems[0]}" if value.problems else ""
            self._host.warn(f"No clump could be injected: no galaxy is left.{why}")
            return
        review = self._host.opened
        try:
            made = review.inject(value.clumps)
        except ClumpError as error:
            self._host.warn(error.message)
            return
        self._reload()
        if _searched(review, value.clumps):
            self._detection.search(made)
        self._host.say(
            f"{plural(len(made), 'galaxy', 'galaxies')} with injected clumps will come "
            "among the others."
        )


def _searched(review: Review, cutout_ids: Iterable[int]) -> bool:
    """Return whether a model has searched some of the galaxies."""
    return any(review.cutout(i).model is not None for i in cutout_ids)


def draw_on(
    records: Sequence[CutoutRecord], taken: Sequence[Boxes], n: int, seed: int
) -> Generator[tuple[int, int], None, DrawnClumps]:
    """Draw clumps for n of some galaxies; yields how many are done, and how many.

    Parameters
    ----------
    records : sequence of CutoutRecord
    taken : sequence of array of shape (m, 4)
        Boxes that each has already.
    n : int
    seed : int

    Returns
    -------
    DrawnClumps
    """
    from clump_detector.images.cutout import read_cutout
    from clump_detector.simulate.clump_light import draw_clumps

    drawn = DrawnClumps()
    for record, boxes in zip(records, taken, strict=True):
        if len(drawn.clumps) == n:
            break
        rng = np.random.default_rng((seed, record.id))
        try:
            clumps = draw_clumps(
                read_cutout(record.source),
                boxes,
                int(rng.integers(*CLUMPS, endpoint=True)),
                rng,
            )
        except ClumpError as error:
            drawn.problems.append(error.message)
            clumps = []
        if clumps:
            drawn.clumps[record.id] = clumps
        yield len(drawn.clumps), n
    return drawn
