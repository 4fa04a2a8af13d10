"""The session of a window: its review, the current cutout, and what is shown of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal

from clump_detector.core.errors import ClumpError
from napari_clumps.models.score_limits import ScoreLimits
from napari_clumps.render.image_cache import DisplayImage, ImageCache
from napari_clumps.review import CutoutRecord, Queue, Review
from napari_clumps.settings.settings import change_settings, load_settings
from napari_clumps.viewer.canvas import Canvas

from .shown_boxes import ShownBoxes

if TYPE_CHECKING:
    from napari.components import ViewerModel


class Session:
    """The open review and the current cutout. It emits what changes in them.

    Attributes
    ----------
    canvas : Canvas
    pictures : ImageCache
    shown : ShownBoxes
        The boxes that are shown of the cutout, and the current one.
    scores : ScoreLimits
        The chosen model, and from which score proposals are shown.
    settings : Settings
        What the user chose, here or in Preferences, as it was read last.
    review : Review or None
        The open one.
    cutout : CutoutRecord or None
    picture : DisplayImage or None
        Of the cutout, as it is displayed.
    source_problem : str or None
        Why its image cannot be used as it is.
    queue : Queue or None
        The cutouts in the order of the review.

    Signals
    -------
    review_opened(): another review, or none, is open.
    review_modified(): the open one has other cutouts, or many other boxes at once.
    queue_changed(): the queue is another one.
    cutout_changed(): another cutout is shown, or its state changed.
    said(message): a line for the user.
    models_changed(): the list of models changed, or another model is chosen.
    settings_changed(): the user chose something in the panels or in Preferences.
    """

    review_opened = Signal()
    review_modified = Signal()
    queue_changed = Signal()
    cutout_changed = Signal()
    said = Signal(str)
    models_changed = Signal()
    settings_changed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        self.viewer = viewer
        self.canvas = Canvas(viewer)
        self.pictures = ImageCache()
        self.review: Review | None = None
        self.queue: Queue | None = None
        self.cutout: CutoutRecord | None = None
        self.picture: DisplayImage | None = None
        self.source_problem: str | None = None
        self.settings = load_settings()
        self.scores = ScoreLimits(self.settings.model, self._shown_model)
        self.shown = ShownBoxes(self.canvas, self.scores, self.keeps_back)
        self.scores.changed.connect(self._on_scores)
        self.models_changed.connect(self.scores.thresholds.forget_cards)

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
        before, self.settings = self.settings, load_settings()
        if self.settings.blind_test is not before.blind_test:
            self.shown.refresh(start=True)
        if self.review is not None and not self.review.read_only:
            self.review.annotator = self.settings.name()
        self.settings_changed.emit()

    def choose(self, **settings: str | bool) -> None:
        """Save settings and apply them."""
        change_settings(**settings)
        self.take_settings()

    # -- the review -----------------------------------------------------------

    def take_review(self, review: Review | None) -> None:
        """Set the open review, or none; no cutout is current then."""
        self.review = review
        self.cutout = self.picture = self.queue = None
        self.shown.take_review(review)

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
        self.shown.take_cutout(cutout)
        self.shown.refresh(start=True)
        self.cutout_changed.emit()

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

    def keeps_back(self, cutout_id: int) -> bool:
        """Return whether a cutout's proposals are hidden until it is marked."""
        review = self.review
        can = self.settings.blind_test and review is not None and not review.read_only
        return can and self.opened.is_hidden(cutout_id)

    def show_changes(self, cutout_id: int) -> None:
        """Show the state of a changed cutout, if it is the current one."""
        if self.review is None or self.cutout is None or cutout_id != self.cutout.id:
            return
        before = self.cutout
        self.cutout = self.review.cutout(cutout_id)
        self.shown.take_cutout(self.cutout)
        self.shown.refresh_unless_due()
        if self.cutout != before:
            self.cutout_changed.emit()

    # -- scores -------------------------------------------------------------

    @property
    def threshold(self) -> float:
        """The score from which proposals of the shown model are shown."""
        return self.scores.threshold

    @threshold.setter
    def threshold(self, threshold: float) -> None:
        self.scores.show_from(threshold, self.scores.scoring_model)

    def _shown_model(self) -> str | None:
        return None if self.cutout is None else self.cutout.model

    def _on_scores(self, _score: float) -> None:
        self.shown.refresh()

    def choose_model(self, name: str) -> None:
        """Make a model the chosen one, here and in later sessions.

        Raises
        ------
        ModelError
            If there is none of this name.
        """
        self.scores.choose_model(name)
        self.models_changed.emit()
        self.scores.use_card_threshold()
