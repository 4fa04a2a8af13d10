"""Going through a review: its queue, the next cutout, and what is said of a cutout."""

from __future__ import annotations

from collections.abc import Iterable

from psygnal import Signal

from napari_clumps.review import QueuePlan

from .errors import shows_errors
from .session import Showing


class Going(Showing):
    """Goes from cutout to cutout in the order of the queue.

    Signals
    -------
    flags_asked(): a person wants to flag the cutout.
    """

    flags_asked = Signal()

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
        self.queue = review.queue(plan, least=self.least)
        self.queue_changed.emit()

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

    @shows_errors
    def choose_queue(self, plan: QueuePlan) -> None:
        """Go through other cutouts, or in another order, from the next undone one."""
        self.make_queue(plan)
        queue, cutout = self.queue, self.cutout
        if queue is None or cutout is None:
            return
        if queue.place(cutout.id) is None or plan.order != "catalogue":
            first = queue.next_undone() or next(iter(queue.ids), None)
            if first is not None and first != cutout.id:
                self.go_to(first)
            else:
                self.refresh(start=True)
        n = len(queue)
        self.say(f"{n} cutout{'s' * (n != 1)} in this queue.")

    @shows_errors
    def next_held_out(self) -> None:
        """Go to the next held-out cutout that is not done, in a queue of their own."""
        review = self.opened
        counts = review.counts()
        if counts.held_out_done == counts.held_out:
            self.say("Every held-out cutout is done.")
            return
        plan = review.queue_plan
        if plan.shown != "held out":
            self.make_queue(QueuePlan(plan.order, "held out"))
        here = None if self.cutout is None else self.cutout.id
        following = self.queue.next_undone(here) if self.queue is not None else None
        if following is not None:
            self.go_to(following)
            self.say("The queue has the held-out cutouts now. Choose “all” to go back.")

    @shows_errors
    def search(self, text: str) -> None:
        """Go to the next cutout whose name has a text in it."""
        after = self.cutout.id if self.cutout else 0
        found = self.opened.search(text.strip(), after) if text.strip() else None
        if found is not None:
            self.go_to(found)
        elif text.strip():
            self.say(f"No cutout has '{text.strip()}' in its name.")

    @shows_errors
    def order_by_hand(self, names: Iterable[str]) -> None:
        """Put the cutouts of these names first in the queue, in this order."""
        review = self.opened
        wanted = [name.strip() for name in names if name.strip()]
        found = {name: review.find(name) for name in wanted}
        review.by_hand = tuple(c.id for c in found.values() if c is not None)
        self.make_queue(QueuePlan("by hand", review.queue_plan.shown))
        missing = [name for name, cutout in found.items() if cutout is None]
        if missing:
            self.warn(
                f"{len(missing)} of {len(found)} names are no cutout of this review, "
                f"such as '{missing[0]}'."
            )

    # -- what is said of a cutout ---------------------------------------------

    def flag(self) -> None:
        """Ask the person how to flag the cutout."""
        if self.cutout is not None:
            self.flags_asked.emit()

    @shows_errors
    def set_flags(self, flags: Iterable[str]) -> None:
        """Flag the cutout; its remark stays."""
        if self.cutout is not None:
            self.opened.flag(self.cutout.id, flags, self.cutout.remark)

    @shows_errors
    def set_remark(self, remark: str) -> None:
        """Say something about the cutout; its flags stay."""
        if self.cutout is not None:
            self.opened.flag(self.cutout.id, self.cutout.flags, remark)
