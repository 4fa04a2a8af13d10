"""The one place that knows review, viewer and tasks.

A widget asks (`controller.accept()`), the controller asks the review, the review's
event comes back and refreshes canvas and widgets. Errors become messages here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from clump_detector.errors import ClumpError
from clump_detector.sources import find_sources

from .going import Going, shows_errors
from .keys import BOOK
from .nudging import CHANGES, changed, usual_side
from .places import review_path_for
from .review import Box, Proposal, QueuePlan, Review, Status
from .settings import change_settings, load_settings
from .waiting import Waiting

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from .detection import Detection
    from .preferences import Preferences
    from .retraining import Retraining
    from .team import Team
    from .wall import Wall

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


class Controller(Going):
    """A review in a viewer: what each key, button and hand on the canvas does."""

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer)
        self._keyboard: Any = None
        self._waiting: Waiting | None = None
        self.preferences: Preferences | None = None
        self.take_settings()
        with suppress(ClumpError):  # keys of another version that do not fit
            BOOK.choose(load_settings().keys)
        self.canvas.drawn.connect(self._on_drawn)
        self.canvas.edited.connect(self._on_edited)
        self.canvas.removed.connect(self._on_removed)
        self.canvas.selected.connect(self._on_selected)
        self.canvas.refused.connect(self._on_refused)

    def take_settings(self) -> None:
        """Do as the saved settings say from now on."""
        settings = load_settings()
        self.device = settings.device
        self.done_with_space = settings.done_with_space
        self.go_on_after_last = settings.go_on_after_last
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
        from .detection import Detection

        return Detection(self)

    @functools.cached_property
    def team(self) -> Team:
        """What is done with the files of other reviewers."""
        from .team import Team

        return Team(self)

    @functools.cached_property
    def retraining(self) -> Retraining:
        """A new model from the corrections, in the background."""
        from .retraining import Retraining

        return Retraining(self)

    # -- many boxes at once -------------------------------------------------

    @functools.cached_property
    def wall(self) -> Wall:
        """The crops of all boxes of the review, and decisions on many."""
        from .wall import Wall

        return Wall(self)

    @shows_errors
    def visit(self, cutout_id: int) -> None:
        """Show a cutout that a person pointed at."""
        self.go_to(cutout_id)

    # -- opening ------------------------------------------------------------

    @shows_errors
    def open_paths(
        self, paths: Sequence[str | Path], review: Path | None = None
    ) -> bool:
        """Open a review file, or a review of images and folders.

        Parameters
        ----------
        paths : sequence of paths
            One ``*.clumps`` file, or images and folders.
        review : path, optional
            The review file to make or go on with; by default it stands beside the
            images.

        Returns
        -------
        bool
            Whether a review is open now.
        """
        given = [Path(path) for path in paths]
        if len(given) == 1 and given[0].suffix == ".clumps":
            self.open_review(given[0])
            return True
        sources = find_sources(given)
        path = review or review_path_for(given)
        if path.exists():
            self.open_review(path)
            added = self.opened.add_cutouts(sources)
            if added:
                self.make_queue()
                self.say(f"{added} new cutouts were added to {path.name}.")
                self.review_changed.emit()
            return True
        made = Review.create(path, sources, annotator=load_settings().name())
        self._show_review(made)
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
            from .preferences import Preferences
            from .widgets.keyboard import Keyboard

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
        for name in ("detection", "retraining"):
            if name in self.__dict__:
                getattr(self, name).close()
        self.looking.close()
        self.close_review(for_good=True)
        if self._keyboard is not None:
            self._keyboard.let_go()
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
        from .widgets.key_sheet import show_key_sheet

        show_key_sheet(self.viewer.window._qt_window)

    @shows_errors
    def accept(self) -> None:
        """Accept the current box and go to the next undecided one."""
        box = self._current_box()
        if box is not None:
            self._decide(self.opened.accept, box)

    @shows_errors
    def reject(self) -> None:
        """Reject the current box and go to the next undecided one."""
        box = self._current_box()
        if box is not None:
            self._decide(self.opened.reject, box)

    def _decide(self, decide: Callable[[int], None], box: Box) -> None:
        """Decide on a box and go to the next undecided one, drawing only once."""
        following = self._next_undecided(box)
        self._refresh_pending = True
        try:
            decide(box.id)
        finally:
            self._refresh_pending = False
        self.current = following
        self.refresh()
        if following is None and self.go_on_after_last and not self.opened.read_only:
            self.accept_rest()
            return
        after = self.box(following)
        if after is not None:
            self.canvas.bring_into_view(after)

    @shows_errors
    def reclassify(self) -> None:
        """Give the current box the next class."""
        box = self._current_box()
        if box is not None:
            classes = self.opened.classes
            place = classes.index(box.cls) if box.cls in classes else -1
            self.opened.reclassify(box.id, classes[(place + 1) % len(classes)])

    @shows_errors
    def nudge(self, action: str) -> None:
        """Move the current box by a pixel, or one of its sides; `CHANGES` has which."""
        box = self._current_box()
        if box is not None:
            corners = changed(box.corners, action, self.canvas.orientation)
            self.opened.edit(box.id, corners)

    @shows_errors
    def add_here(self) -> None:
        """Put a box at the mouse, as large as the PSF says or the other boxes are."""
        place = self.canvas.mouse()
        if place is None:
            self.say("Put the mouse on the clump first.")
            return
        half = usual_side(self.picture, self._boxes) / 2
        x, y = place
        self._add((x - half, y - half, x + half, y + half))

    @shows_errors
    def draw(self) -> None:
        """Let the next drag draw a box, or leave drawing."""
        if len(self.opened) == 0 or self.cutout is None:
            return
        self.canvas.visible = True
        self.canvas.drawing = not self.canvas.drawing
        if self.canvas.drawing:
            key = BOOK.key("draw")
            self.say(f"Drag from corner to corner of the clump; {key} again to leave.")

    @shows_errors
    def accept_rest(self) -> None:
        """Accept the shown proposals that are left, and go on.

        The cutout is done then, if the person has chosen that in the panel.
        """
        review = self.opened
        if self.cutout is None:
            return
        if self.cutout.model is None and self.detection.running:
            # Done without a look at what the model sees is seldom what is meant.
            self.say("The proposals for this cutout are still on their way.")
            return
        left = [b.id for b in self.undecided]
        if self.done_with_space:
            review.finish(self.cutout.id, left)
        else:
            review.accept_all(left)
        self._go_on()

    @shows_errors
    def toggle_done(self) -> None:
        """Set the cutout done and go on, or take that back."""
        review = self.opened
        if self.cutout is None:
            return
        if self.cutout.done:
            review.set_done(self.cutout.id, False)
        elif self.undecided:
            n = len(self.undecided)
            accept, reject, rest = map(BOOK.key, ("accept", "reject", "accept_rest"))
            self.say(
                f"{n} proposal{'s' * (n > 1)} still undecided: {accept} accepts, "
                f"{reject} rejects, {rest} accepts all that is left."
            )
        else:
            review.set_done(self.cutout.id, True)
            self._go_on()

    def next_box(self) -> None:
        """Make the next box the current one, whatever its status."""
        if self._boxes:
            ids = [b.id for b in self._boxes]
            place = ids.index(self.current) if self.current in ids else -1
            self.select(ids[(place + 1) % len(ids)])

    @shows_errors
    def undo(self) -> None:
        """Undo the last step, also one of an earlier day."""
        self._travel(self.opened.undo(), "There is nothing to undo.")

    @shows_errors
    def redo(self) -> None:
        """Redo what was undone."""
        self._travel(self.opened.redo(), "There is nothing to redo.")

    def _travel(self, cutout_id: int | None, nothing: str) -> None:
        if cutout_id is None:
            self.say(nothing)
        elif self.cutout is None or cutout_id != self.cutout.id:
            self.go_to(cutout_id)

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
            self.opened.propose(cutout_id, proposals, model, size=size)
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

    def _current_box(self) -> Box | None:
        box = self.box(self.current)
        if box is None:
            key = BOOK.key("next_box")
            self.say(f"No box is selected: click one, or {key} to the next.")
        return box

    def _next_undecided(self, box: Box) -> int | None:
        """Return the next undecided box after this one, going round."""
        place = [b.id for b in self._boxes].index(box.id)
        order = [*self._boxes[place + 1 :], *self._boxes[:place]]
        waiting = [b.id for b in order if b.status is Status.PROPOSAL]
        return waiting[0] if waiting else None

    # -- what a hand did on the canvas --------------------------------------

    def _on_drawn(self, corners: tuple[float, float, float, float]) -> None:
        self._from_canvas(self._add, corners)
        self.canvas.drawing = False
        self.said.emit("")

    def _add(self, corners: tuple[float, float, float, float]) -> None:
        review = self.opened
        if self.cutout is not None:
            self.current = review.add(self.cutout.id, corners, review.classes[0]).id

    def _on_edited(self, box_id: int, corners: tuple[float, ...]) -> None:
        self.current = box_id
        self._from_canvas(lambda c: self.opened.edit(box_id, c), corners)

    def _on_removed(self, box_id: int) -> None:
        self._from_canvas(self.opened.reject, box_id)

    def _on_refused(self, message: str) -> None:
        self.say(message)
        self._refresh_later()

    def _from_canvas(self, change: Callable[[Any], Any], value: Any) -> None:
        """Decide at once, show it when napari has finished with the mouse event."""
        self._refresh_pending = True
        try:
            change(value)
        except ClumpError as error:
            self.warn(error.message)
        finally:
            self._refresh_pending = False
            self._refresh_later()

    def _on_selected(self, box_id: int | None) -> None:
        if box_id != self.current:
            self.current = box_id
            self.current_changed.emit(box_id)

    # -- files --------------------------------------------------------------

    @shows_errors
    def export(self, path: Path, *, png: bool = False) -> bool:
        """Write the label set of the review."""
        from .exporting import export_labels

        done = export_labels(self.opened, path, png=png)
        self.say(done)
        return True

    @shows_errors
    def relocate(self, folder: Path) -> None:
        """Look for moved images below a folder."""
        found = self.opened.relocate(folder)
        self.pictures.forget()
        self.say(f"{found} image{'s' * (found != 1)} found below {folder}.")
        if self.cutout is not None:
            self.go_to(self.cutout.id)
