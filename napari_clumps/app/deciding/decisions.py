"""Decisions on the boxes of the current cutout, by keys and with the mouse."""

from __future__ import annotations

from collections.abc import Callable

from clump_detector.core.text import plural
from napari_clumps.app.errors import shows_errors
from napari_clumps.app.navigation import Navigator
from napari_clumps.app.session import Session
from napari_clumps.review import Box, Status
from napari_clumps.settings.shortcuts import BOOK

from .box_steps import moved_box, usual_side
from .canvas_changes import CanvasChanges
from .held_out import PENDING, HeldOutSteps, ProposalSource


class Decisions:
    """Decides on the current box, or on all remaining ones, and continues.

    Parameters
    ----------
    session : Session
    navigator : Navigator
        Goes to the next cutout.
    proposals : ProposalSource

    Attributes
    ----------
    confirm : callable
        Confirms labels that are looked at again; false where there are none.
    """

    def __init__(
        self, session: Session, navigator: Navigator, proposals: ProposalSource
    ) -> None:
        self.session, self._navigator = session, navigator
        self._proposals = proposals
        self.confirm: Callable[[], bool] = lambda: False
        self._held_out = HeldOutSteps(session, proposals)
        self._canvas_changes = CanvasChanges(session)

    # -- the keys -----------------------------------------------------------

    @shows_errors
    def accept(self) -> None:
        """Accept the current box and go to the next undecided one."""
        box = self._current_box()
        if box is not None:
            self._decide(self.session.opened.accept, box)

    @shows_errors
    def reject(self) -> None:
        """Reject the current box and go to the next undecided one."""
        box = self._current_box()
        if box is not None:
            self._decide(self.session.opened.reject, box)
            if box.status is Status.DRAWN:
                back = BOOK.key("undo")
                self.session.say(
                    f"The box that you had drawn is deleted; {back} brings it back."
                )

    def _decide(self, decide: Callable[[int], None], box: Box) -> None:
        """Decide on a box and go to the next undecided one, drawing only once."""
        following = self._next_undecided(box)
        with self.session.shown.deferred():
            decide(box.id)
        shown = self.session.shown
        shown.current = following
        shown.refresh()
        continues = self.session.settings.go_on_after_last and not shown.hidden
        if following is None and continues and not self.session.opened.read_only:
            self.accept_rest()
            return
        after = shown.box(following)
        if after is not None:
            self.session.canvas.camera.bring_into_view(after)

    @shows_errors
    def reclassify(self) -> None:
        """Cycle the class of the current box."""
        box = self._current_box()
        if box is not None:
            classes = self.session.opened.classes
            index = classes.index(box.cls) if box.cls in classes else -1
            self.session.opened.reclassify(box.id, classes[(index + 1) % len(classes)])

    @shows_errors
    def nudge(self, action: str) -> None:
        """Move the current box by a pixel, or one of its sides; `CHANGES` has which."""
        box = self._current_box()
        if box is not None:
            corners = moved_box(
                box.corners, action, self.session.canvas.camera.orientation
            )
            self.session.opened.edit(box.id, corners)

    @shows_errors
    def add_here(self) -> None:
        """Add a box at the cursor, of the size given by the PSF or the other boxes."""
        position = self.session.canvas.camera.mouse()
        if position is None:
            self.session.say("Move the cursor over the clump first.")
            return
        half = usual_side(self.session.picture, self.session.shown.boxes) / 2
        x, y = position
        self._canvas_changes.add([(x - half, y - half, x + half, y + half)])

    @shows_errors
    def draw(self) -> None:
        """Start drawing with the next drag, or stop drawing."""
        if len(self.session.opened) == 0 or self.session.cutout is None:
            return
        self.session.canvas.visible = True
        self.session.canvas.drawing = not self.session.canvas.drawing
        if self.session.canvas.drawing:
            key = BOOK.key("draw")
            self.session.say(
                f"Drag from corner to corner of the clump; {key} again to leave."
            )

    @shows_errors
    def accept_rest(self) -> None:
        """Accept the remaining shown proposals, and continue.

        The cutout is then marked as done if the user has chosen that in the panel. On a
        held-out one that is marked blindly, boxes to decide on are shown instead. Where
        labels are looked at again, it says that they are right.
        """
        if not self.confirm():
            self._decide_rest(accept=True)

    @shows_errors
    def reject_rest(self) -> None:
        """Reject the remaining shown proposals, and continue."""
        self._decide_rest(accept=False)

    def _decide_rest(self, *, accept: bool) -> None:
        review = self.session.opened
        if self.session.cutout is None:
            return
        if self.session.cutout.model is None and self._proposals.running:
            # Marking as done before the detection is seldom intended.
            self.session.say(PENDING)
            return
        if self._held_out.lack_something():
            return
        left = [b.id for b in self.session.shown.undecided]
        yes, no = (left, []) if accept else ([], left)
        if self.session.settings.done_with_space:
            review.finish(self.session.cutout.id, yes, no)
        else:
            review.accept_all(yes)
            review.reject_all(no)
        self._navigator.go_on()

    @shows_errors
    def toggle_done(self) -> None:
        """Mark the cutout as done and continue, or as not done."""
        review = self.session.opened
        if self.session.cutout is None:
            return
        if self.session.cutout.done:
            review.set_done(self.session.cutout.id, False)
        elif self._held_out.lack_something():
            return
        elif self.session.shown.undecided:
            n = len(self.session.shown.undecided)
            accept, reject = BOOK.key("accept"), BOOK.key("reject")
            rest, none = BOOK.key("accept_rest"), BOOK.key("reject_rest")
            self.session.say(
                f"{plural(n, 'proposal')} still undecided: {accept} accepts, "
                f"{reject} rejects, {rest} accepts all of them, {none} rejects them."
            )
        else:
            review.set_done(self.session.cutout.id, True)
            self._navigator.go_on()

    def next_box(self) -> None:
        """Make the next box the current one, whatever its status."""
        if self.session.shown.boxes:
            ids = [b.id for b in self.session.shown.boxes]
            here = self.session.shown.current
            index = ids.index(here) if here in ids else -1
            self.session.shown.select(ids[(index + 1) % len(ids)])

    @shows_errors
    def undo(self) -> None:
        """Undo the last step, also one of an earlier session."""
        self._travel(self.session.opened.undo(), "Nothing to undo.")

    @shows_errors
    def redo(self) -> None:
        """Redo the step that was undone last."""
        self._travel(self.session.opened.redo(), "Nothing to redo.")

    def _travel(self, cutout_id: int | None, nothing: str) -> None:
        if cutout_id is None:
            self.session.say(nothing)
        elif self.session.cutout is None or cutout_id != self.session.cutout.id:
            self._navigator.go_to(cutout_id)

    def _current_box(self) -> Box | None:
        box = self.session.shown.box(self.session.shown.current)
        if box is None:
            key = BOOK.key("next_box")
            self.session.say(f"No box is selected: click one, or {key} to the next.")
        return box

    def _next_undecided(self, box: Box) -> int | None:
        """Return the next undecided box after this one, going round."""
        boxes = self.session.shown.boxes
        index = [b.id for b in boxes].index(box.id)
        order = [*boxes[index + 1 :], *boxes[:index]]
        waiting = [b.id for b in order if b.status is Status.PROPOSAL]
        return waiting[0] if waiting else None
