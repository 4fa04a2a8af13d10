"""Galaxies with injected clumps in the queue, and which of them were found."""

from __future__ import annotations

from napari_clumps.app.errors import shows_errors
from napari_clumps.app.navigation import Navigator
from napari_clumps.app.session import Session
from napari_clumps.jobs.injecting import Injecting
from napari_clumps.review import Corners, QueuePlan
from napari_clumps.review.queries.injected import (
    CompletenessRow,
    completeness_in_words,
    completeness_rows,
    injected_clumps,
)


class Injected:
    """How complete the labels are: simulated clumps hidden among the real ones.

    Parameters
    ----------
    session : Session
    navigator : Navigator
    job : Injecting
        Injects clumps in the background.
    """

    def __init__(self, session: Session, navigator: Navigator, job: Injecting) -> None:
        self.session, self._navigator, self.job = session, navigator, job
        session.shown.places_on.append(self._places_on)

    @shows_errors
    def inject(self, n: int) -> None:
        """Put n galaxies with injected clumps among the others, in the background."""
        self.job.start(n)

    @property
    def galaxies(self) -> int:
        """Number of galaxies with injected clumps that are shown."""
        review = self.session.review
        if review is None:
            return 0
        return len(review.injected(done=False)) + len(review.injected(done=True))

    @property
    def withdrawn(self) -> bool:
        """Whether galaxies with injected clumps are kept, but not shown."""
        review = self.session.review
        return review is not None and review.withdrawn

    @shows_errors
    def show(self, shown: bool) -> None:
        """Show the galaxies with injected clumps, or neither them nor what was found.

        Parameters
        ----------
        shown : bool
        """
        review, here = self.session.opened, self.session.cutout
        review.show_injected(shown)
        self._navigator.make_queue()
        if here is not None and review.cutout(here.id).withdrawn:
            self._navigator.go_to_first()
        self.session.announce_modified()

    @shows_errors
    def mark(self) -> None:
        """Make the queue of those that are done; their injected clumps are marked."""
        order = self.session.opened.queue_plan.order
        self._navigator.choose_queue(QueuePlan(order, "injected"))

    @shows_errors
    def completeness(self) -> tuple[str, list[CompletenessRow]]:
        """Return which injected clumps were found, in sentences and by flux ratio."""
        review = self.session.opened
        waiting = len(review.injected(done=False))
        clumps = review.injected_clumps(self.session.scores.least)
        rows = completeness_rows(clumps) if clumps else []
        return completeness_in_words(clumps, waiting), rows

    @property
    def told(self) -> str:
        """What was injected into the current cutout, where that is told; else empty."""
        review, cutout = self.session.review, self.session.cutout
        if review is None or cutout is None or not self._tells(cutout.id):
            return ""
        on_it = [(cutout, review.boxes(cutout.id))]
        clumps = injected_clumps(on_it, self.session.scores.least)
        words = [f"{c.ratio:.1%} {'found' if c.found else 'missed'}" for c in clumps]
        return f"Injected, by flux over the galaxy's: {', '.join(words)}."

    def _tells(self, cutout_id: int) -> bool:
        """Return whether the injected clumps of a cutout are shown as such."""
        review = self.session.review
        if review is None or review.queue_plan.shown != "injected":
            return False
        return review.cutout(cutout_id).done

    def _places_on(self, cutout_id: int) -> list[Corners]:
        if not self._tells(cutout_id):
            return []
        added = self.session.opened.cutout(cutout_id).source.added
        return [one.corners for one in added]
