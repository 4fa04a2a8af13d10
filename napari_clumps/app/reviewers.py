"""Reviewers: merging their files, and how far they agree."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from clump_detector.core.json_types import JsonObject
from clump_detector.core.text import plural
from napari_clumps.jobs.comparing import Comparing
from napari_clumps.review import QueuePlan, Review
from napari_clumps.review.comparison.agreement import (
    Agreement,
    agreement_in_words,
    compare_reviews,
    self_consistency,
)
from napari_clumps.review.comparison.answers import answers_of
from napari_clumps.review.comparison.catalogues import put_first
from napari_clumps.review.comparison.ceiling_plot import draw_ceiling
from napari_clumps.review.comparison.several import (
    agreement_of_several,
    ceiling_in_words,
    several_in_words,
)
from napari_clumps.settings.settings import load_settings

from .errors import shows_errors
from .navigation import Navigator
from .session import Session


class Reviewers:
    """Merging, comparing and repeating: the work with files of other reviewers.

    Parameters
    ----------
    session : Session
    navigator : Navigator
    comparing : Comparing
        Compares the open review with a catalogue.

    Attributes
    ----------
    ceiling : dict or None
        How far people agree, and the model with them, by the comparison that was made
        last; see `agreement_of_several`.
    """

    def __init__(
        self, session: Session, navigator: Navigator, comparing: Comparing
    ) -> None:
        self.session, self._navigator = session, navigator
        self.comparing = comparing
        self.ceiling: JsonObject | None = None

    @property
    def review(self) -> Review | None:
        """The open review."""
        return self.session.review

    @property
    def name(self) -> str:
        """The reviewer's name, which is recorded with every decision."""
        return load_settings().name()

    @name.setter
    def name(self, name: str) -> None:
        self.session.choose(annotator=name.strip())

    @shows_errors
    def show_disagreements(self) -> None:
        """Make the queue of cutouts on which reviewers disagree."""
        order = self.session.opened.queue_plan.order
        self._navigator.choose_queue(QueuePlan(order, "disagreements"))

    @shows_errors
    def show_again(self, n: int) -> None:
        """Repeat some done cutouts in the queue."""
        made = self.session.opened.show_again(n)
        self._navigator.make_queue()
        self.session.say(
            f"{made} done cutouts will be repeated, among the others."
            if made
            else "Every done cutout was repeated already."
        )

    @shows_errors
    def compare_with(self, paths: Sequence[Path]) -> list[str] | None:
        """Return in sentences how far the open review and one or several files agree.

        Parameters
        ----------
        paths : sequence of path
            Reviews of the same cutouts, one at least.
        """
        self.ceiling = None
        with ExitStack() as stack:
            ours = self.session.opened
            others = [
                stack.enter_context(Review.open(p, read_only=True)) for p in paths
            ]
            two = compare_reviews(ours, others[0]) if len(others) == 1 else None
            if two is not None and not two.cutouts:
                return agreement_in_words(two)
            found = answers_of([ours, *others], self.session.scores.least)
        self.ceiling = agreement_of_several(found)
        if two is None:
            return several_in_words(self.ceiling)
        return [*agreement_in_words(two), *ceiling_in_words(self.ceiling)]

    @shows_errors
    def save_ceiling(self, path: Path) -> None:
        """Draw the last comparison into a file: png, pdf or svg."""
        if self.ceiling is not None:
            draw_ceiling(self.ceiling, path)
            self.session.say(f"{path.name} is drawn.")

    @shows_errors
    def compare_catalogue(self, path: Path) -> None:
        """Compare the open review with a file of labels, in the background."""
        self.comparing.start(path)

    @shows_errors
    def put_differing_first(self) -> None:
        """Make the queue begin with the galaxies on which a catalogue differs."""
        found = self.comparing.found
        if found is None:
            return
        n = put_first(self.session.opened, found.galaxies)
        self._navigator.make_queue(self.session.opened.queue_plan)
        if self.session.queue is not None:
            self._navigator.go_to(self.session.queue.ids[0])
        said = plural(n, "galaxy", "galaxies")
        self.session.say(f"{said} on which they differ come first.")

    @shows_errors
    def self_consistency(self) -> list[str] | None:
        """Return in sentences how far the reviewer agrees with earlier decisions."""
        found: Agreement = self_consistency(self.session.opened)
        return agreement_in_words(found) if found.cutouts else []
