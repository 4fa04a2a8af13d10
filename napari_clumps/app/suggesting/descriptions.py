"""What models say of the cutouts of the open review beside their boxes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from psygnal import Signal

from clump_detector.core.errors import ClumpError
from clump_detector.models.described import Description
from napari_clumps.active_learning.features import Features
from napari_clumps.app.session import Session
from napari_clumps.review import Box, CutoutRecord, Review

#: A box of a review is the described one if no corner is farther off, in pixels.
_SAME = 0.01

#: What is added to a review's name for the folder beside it.
SUFFIX = ".features"


def folder_of(review: Path) -> Path:
    """Return the folder beside a review where embeddings and votes are kept."""
    return review.with_suffix(SUFFIX)


class Descriptions:
    """Embeddings and votes of the open review, kept beside its file.

    Parameters
    ----------
    session : Session

    Attributes
    ----------
    features : Features or None
        Of the open review.

    Signals
    -------
    changed(): another review is open, or a cutout has been described.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        self._session = session
        self.features: Features | None = None
        self._told = False
        session.shown.votes_on = self.votes_on
        session.review_opened.connect(self._on_review)
        self._on_review()

    def _on_review(self) -> None:
        review = self._session.review
        self._told = False
        self.features = None if review is None else _features_of(review)
        self.changed.emit()

    @property
    def wanted(self) -> bool:
        """Whether a detection is to describe the cutouts of the open review, too."""
        return self.features is not None and self.features.writable

    def take(self, cutout_id: int, model: str, description: Description) -> None:
        """Keep what a model says of a cutout; a disk that refuses is reported once.

        Parameters
        ----------
        cutout_id : int
        model : str
            Id of the model.
        description : Description
        """
        review = self._session.review
        if review is None or self.features is None or not self.features.writable:
            return
        try:
            changed = newest(review.cutout(cutout_id).source.files)
            self.features.take(cutout_id, model, changed, description)
        except ClumpError as error:
            if not self._told:
                self._told = True
                self._session.warn(
                    f"{error.message} The review goes on; orders that need them fall "
                    "back to others."
                )
            return
        self.changed.emit()

    def is_stale(self, cutout: CutoutRecord) -> bool:
        """Return whether a cutout's files have changed since it was described."""
        try:
            then = None if self.features is None else self.features.time_of(cutout.id)
        except ClumpError:
            return False
        return then is not None and then != newest(cutout.source.files)

    def votes_on(self, cutout_id: int, boxes: list[Box]) -> dict[int, str]:
        """Return the votes of an ensemble for boxes of a cutout, by id, where known.

        Parameters
        ----------
        cutout_id : int
        boxes : list of Box
        """
        cutout = self._session.cutout
        if self.features is None or cutout is None or cutout.model is None:
            return {}
        try:
            rows = self.features.boxes_on(cutout.model, cutout_id)
        except ClumpError:  # the boxes themselves are shown all the same
            return {}
        if not len(rows) or not rows["ensemble"][0]:
            return {}
        found: dict[int, str] = {}
        for box in boxes:
            off = np.abs(rows["corners"] - box.corners).max(axis=1)
            k = int(off.argmin())
            if off[k] <= _SAME:
                found[box.id] = f"{rows['votes'][k]} of {rows['heads'][k]}"
        return found


def newest(files: tuple[Path, ...]) -> float:
    """Return the newest time of change of a cutout's files; 0 without a file."""
    times = []
    for path in files:
        try:
            times.append(path.stat().st_mtime)
        except OSError:
            continue
    return max(times, default=0.0)


def _features_of(review: Review) -> Features:
    return Features(folder_of(review.path), writable=not review.read_only)
