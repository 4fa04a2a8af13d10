"""Navigation in a review: its queue, and the cutout to show next."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from clump_detector.core.errors import ClumpError
from clump_detector.core.text import plural
from napari_clumps.render.image_cache import DisplayImage
from napari_clumps.review import CutoutRecord, QueuePlan
from napari_clumps.review.queries.queue import Ranking

from .display import Display
from .errors import shows_errors
from .session import Session


class Navigator:
    """Goes from cutout to cutout in the order of the queue.

    Parameters
    ----------
    session : Session
    display : Display

    Attributes
    ----------
    ranking : callable or None
        Gives the cutouts that come first in orders that are a model's.
    describe_for : callable
        Has cutouts described that an order needs.
    """

    def __init__(self, session: Session, display: Display) -> None:
        self.session, self._display = session, display
        self.ranking: Ranking | None = None
        self.describe_for: Callable[[str], None] = lambda order: None

    # -- showing a cutout -----------------------------------------------------

    def go_to(self, cutout_id: int) -> None:
        """Show a cutout.

        Raises
        ------
        ClumpError
            If there is no such cutout, or no review is open.
        """
        session = self.session
        cutout = session.opened.cutout(cutout_id)
        picture = session.pictures.get(cutout.source)
        session.canvas.build()  # first: the user may have deleted layers
        problem = self._check_source(cutout, picture)
        session.shown.current = None
        self._display.draw(cutout, picture)
        # Only now: a drawn box belongs to the cutout whose image is on the screen.
        session.take_cutout(cutout, picture, problem)
        self._display.read_neighbours()

    def _check_source(self, cutout: CutoutRecord, picture: DisplayImage) -> str | None:
        """Return why the image of a cutout cannot be used as it is, or None."""
        review = self.session.opened
        problem = review.check_source(cutout.id) or picture.problem
        if picture.size and not problem and not review.read_only:
            try:
                review.note_seen(cutout.id, picture.size)
            except ClumpError as error:  # a full disk must not prevent the display
                return error.message
        return problem

    @shows_errors
    def visit(self, cutout_id: int) -> None:
        """Show a cutout that the user chose."""
        self.go_to(cutout_id)

    def go_to_first(self) -> None:
        """Show the last cutout, or the next one that is not done."""
        self.go_to(self._first_shown())

    # -- the queue ------------------------------------------------------------

    def _first_shown(self) -> int:
        """Return the last cutout, or the next one that is not done."""
        review, queue = self.session.opened, self.session.queue
        assert queue is not None
        last = review.position
        if last is not None and review.cutout(last).withdrawn:
            last = None
        if last is not None and not review.cutout(last).done:
            return last
        return queue.next_undone(last) or last or next(iter(queue.ids), 1)

    @shows_errors
    def make_queue(self, plan: QueuePlan | None = None) -> None:
        """Make the queue again, with the last plan or another one."""
        review = self.session.opened
        if plan is not None:
            review.queue_plan = plan
        queue = review.queue(
            plan, least=self.session.scores.least, ranking=self.ranking
        )
        self.session.take_queue(queue)

    def go_on(self) -> None:
        """Go to the next cutout that is not done, or report that all are done."""
        review, queue = self.session.opened, self.session.queue
        if queue is None or self.session.cutout is None:
            return
        following = queue.next_undone(self.session.cutout.id)
        if following is not None and following != self.session.cutout.id:
            self.go_to(following)
        elif review.counts().done == len(review):
            self.session.say(
                "Every cutout is done. Export the labels, or retrain from them."
            )
        elif following is None:
            self.session.say("Every cutout of this queue is done. Choose another one.")

    @shows_errors
    def next_cutout(self) -> None:
        """Go to the next cutout of the queue."""
        self._step(+1)

    @shows_errors
    def previous_cutout(self) -> None:
        """Go to the previous cutout of the queue."""
        self._step(-1)

    def _step(self, step: int) -> None:
        if self.session.queue is None or self.session.cutout is None:
            return
        following = self.session.queue.neighbour(self.session.cutout.id, step)
        if following is not None:
            self.go_to(following)
        else:
            self.session.say(f"This is the {'last' if step > 0 else 'first'} cutout.")

    @shows_errors
    def choose_queue(self, plan: QueuePlan) -> None:
        """Go through other cutouts, or in another order, from the next undone one."""
        self.make_queue(plan)
        self.describe_for(plan.order)
        queue, cutout = self.session.queue, self.session.cutout
        if queue is None or cutout is None:
            return
        if queue.position(cutout.id) is None or plan.order != "catalogue":
            first = queue.next_undone() or next(iter(queue.ids), None)
            if first is not None and first != cutout.id:
                self.go_to(first)
            else:
                self.session.shown.refresh(start=True)
        n = len(queue)
        self.session.say(f"{plural(n, 'cutout')} in this queue. {queue.note}".strip())

    @shows_errors
    def next_held_out(self) -> None:
        """Go to the next held-out cutout that is not done, in a queue of their own."""
        review = self.session.opened
        counts = review.counts()
        if counts.held_out_done == counts.held_out:
            self.session.say("Every held-out cutout is done.")
            return
        plan = review.queue_plan
        if plan.shown != "held out":
            self.make_queue(QueuePlan(plan.order, "held out"))
        here = None if self.session.cutout is None else self.session.cutout.id
        following = (
            self.session.queue.next_undone(here)
            if self.session.queue is not None
            else None
        )
        if following is not None:
            self.go_to(following)
            self.session.say(
                "The queue has the held-out cutouts now. Choose “all” to go back."
            )

    @shows_errors
    def search(self, text: str) -> None:
        """Go to the next cutout whose name has a text in it."""
        after = self.session.cutout.id if self.session.cutout else 0
        found = (
            self.session.opened.search(text.strip(), after) if text.strip() else None
        )
        if found is not None:
            self.go_to(found)
        elif text.strip():
            self.session.say(f"No cutout has '{text.strip()}' in its name.")

    @shows_errors
    def use_custom_order(self, names: Iterable[str]) -> None:
        """Put the cutouts of these names first in the queue, in this order."""
        review = self.session.opened
        wanted = [name.strip() for name in names if name.strip()]
        found = {name: review.find(name) for name in wanted}
        review.custom_order = tuple(c.id for c in found.values() if c is not None)
        self.make_queue(QueuePlan("custom list", review.queue_plan.shown))
        missing = [name for name, cutout in found.items() if cutout is None]
        if missing:
            self.session.warn(
                f"{len(missing)} of {len(found)} names are no cutout of this review, "
                f"such as '{missing[0]}'."
            )
