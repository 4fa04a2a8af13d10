"""The one place that knows review, viewer and tasks.

A widget asks (`controller.accept()`), the controller asks the review, the review's
event comes back and refreshes canvas and widgets. Errors become messages here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from clump_detector.errors import ClumpError
from clump_detector.sources import find_sources

from .places import review_path_for
from .review import Box, Proposal, QueuePlan, Review, Status
from .settings import change_settings, load_settings
from .showing import Showing

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from .detection import Detection
    from .retraining import Retraining
    from .wall import Wall

_controllers: WeakKeyDictionary[Any, Controller] = WeakKeyDictionary()

Method = TypeVar("Method", bound=Callable[..., Any])


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


def shows_errors(method: Method) -> Method:
    """Turn an error of the engine or the review into a message for the person."""

    @functools.wraps(method)
    def guarded(self: Controller, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except ClumpError as error:
            self.warn(error.message)
            return None

    return guarded  # type: ignore[return-value]


class Controller(Showing):
    """A review in a viewer: what each key, button and hand on the canvas does."""

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer)
        settings = load_settings()
        self.device = settings.device
        self.done_with_space = settings.done_with_space
        self.canvas.drawn.connect(self._on_drawn)
        self.canvas.edited.connect(self._on_edited)
        self.canvas.removed.connect(self._on_removed)
        self.canvas.selected.connect(self._on_selected)
        self.canvas.refused.connect(self._on_refused)

    # -- background work ----------------------------------------------------

    @functools.cached_property
    def detection(self) -> Detection:
        """Proposals from a model, in the background."""
        from .detection import Detection

        return Detection(self)

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
        self.canvas.build(self._action)
        review.changed.connect(self._on_review_changed)
        self.make_queue()
        self.review_changed.emit()
        self.go_to(self._first_shown())
        self.canvas.activate()
        self.detection.warm_up()
        if review.read_only:
            self.warn(
                review.read_only_reason or "This review is open for reading only."
            )

    def _first_shown(self) -> int:
        """Return the cutout where the person left, or the first that is not done."""
        review, queue = self.opened, self.queue
        assert queue is not None
        place = review.place
        if place is not None and not review.cutout(place).done:
            return place
        return queue.next_undone(place) or place or next(iter(queue.ids), 1)

    @shows_errors
    def make_queue(self, plan: QueuePlan | None = None) -> None:
        """Make the queue anew, as it was chosen last or to another plan."""
        review = self.opened
        if plan is not None:
            review.queue_plan = plan
        self.queue = review.queue(plan, least=self.threshold)
        self.queue_changed.emit()

    def close_review(self) -> None:
        """Close the review; every decision is on disk already."""
        if self.review is None:
            return
        self.detection.cancel()
        if self.cutout is not None:
            with suppress(ClumpError):  # a full disk is no reason to stay
                self.review.place = self.cutout.id
        self.review.changed.disconnect(self._on_review_changed)
        self.review.close()
        self.review = self.cutout = self.picture = self.current = self.queue = None
        self._boxes = []
        self.pictures.forget()
        if self.canvas.is_built:
            self.canvas.show_boxes([], None)
        self.review_changed.emit()

    def close(self) -> None:
        """End all that runs behind the window."""
        for name in ("detection", "retraining"):
            if name in self.__dict__:
                getattr(self, name).close()
        self.looking.close()
        self.close_review()
        self.pictures.close()

    # -- the keys -----------------------------------------------------------

    def _action(self, name: str) -> Callable[[], None]:
        """Return what a key does, by the name of its action."""
        owner = self if hasattr(self, name) else self.looking
        action: Callable[[], None] = getattr(owner, name)
        return action

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
    def draw(self) -> None:
        """Let the next drag draw a box, or leave drawing."""
        if len(self.opened) == 0 or self.cutout is None:
            return
        self.canvas.visible = True
        self.canvas.drawing = not self.canvas.drawing
        if self.canvas.drawing:
            self.say("Drag from corner to corner of the clump; D again to leave.")

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
            self.say(
                f"{n} proposal{'s' * (n > 1)} still undecided: A accepts, R rejects, "
                "Space accepts all that is left."
            )
        else:
            review.set_done(self.cutout.id, True)
            self._go_on()

    def _go_on(self) -> None:
        """Go to the next cutout that is not done, or say that all are."""
        review, queue = self.opened, self.queue
        if queue is None or self.cutout is None:
            return
        following = queue.next_undone(self.cutout.id)
        if following is not None and following != self.cutout.id:
            self.go_to(following)
        elif review.counts().done == len(review):
            self.say("Every cutout is done. Export the labels, or retrain from them.")
        elif following is None:
            self.say("Every cutout of this queue is done. Choose another one.")

    @shows_errors
    def next_cutout(self) -> None:
        """Go to the next cutout of the queue."""
        self._step(+1)

    @shows_errors
    def previous_cutout(self) -> None:
        """Go to the previous cutout of the queue."""
        self._step(-1)

    def _step(self, step: int) -> None:
        if self.queue is None or self.cutout is None:
            return
        following = self.queue.beside(self.cutout.id, step)
        if following is not None:
            self.go_to(following)
        else:
            self.say(f"This is the {'last' if step > 0 else 'first'} cutout.")

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

    def set_done_with_space(self, wanted: bool) -> None:
        """Choose whether Space also sets the cutout done."""
        self.done_with_space = wanted
        change_settings(done_with_space=wanted)

    def _current_box(self) -> Box | None:
        box = self.box(self.current)
        if box is None:
            self.say("No box is selected: click one, or Tab to the next.")
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
