"""Held-out cutouts: the user marks clumps first, then decides on the models' boxes."""

from __future__ import annotations

from typing import Protocol

from clump_detector.core.text import plural
from napari_clumps.app.session import Session
from napari_clumps.settings.shortcuts import BOOK

#: What is said where a detection has not reached the cutout yet.
PENDING = "The proposals for this cutout are still being computed."


class ProposalSource(Protocol):
    """A source of proposals while the user decides."""

    @property
    def running(self) -> bool:
        """Whether a detection is running."""

    def awaits(self, cutout_id: int) -> bool:
        """Return whether a running detection has not reached a cutout yet."""


class HeldOutSteps:
    """Leads through the steps of a held-out cutout that is marked blindly.

    Parameters
    ----------
    session : Session
    proposals : ProposalSource
    """

    def __init__(self, session: Session, proposals: ProposalSource) -> None:
        self._session, self._proposals = session, proposals
        self._warned_of: tuple[str, int] | None = None

    def lack_something(self) -> bool:
        """Show hidden proposals; return whether more decisions are needed here."""
        session = self._session
        assert session.cutout is not None
        if session.shown.hidden:
            here = session.opened.id, session.cutout.id
            if self._proposals.awaits(session.cutout.id):
                session.say(PENDING)
                return True
            if not session.shown.boxes and self._warned_of != here:
                self._warned_of = here  # the key may be pressed by habit
                session.say("Nothing is marked: press again if you see no clump here.")
                return True
            self._reveal()
        n = len(session.shown.undecided)
        if not session.shown.anonymous or not n:
            return False
        accept, reject = BOOK.key("accept"), BOOK.key("reject")
        boxes = f"{plural(n, 'box', 'boxes')} of the models"
        session.say(f"Decide on {boxes}: {accept} accepts, {reject} rejects.")
        return True

    def _reveal(self) -> None:
        """Show the models' boxes, each from its own threshold, after marking."""
        session = self._session
        assert session.cutout is not None
        thresholds, fallback = session.scores.thresholds, session.threshold
        with session.shown.deferred():
            session.opened.reveal(
                session.cutout.id,
                lambda box: thresholds.of_card(box.model or "", fallback),
            )
        session.shown.current = None
        session.shown.refresh(start=True)
