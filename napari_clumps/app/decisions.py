"""Deciding on the boxes of the cutout that is shown: what keys and hands do to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clump_detector.core.errors import ClumpError
from napari_clumps.review import Box, Corners, Status
from napari_clumps.settings.shortcuts import BOOK

from .box_steps import changed, usual_side
from .errors import shows_errors
from .navigation import Going

_ON_THEIR_WAY = "The proposals for this cutout are still on their way."


class Deciding(Going):
    """Decides on the current box, or on all that are left, and goes on.

    Attributes
    ----------
    done_with_space : bool
        Whether accepting what is left also sets the cutout done.
    go_on_after_last : bool
        Whether the last decision on a cutout does what accepting the rest does.
    """

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer)
        self.done_with_space = True
        self.go_on_after_last = False
        self._warned_of: tuple[str, int] | None = None
        self.canvas.drawn.connect(self._on_drawn)
        self.canvas.edited.connect(self._on_edited)
        self.canvas.removed.connect(self._on_removed)
        self.canvas.selected.connect(self._on_selected)
        self.canvas.refused.connect(self._on_refused)

    @property
    def proposals_coming(self) -> bool:
        """Whether a model is at work that has not come to every cutout yet."""
        return False

    def awaits_proposals(self, cutout_id: int) -> bool:
        """Tell whether a model is at work that has not come to a cutout yet."""
        return False

    # -- the keys -----------------------------------------------------------

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
            if box.status is Status.DRAWN:
                back = BOOK.key("undo")
                self.say(f"The box that you had drawn is gone; {back} brings it back.")

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
        goes_on = self.go_on_after_last and not self.hidden
        if following is None and goes_on and not self.opened.read_only:
            self.accept_rest()
            return
        after = self.box(following)
        if after is not None:
            self.canvas.camera.bring_into_view(after)

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
            corners = changed(box.corners, action, self.canvas.camera.orientation)
            self.opened.edit(box.id, corners)

    @shows_errors
    def add_here(self) -> None:
        """Put a box at the mouse, as large as the PSF says or the other boxes are."""
        place = self.canvas.camera.mouse()
        if place is None:
            self.say("Put the mouse on the clump first.")
            return
        half = usual_side(self.picture, self._boxes) / 2
        x, y = place
        self._from_canvas(self._add, [(x - half, y - half, x + half, y + half)])

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

        The cutout is done then, if the person has chosen that in the panel. On a
        held-out one that is marked first, boxes are shown instead, each to be decided.
        """
        self._decide_rest(accept=True)

    @shows_errors
    def reject_rest(self) -> None:
        """Reject the shown proposals that are left, and go on."""
        self._decide_rest(accept=False)

    def _decide_rest(self, *, accept: bool) -> None:
        review = self.opened
        if self.cutout is None:
            return
        if self.cutout.model is None and self.proposals_coming:
            # Done without a look at what the model sees is seldom what is meant.
            self.say(_ON_THEIR_WAY)
            return
        if self._test_goes_on():
            return
        left = [b.id for b in self.undecided]
        yes, no = (left, []) if accept else ([], left)
        if self.done_with_space:
            review.finish(self.cutout.id, yes, no)
        else:
            review.accept_all(yes)
            review.reject_all(no)
        self._go_on()

    @shows_errors
    def toggle_done(self) -> None:
        """Set the cutout done and go on, or take that back."""
        review = self.opened
        if self.cutout is None:
            return
        if self.cutout.done:
            review.set_done(self.cutout.id, False)
        elif self._test_goes_on():
            return
        elif self.undecided:
            n = len(self.undecided)
            accept, reject = BOOK.key("accept"), BOOK.key("reject")
            rest, none = BOOK.key("accept_rest"), BOOK.key("reject_rest")
            self.say(
                f"{n} proposal{'s' * (n > 1)} still undecided: {accept} accepts, "
                f"{reject} rejects, {rest} accepts all that is left, {none} rejects it."
            )
        else:
            review.set_done(self.cutout.id, True)
            self._go_on()

    # -- held-out cutouts -----------------------------------------------------

    def _test_goes_on(self) -> bool:
        """Show what was hidden; tell whether a held-out cutout needs more decisions."""
        assert self.cutout is not None
        if self.hidden:
            here = self.opened.id, self.cutout.id
            if self.awaits_proposals(self.cutout.id):
                self.say(_ON_THEIR_WAY)
                return True
            if not self._boxes and self._warned_of != here:
                self._warned_of = here  # a habit is no answer
                self.say("Nothing is marked: press again if you see no clump here.")
                return True
            self._reveal()
        n = len(self.undecided)
        if not self.unnamed or not n:
            return False
        accept, reject = BOOK.key("accept"), BOOK.key("reject")
        boxes = f"{n} box{'es' * (n != 1)} of the models"
        self.say(f"Decide on {boxes}: {accept} accepts, {reject} rejects.")
        return True

    def _reveal(self) -> None:
        """Show the models' boxes, each from its own threshold, once all is marked."""
        assert self.cutout is not None
        thresholds, fallback = self.thresholds, self.threshold
        self._refresh_pending = True  # the canvas is drawn once, at the end
        try:
            self.opened.reveal(
                self.cutout.id,
                lambda box: thresholds.of_card(box.model or "", fallback),
            )
        finally:
            self._refresh_pending = False
        self.current = None
        self.refresh(start=True)

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

    def _on_drawn(self, boxes: list[Corners]) -> None:
        self._from_canvas(self._add, boxes)
        self.canvas.drawing = False
        self.said.emit("")

    def _add(self, boxes: list[Corners]) -> None:
        review = self.opened
        if self.cutout is not None:
            made = review.add_all(self.cutout.id, boxes, review.classes[0])
            self.current = made[-1].id

    def _on_edited(self, moved: dict[int, Corners]) -> None:
        if self.current not in moved:
            self.current = next(reversed(moved))
        self._from_canvas(self.opened.edit_all, moved)

    def _on_removed(self, box_ids: list[int]) -> None:
        self._from_canvas(self.opened.reject_all, box_ids)

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
