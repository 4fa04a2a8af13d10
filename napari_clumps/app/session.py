"""The session of a window: its review, the current cutout and the boxes shown of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psygnal import Signal

from clump_detector.core.errors import ClumpError
from clump_detector.models.registry import resolve_model
from napari_clumps.models.thresholds import Thresholds
from napari_clumps.render.image_cache import DisplayImage, ImageCache
from napari_clumps.review import Box, CutoutRecord, Queue, Review, Status
from napari_clumps.settings.settings import change_settings, load_settings
from napari_clumps.viewer.canvas import Canvas


class Session:
    """The open review and what is shown of it. It draws boxes and emits changes.

    Attributes
    ----------
    review : Review or None
        The open one.
    cutout : CutoutRecord or None
    picture : DisplayImage or None
        Of the cutout, as it is displayed.
    source_problem : str or None
        Why its image cannot be used as it is.
    current : int or None
        Id of the current box, on which keys decide.
    queue : Queue or None
        The cutouts in the order of the review.
    model_name : str
        Of the model that the user chose for detection.
    thresholds : Thresholds
        From which score each model's proposals are shown.
    blind_test : bool
        Whether proposals on held-out cutouts are hidden until the user has marked them.
    hidden : bool
        Whether proposals are hidden on the current cutout.
    device : str
        Device for detection and training: auto, cpu, cuda or mps.
    done_with_space : bool
        Whether accepting the rest also marks the cutout as done.
    go_on_after_last : bool
        Whether the last decision on a cutout does what accepting the rest does.

    Signals
    -------
    review_opened(): another review, or none, is open.
    review_modified(): the open one has other cutouts, or many other boxes at once.
    queue_changed(): the queue is another one.
    cutout_changed(): another cutout is shown, or its state changed.
    boxes_changed(): the visible boxes changed.
    current_changed(box id or None): another box is the current one.
    threshold_changed(score): a model's proposals are shown from another score up.
    said(message): a line for the user.
    models_changed(): the list of models changed, or another model is chosen.
    settings_changed(): the user chose something in the panels or in Preferences.
    """

    review_opened = Signal()
    review_modified = Signal()
    queue_changed = Signal()
    cutout_changed = Signal()
    boxes_changed = Signal()
    current_changed = Signal(object)
    threshold_changed = Signal(float)
    said = Signal(str)
    models_changed = Signal()
    settings_changed = Signal()

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self.canvas = Canvas(viewer)
        self.pictures = ImageCache()
        self.review: Review | None = None
        self.queue: Queue | None = None
        self.cutout: CutoutRecord | None = None
        self.picture: DisplayImage | None = None
        self.source_problem: str | None = None
        self.current: int | None = None
        settings = load_settings()
        self.model_name = settings.model
        self.device = settings.device
        self.done_with_space = settings.done_with_space
        self.go_on_after_last = settings.go_on_after_last
        self.blind_test = settings.blind_test
        self.hidden = False
        self._boxes: list[Box] = []
        self._deferred = 0
        self._due = False
        self._start_when_due = False
        self.thresholds = Thresholds()
        self.models_changed.connect(self.thresholds.forget_cards)

    # -- messages -----------------------------------------------------------

    def warn(self, message: str) -> None:
        """Show a warning: what went wrong and what to do."""
        from napari.utils.notifications import show_warning

        self.said.emit(message)
        show_warning(message)

    def say(self, message: str) -> None:
        """Show a message in the status bar and the panel."""
        self.viewer.status = message
        self.said.emit(message)

    def clear_message(self) -> None:
        """Clear the message of the panel."""
        self.said.emit("")

    # -- settings -------------------------------------------------------------

    def take_settings(self) -> None:
        """Apply the saved settings."""
        settings = load_settings()
        self.device = settings.device
        self.done_with_space = settings.done_with_space
        self.go_on_after_last = settings.go_on_after_last
        hides_anew = self.blind_test is not settings.blind_test
        self.blind_test = settings.blind_test
        if hides_anew:
            self.refresh(start=True)
        if self.review is not None and not self.review.read_only:
            self.review.annotator = settings.name()
        self.settings_changed.emit()

    def choose(self, **settings: Any) -> None:
        """Save settings and apply them."""
        change_settings(**settings)
        self.take_settings()

    # -- the review -----------------------------------------------------------

    def take_review(self, review: Review | None) -> None:
        """Set the open review, or none; no cutout is current then."""
        self.review = review
        self.cutout = self.picture = self.current = self.queue = None
        self._boxes = []

    def take_queue(self, queue: Queue) -> None:
        """Set the queue."""
        self.queue = queue
        self.queue_changed.emit()

    def take_cutout(
        self, cutout: CutoutRecord, picture: DisplayImage, problem: str | None
    ) -> None:
        """Set the current cutout, whose image is on the canvas already.

        Parameters
        ----------
        cutout : CutoutRecord
        picture : DisplayImage
        problem : str or None
            Why its image cannot be used as it is.
        """
        self.cutout, self.picture, self.source_problem = cutout, picture, problem
        self.viewer.status = cutout.name  # instead of an older message
        self.refresh(start=True)
        self.cutout_changed.emit()
        self.read_neighbours()

    def change_picture(self, picture: DisplayImage) -> None:
        """Set the image of the current cutout after its display changed."""
        before, self.picture = self.picture, picture
        if before is None or picture.notes != before.notes:
            self.cutout_changed.emit()

    @property
    def opened(self) -> Review:
        """The open review.

        Raises
        ------
        ClumpError
            If none is.
        """
        if self.review is None:
            raise ClumpError("no review is open", remedy="Open a folder of cutouts.")
        return self.review

    @property
    def scoring_model(self) -> str:
        """Id of the model of the shown proposals, or else of the chosen one."""
        shown = self.cutout.model if self.cutout is not None else None
        return shown or self.thresholds.model_id(self.model_name)

    @property
    def threshold(self) -> float:
        """The score from which proposals of `scoring_model` are shown."""
        return self.least(self.scoring_model)

    @threshold.setter
    def threshold(self, threshold: float) -> None:
        self.show_from(threshold, self.scoring_model)

    def show_from(self, score: float, model_id: str) -> None:
        """Show a model's proposals from another score up.

        Parameters
        ----------
        score : float
        model_id : str
        """
        if score == self.least(model_id):
            return
        self.thresholds.choose(model_id, score)
        self.threshold_changed.emit(self.threshold)
        self.refresh()

    def choose_model(self, name: str) -> None:
        """Make a model the chosen one, here and in later sessions.

        Raises
        ------
        ModelError
            If there is none of this name.
        """
        resolve_model(name)
        self.model_name = name
        change_settings(model=name)
        self.models_changed.emit()
        self.use_card_threshold()

    def announce_review(self) -> None:
        """Emit `review_opened`."""
        self.review_opened.emit()

    def announce_modified(self) -> None:
        """Emit `review_modified`: panels read the open review again."""
        self.review_modified.emit()

    def announce_cutout(self) -> None:
        """Emit `cutout_changed`: panels read the current cutout again."""
        self.cutout_changed.emit()

    def announce_models(self) -> None:
        """Emit `models_changed`: panels read the list of models again."""
        self.models_changed.emit()

    def use_card_threshold(self) -> None:
        """Go back to the threshold that the chosen model's card proposes."""
        self.thresholds.choose(self.thresholds.model_id(self.model_name), None)
        self.threshold_changed.emit(self.threshold)
        self.refresh()

    def least(self, model_id: str) -> float:
        """Return the score from which a model's proposals are shown.

        For a model that is not on this machine it is that of the chosen one.
        """
        chosen = self.thresholds.of(self.thresholds.model_id(self.model_name))
        return self.thresholds.of(model_id, chosen)

    def is_weak(self, box: Box) -> bool:
        """Return whether a box has a score below the threshold of its model."""
        model = box.model or self.scoring_model
        return box.score is not None and box.score < self.least(model)

    @property
    def boxes(self) -> list[Box]:
        """The shown boxes: decided ones, and proposals unscored or from the threshold.

        On a held-out cutout that is to be marked first, only decided ones; once it is
        marked, all boxes to decide on, `anonymous`.
        """
        return self._boxes

    @property
    def below_threshold(self) -> int:
        """Number of hidden boxes on the current cutout."""
        if self.review is None or self.cutout is None:
            return 0
        return len(self.review.boxes(self.cutout.id)) - len(self._boxes)

    @property
    def anonymous(self) -> bool:
        """Whether boxes are shown in random order and without their models."""
        return self.cutout is not None and self.cutout.blind and not self.cutout.done

    def keeps_back(self, cutout_id: int) -> bool:
        """Return whether a cutout's proposals are hidden until it is marked."""
        review = self.review
        can = self.blind_test and review is not None and not review.read_only
        return can and self.opened.is_hidden(cutout_id)

    @property
    def undecided(self) -> list[Box]:
        """The shown boxes without a decision."""
        return [b for b in self._boxes if b.status is Status.PROPOSAL]

    def box(self, box_id: int | None) -> Box | None:
        """Return a shown box."""
        return next((b for b in self._boxes if b.id == box_id), None)

    def _load_boxes(self) -> None:
        self._boxes, self.hidden = [], False
        if self.review is not None and self.cutout is not None:
            here = self.cutout.id
            self.hidden = self.keeps_back(here)
            if self.anonymous:
                self._boxes = self.review.anonymous(here)
            elif self.hidden:
                self._boxes = [b for b in self.review.boxes(here) if b.decided]
            else:
                self._boxes = [
                    b
                    for b in self.review.boxes(here)
                    if b.decided or b.opinions or not self.is_weak(b)
                ]
        if self.box(self.current) is None:
            self.current = None

    def refresh(self, *, start: bool = False) -> None:
        """Read the boxes again and show them.

        Parameters
        ----------
        start : bool
            Make the first undecided box the current one, if none is.
        """
        self._due = False
        if self.review is None or not self.canvas.is_built:
            return
        self._load_boxes()
        if start and self.current is None and self.undecided:
            self.current = self.undecided[0].id
        self.canvas.show_boxes(self._boxes, self.current)
        box = self.box(self.current)
        if start and box is not None and self.canvas.camera.close_up:
            self.canvas.camera.bring_into_view(box)
        self.boxes_changed.emit()
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

    @contextmanager
    def deferred_refresh(self) -> Iterator[None]:
        """Draw nothing during decisions; the caller refreshes afterwards."""
        self._deferred += 1
        try:
            yield
        finally:
            self._deferred -= 1

    def read_neighbours(self) -> None:
        """Read and render the next and the previous cutout in the background."""
        if self.review is None or self.queue is None or self.cutout is None:
            return
        for step in (+1, -1):
            neighbour = self.queue.neighbour(self.cutout.id, step)
            if neighbour is not None:
                self.pictures.read_ahead(self.review.cutout(neighbour).source)

    def toggle_boxes(self) -> None:
        """Hide or show the boxes."""
        if self.canvas.is_built:
            self.canvas.visible = not self.canvas.visible
            self.boxes_changed.emit()

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
        self.canvas.show_boxes(self._boxes, self.current)
        if box is not None:
            self.canvas.camera.bring_into_view(box)
        self.current_changed.emit(self.current)

    def show_changes(self, cutout_id: int) -> None:
        """Show the state of a changed cutout, if it is the current one."""
        if self.review is None or self.cutout is None or cutout_id != self.cutout.id:
            return
        before = self.cutout
        self.cutout = self.review.cutout(cutout_id)
        if not self._deferred and not self._due:
            self.refresh()
        if self.cutout != before:
            self.cutout_changed.emit()
