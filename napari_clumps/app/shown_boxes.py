"""The boxes of the current cutout that are shown, and the current one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from psygnal import Signal

from napari_clumps.models.score_limits import ScoreLimits
from napari_clumps.review import Box, Corners, CutoutRecord, Review, Status
from napari_clumps.viewer.canvas import Canvas


class ShownBoxes:
    """Reads the boxes to show from the review, and draws them.

    Parameters
    ----------
    canvas : Canvas
    scores : ScoreLimits
        From which score proposals are shown.
    keeps_back : callable
        Tells whether the proposals on a cutout are hidden until it is marked.

    Attributes
    ----------
    current : int or None
        Id of the current box, on which keys decide.
    hidden : bool
        Whether proposals are hidden on the current cutout.
    votes : mapping of int to str
        Of the heads of an ensemble, by the ids of the shown boxes, where known.
    votes_on : callable
        Returns them for boxes of a cutout.
    places_on : list of callable
        Each returns the corners of places on a cutout that are to be marked.

    Signals
    -------
    changed(): the visible boxes changed.
    current_changed(box id or None): another box is the current one.
    """

    changed = Signal()
    current_changed = Signal(object)

    def __init__(
        self,
        canvas: Canvas,
        scores: ScoreLimits,
        keeps_back: Callable[[int], bool],
    ) -> None:
        self._canvas, self._scores, self._keeps_back = canvas, scores, keeps_back
        self._review: Review | None = None
        self._cutout: CutoutRecord | None = None
        self._boxes: list[Box] = []
        self.current: int | None = None
        self.hidden = False
        self.votes: dict[int, str] = {}
        self.votes_on: Callable[[int, list[Box]], dict[int, str]] = lambda _, __: {}
        self.places_on: list[Callable[[int], Sequence[Corners]]] = []
        self._deferred = 0
        self._due = False
        self._start_when_due = False

    # -- which ones ---------------------------------------------------------

    @property
    def boxes(self) -> list[Box]:
        """The shown boxes: decided ones, and proposals unscored or from the threshold.

        On a held-out cutout that is to be marked first, only decided ones; once it is
        marked, all boxes to decide on, `anonymous`.
        """
        return self._boxes

    @property
    def undecided(self) -> list[Box]:
        """The shown boxes without a decision."""
        return [b for b in self._boxes if b.status is Status.PROPOSAL]

    @property
    def below_threshold(self) -> int:
        """Number of hidden boxes on the current cutout."""
        if self._review is None or self._cutout is None:
            return 0
        return len(self._review.boxes(self._cutout.id)) - len(self._boxes)

    @property
    def anonymous(self) -> bool:
        """Whether boxes are shown in random order and without their models."""
        return self._cutout is not None and self._cutout.blind and not self._cutout.done

    def box(self, box_id: int | None) -> Box | None:
        """Return a shown box."""
        return next((b for b in self._boxes if b.id == box_id), None)

    def take_review(self, review: Review | None) -> None:
        """Take the boxes of another review from now on, or of none."""
        self._review, self._cutout = review, None
        self.current, self._boxes = None, []

    def take_cutout(self, cutout: CutoutRecord) -> None:
        """Take the boxes of another cutout from now on, or of one that changed."""
        self._cutout = cutout

    def _load(self) -> None:
        self._boxes, self.hidden, self.votes = [], False, {}
        if self._review is not None and self._cutout is not None:
            here = self._cutout.id
            self.hidden = self._keeps_back(here)
            if self.anonymous:
                self._boxes = self._review.anonymous(here)
            elif self.hidden:
                self._boxes = [b for b in self._review.boxes(here) if b.decided]
            else:
                self._boxes = [
                    b
                    for b in self._review.boxes(here)
                    if b.decided or b.opinions or not self._scores.is_weak(b)
                ]
                self.votes = self.votes_on(here, self._boxes)
            self._canvas.places = [
                corners
                for places in self.places_on
                for corners in places(here)
                if not self.hidden
            ]
        if self.box(self.current) is None:
            self.current = None

    # -- drawing ------------------------------------------------------------

    def refresh(self, *, start: bool = False) -> None:
        """Read the boxes again and show them.

        Parameters
        ----------
        start : bool
            Make the first undecided box the current one, if none is.
        """
        self._due = False
        if self._review is None or not self._canvas.is_built:
            return
        self._load()
        if start and self.current is None and self.undecided:
            self.current = self.undecided[0].id
        self._canvas.show_boxes(self._boxes, self.current, self.votes)
        box = self.box(self.current)
        if start and box is not None and self._canvas.camera.close_up:
            self._canvas.camera.bring_into_view(box)
        self.changed.emit()
        self.current_changed.emit(self.current)

    def refresh_soon(self, *, start: bool = False) -> None:
        """Refresh once napari has finished with the event it is in."""
        from qtpy.QtCore import QTimer

        self._start_when_due = start
        if not self._due:
            self._due = True
            QTimer.singleShot(0, self._refresh_if_due)

    def _refresh_if_due(self) -> None:
        if self._due:
            self.refresh(start=self._start_when_due)

    def refresh_unless_due(self) -> None:
        """Refresh, unless that is deferred or will be done soon in any case."""
        if not self._deferred and not self._due:
            self.refresh()

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Draw nothing during decisions; the caller refreshes afterwards."""
        self._deferred += 1
        try:
            yield
        finally:
            self._deferred -= 1

    def toggle(self) -> None:
        """Hide or show the boxes."""
        if self._canvas.is_built:
            self._canvas.visible = not self._canvas.visible
            self.changed.emit()

    # -- the current one ----------------------------------------------------

    def make_current(self, box_id: int | None) -> None:
        """Make a box the current one, which the canvas has highlighted already."""
        if box_id != self.current:
            self.current = box_id
            self.current_changed.emit(box_id)

    def select(self, box_id: int | None) -> None:
        """Make a box the current one and bring it into view."""
        self.current = box_id
        box = self.box(box_id)
        self.current = None if box is None else box.id
        self._canvas.show_boxes(self._boxes, self.current, self.votes)
        if box is not None:
            self._canvas.camera.bring_into_view(box)
        self.current_changed.emit(self.current)
