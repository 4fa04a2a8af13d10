"""The one place that knows review, viewer and tasks.

A widget asks (`controller.accept()`), the controller asks the review, the review's
event comes back and refreshes canvas and widgets. Errors become messages here.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from clump_detector.core.errors import ClumpError
from clump_detector.core.sources import search
from clump_detector.galaxies.sidecar import rows_without_cutout
from clump_detector.images.overrides import NO_CHOICE, Choice
from napari_clumps.review import Proposal, QueuePlan, Review
from napari_clumps.settings.paths import review_path_for
from napari_clumps.settings.settings import change_settings, load_settings
from napari_clumps.settings.shortcuts import BOOK

from .box_steps import CHANGES
from .decisions import Deciding
from .errors import shows_errors
from .write_retry import Waiting

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_clumps.jobs.detection import Detection
    from napari_clumps.jobs.download import Fetching
    from napari_clumps.jobs.exchange import Exchange
    from napari_clumps.jobs.training import Retraining

    from .gallery import Wall
    from .preferences import Preferences
    from .reviewers import Team

_controllers: WeakKeyDictionary[Any, Controller] = WeakKeyDictionary()


def controller_of(viewer: Any) -> Controller:
    """Return the one controller of a viewer."""
    viewer = getattr(viewer, "__wrapped__", viewer)  # widgets get napari's proxy
    if viewer not in _controllers:
        _controllers[viewer] = Controller(viewer)
    return _controllers[viewer]


def detect_clumps(viewer: Viewer) -> None:
    """Open the widget "Detect clumps" and start: the entry of the Layers menu."""
    viewer.window.add_plugin_dock_widget("napari-clumps", "Detect clumps", tabify=True)
    controller_of(viewer).detection.start()


class Controller(Deciding):
    """A review in a viewer, with all that is done in its window and behind it."""

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer)
        self._keyboard: Any = None
        self._waiting: Waiting | None = None
        self.preferences: Preferences | None = None
        self.take_settings()
        with suppress(ClumpError):  # keys of another version that do not fit
            BOOK.choose(load_settings().keys)

    def take_settings(self) -> None:
        """Do as the saved settings say from now on."""
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
        """Save settings, and do as they say from now on."""
        change_settings(**settings)
        self.take_settings()
        if self.preferences is not None:
            self.preferences.show()

    # -- background work ----------------------------------------------------

    @functools.cached_property
    def detection(self) -> Detection:
        """Proposals from a model, in the background."""
        from napari_clumps.jobs.detection import Detection

        return Detection(self)

    @functools.cached_property
    def team(self) -> Team:
        """What is done with the files of other reviewers."""
        from .reviewers import Team

        return Team(self)

    @functools.cached_property
    def retraining(self) -> Retraining:
        """A new model from the corrections, in the background."""
        from napari_clumps.jobs.training import Retraining

        return Retraining(self)

    @functools.cached_property
    def fetching(self) -> Fetching:
        """Cutouts for a list of galaxies, in the background."""
        from napari_clumps.jobs.download import Fetching

        return Fetching(self)

    @functools.cached_property
    def exchange(self) -> Exchange:
        """Labels in from other programs, and out to them, in the background."""
        from napari_clumps.jobs.exchange import Exchange

        return Exchange(self)

    @property
    def proposals_coming(self) -> bool:
        """Whether a model is at work that has not come to every cutout yet."""
        return self.detection.running

    def awaits_proposals(self, cutout_id: int) -> bool:
        """Tell whether a model is at work that has not come to a cutout yet."""
        return self.detection.awaits(cutout_id)

    # -- many boxes at once -------------------------------------------------

    @functools.cached_property
    def wall(self) -> Wall:
        """The crops of all boxes of the review, and decisions on many."""
        from .gallery import Wall

        return Wall(self)

    @shows_errors
    def visit(self, cutout_id: int) -> None:
        """Show a cutout that a person pointed at."""
        self.go_to(cutout_id)

    # -- opening ------------------------------------------------------------

    @shows_errors
    def open_paths(
        self,
        paths: Sequence[str | Path],
        review: Path | None = None,
        choice: Choice = NO_CHOICE,
    ) -> bool:
        """Open a review file, or a review of images and folders.

        Parameters
        ----------
        paths : sequence of paths
            One ``*.clumps`` file, or images and folders.
        review : path, optional
            The review file to make or go on with; by default it stands beside the
            images.
        choice : Choice
            What the user says of images that do not say it themselves.

        Returns
        -------
        bool
            Whether a review is open now.
        """
        given = [Path(path) for path in paths]
        if len(given) == 1 and given[0].suffix == ".clumps":
            self.open_review(given[0])
            self._say_unit(choice)
            return True
        found = search(given)
        sources = choice.for_sources(found.sources)
        words = [found.said, *rows_without_cutout(sources)]
        path = review or review_path_for(given)
        if path.exists():
            self.open_review(path)
            self._say_unit(choice)
            added = self.opened.add_cutouts(sources)
            if added:
                self.make_queue()
                words.insert(0, f"{added} new cutouts were added to {path.name}.")
                self.review_changed.emit()
        else:
            made = Review.create(path, sources, annotator=load_settings().name())
            made.unit = choice.unit
            self._show_review(made)
        if any(words):
            self.say(" ".join(filter(None, words)))
        return True

    def _say_unit(self, choice: Choice) -> None:
        if choice.unit:
            self.opened.unit = choice.unit

    @shows_errors
    def say_unit(self, words: str) -> bool:
        """Say the unit of fluxes whose files name none, once for this review.

        Parameters
        ----------
        words : str
            See `clump_detector.fluxes.units.chosen_unit`.
        """
        self.opened.unit = words
        if self.cutout is not None:
            self._on_review_changed(self.cutout.id)
        return True

    def open_review(self, path: Path) -> None:
        """Open a review file.

        Raises
        ------
        ReviewError
            If it is no review; the one that was open stays open.
        """
        if self.review is not None and self.review.path.resolve() == path.resolve():
            return
        opened = Review.open(path)
        if not opened.read_only:
            opened.annotator = load_settings().name()
        self._show_review(opened)

    def _show_review(self, review: Review) -> None:
        self.close_review()
        self.review = review
        self.canvas.build()
        self._take_window()
        review.changed.connect(self._on_review_changed)
        self._waiting = Waiting(self, review)
        self.make_queue()
        if not self.queue:  # what was gone through last is all settled by now
            self.make_queue(QueuePlan(review.queue_plan.order))
        self.review_changed.emit()
        self.go_to(self._first_shown())
        self.canvas.activate()
        self.detection.warm_up()
        if review.read_only:
            self.warn(
                review.read_only_reason or "This review is open for reading only."
            )

    def _take_window(self) -> None:
        """Listen to keys in the whole window, and to its Preferences, from now on."""
        window = getattr(self.viewer, "window", None)
        if self._keyboard is None and window is not None:
            from napari_clumps.widgets.base.keyboard import Keyboard

            from .preferences import Preferences

            self._keyboard = Keyboard(window._qt_window, self)
            with suppress(KeyError):  # napari does not know a plugin not installed
                self.preferences = Preferences(self)

    def close_review(self, *, for_good: bool = False) -> None:
        """Close the review; every decision is on disk already.

        Parameters
        ----------
        for_good : bool
            The window closes, too, or has closed: nothing is drawn any more.
        """
        if self.review is None:
            return
        self.detection.cancel()
        if "exchange" in self.__dict__:
            self.exchange.close()
        if self.cutout is not None:
            with suppress(ClumpError):  # a full disk is no reason to stay
                self.review.place = self.cutout.id
        if self._waiting is not None:
            self._waiting.end()
        self.review.changed.disconnect(self._on_review_changed)
        self.review.close()
        self.review = self.cutout = self.picture = self.current = self.queue = None
        self._boxes = []
        self.pictures.forget()
        if self.canvas.is_built and not for_good:
            self.canvas.show_boxes([], None)
        self.review_changed.emit()

    def close(self) -> None:
        """End all that runs behind the window."""
        for name in ("detection", "retraining", "fetching"):
            if name in self.__dict__:
                getattr(self, name).close()
        self.looking.close()
        self.close_review(for_good=True)
        if self._keyboard is not None:
            self._keyboard.let_go()
        if self.preferences is not None:
            self.preferences.let_go()
            self.preferences = None
        self.pictures.close()

    # -- the keys -----------------------------------------------------------

    def press(self, action: str) -> None:
        """Do what a key does, by the name of its action in `keys`."""
        if action in CHANGES:
            self.nudge(action)
            return
        owner = self if hasattr(self, action) else self.looking
        getattr(owner, action)()

    def show_keys(self) -> None:
        """Show the sheet with all keys."""
        from napari_clumps.widgets.base.shortcut_sheet import show_key_sheet

        show_key_sheet(self.viewer.window._qt_window)

    def take_proposals(
        self,
        cutout_id: int,
        proposals: Sequence[Proposal],
        model: str,
        size: tuple[int, int],
    ) -> None:
        """Hand a model's proposals to the review, and start on them if they are shown.

        Raises
        ------
        ReviewError
            If the review cannot take them.
        """
        self._refresh_pending = True  # the canvas is drawn once, at the end
        try:
            self.opened.propose(
                cutout_id, proposals, model, size=size, beside=self.blind_test
            )
        finally:
            self._refresh_pending = False
        if self.cutout is not None and cutout_id == self.cutout.id:
            # In a turn of its own: commit and drawing together would be felt.
            self._refresh_later(start=True)

    def toggle_boxes(self) -> None:
        """Hide or show the boxes."""
        if self.canvas.is_built:
            self.canvas.visible = not self.canvas.visible
            self.boxes_changed.emit()

    # -- files --------------------------------------------------------------

    @shows_errors
    def export(self, path: Path, *, png: bool = False) -> bool:
        """Write the label set of the review."""
        from napari_clumps.io.formats import export_labels

        done = export_labels(self.opened, path, png=png)
        self.say(done)
        return True

    @shows_errors
    def relocate(self, folder: Path) -> None:
        """Look for moved images below a folder."""
        found = self.opened.relocate(folder)
        self.pictures.forget()
        if self.cutout is not None:
            self.go_to(self.cutout.id)
        self.say(f"{found} image{'s' * (found != 1)} found below {folder}.")
