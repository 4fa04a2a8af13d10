"""The true boxes of the simulated sample review, by which the demo decides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from clump_detector.core import boxes as geometry
from clump_detector.labels.label_set import read_label_set
from napari_clumps.app.session import Session
from napari_clumps.review import Box, Corners


class Truth:
    """The true boxes of the cutouts of a review.

    Parameters
    ----------
    session : Session
        With the open sample review.
    labels : path
        The label set with the true boxes; faint ones are ignored in it.
    """

    def __init__(self, session: Session, labels: Path) -> None:
        self._session = session
        self._labels = read_label_set(labels)

    def boxes(self, cutout_id: int, *, faint: bool = False) -> list[Corners]:
        """Return the true boxes of a cutout, or its faint ones.

        Parameters
        ----------
        cutout_id : int
        faint : bool
        """
        name = self._session.opened.cutout(cutout_id).name
        (cutout,) = (c for c in self._labels.cutouts if c.source.name == name)
        return [b.corners for b in cutout.boxes if b.ignored is faint]

    def missed(self, cutout_id: int, shown: Sequence[Box]) -> list[Corners]:
        """Return the true boxes without a shown one.

        Parameters
        ----------
        cutout_id : int
        shown : sequence of Box
        """
        true = self.boxes(cutout_id)
        return [t for t in true if not any(matches(b, [t]) for b in shown)]

    def best_example(self) -> int:
        """Return a cutout with many proposals and a missed clump to draw."""
        session = self._session

        def worth(cutout_id: int) -> tuple[bool, int]:
            boxes = session.opened.boxes(cutout_id)
            shown = [b for b in boxes if not session.scores.is_weak(b)]
            return bool(self.missed(cutout_id, shown)), len(shown)

        ids = [i for i in session.opened.ids if not session.keeps_back(i)]
        return max(ids, key=worth)


def matches(box: Box, true: list[Corners]) -> bool:
    """Return whether a box's centre is within one FWHM of that of a true one.

    Parameters
    ----------
    box : Box
    true : list of corners
    """
    if not true:
        return False
    centres = geometry.centres(geometry.as_boxes(true))
    here = geometry.centres(geometry.as_boxes([box.corners]))
    distances = ((centres - here) ** 2).sum(axis=1) ** 0.5
    return bool((distances <= geometry.fwhm(geometry.as_boxes(true))).any())
