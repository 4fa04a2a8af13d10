"""Several reviewers: merging their files, and how far they agree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clump_detector.core.files import write_json
from napari_clumps.review import QueuePlan, Review
from napari_clumps.review.agreement import Agreement, between, in_words, with_oneself
from napari_clumps.settings.settings import load_settings

from .errors import shows_errors

if TYPE_CHECKING:
    from .controller import Controller


class Team:
    """What a reviewer does with the files of others.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller

    @property
    def review(self) -> Review | None:
        """The open review."""
        return self._controller.review

    # `shows_errors` warns through the desk that its first argument is.
    def warn(self, message: str) -> None:
        """Show what went wrong."""
        self._controller.warn(message)

    @property
    def name(self) -> str:
        """The reviewer's name, which goes with each decision."""
        return load_settings().name()

    @name.setter
    def name(self, name: str) -> None:
        self._controller.choose(annotator=name.strip())

    def merge(self, path: Path) -> None:
        """Take another reviewer's file into the open review; undo takes it back.

        It goes on in the background, see `exchange.Merging`.
        """
        self._controller.exchange.merge(path)

    @shows_errors
    def show_disagreements(self) -> None:
        """Go through the cutouts on which reviewers differ."""
        order = self._controller.opened.queue_plan.order
        self._controller.choose_queue(QueuePlan(order, "disagreements"))

    @shows_errors
    def show_again(self, n: int) -> None:
        """Put some done cutouts into the queue once more."""
        made = self._controller.opened.show_again(n)
        self._controller.make_queue()
        self._controller.say(
            f"{made} done cutouts will come once more, among the others."
            if made
            else "There is no done cutout that has not come twice already."
        )

    @shows_errors
    def compare_with(self, path: Path) -> list[str] | None:
        """Return in sentences how far the open review and a file agree."""
        with Review.open(path, read_only=True) as other:
            return in_words(between(self._controller.opened, other))

    @shows_errors
    def with_oneself(self) -> list[str] | None:
        """Return in sentences how far the reviewer agrees with himself."""
        found: Agreement = with_oneself(self._controller.opened)
        return in_words(found) if found.cutouts else []


def compare_from_command_line(first: Path, second: Path, out: Path | None) -> None:
    """Print how far two review files agree, and how far each reviewer with himself.

    Raises
    ------
    ClumpError
        If one is no review, or the figures cannot be written.
    """
    with (
        Review.open(first, read_only=True) as ours,
        Review.open(second, read_only=True) as theirs,
    ):
        found = between(ours, theirs)
        repeated = [(r.path.name, with_oneself(r)) for r in (ours, theirs)]
    print("\n".join(in_words(found)))
    for name, again in repeated:
        if again.cutouts:
            print(f"{name}, cutouts shown again: {' '.join(in_words(again))}")
    if out is not None:
        write_json(out, found.figures)
