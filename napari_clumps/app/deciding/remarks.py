"""What a user says of whole cutouts: flags, tags, interest and a remark."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from psygnal import Signal

from clump_detector.core.text import plural
from napari_clumps.app.errors import shows_errors
from napari_clumps.app.session import Session


class Remarks:
    """Says something of the current cutout, or of those selected in a gallery.

    Parameters
    ----------
    session : Session

    Attributes
    ----------
    selected : callable
        Returns the cutouts that are selected in the gallery where the keys go to; none
        where they go to the canvas.

    Signals
    -------
    flags_asked(): the user wants to flag the cutout.
    tags_asked(): the user wants to write tags of the cutout.
    """

    flags_asked = Signal()
    tags_asked = Signal()

    def __init__(self, session: Session) -> None:
        self.session = session
        self.selected: Callable[[], Sequence[int]] = lambda: ()

    def ask_flags(self) -> None:
        """Ask the user for the flags of the cutout."""
        if self.session.cutout is not None:
            self.flags_asked.emit()

    def ask_tags(self) -> None:
        """Ask the user for the tags of the cutout."""
        if self.session.cutout is not None:
            self.tags_asked.emit()

    @shows_errors
    def set_flags(self, flags: Iterable[str]) -> None:
        """Set the flags of the cutout; its remark stays."""
        if self.session.cutout is not None:
            self.session.opened.flag(
                self.session.cutout.id, flags, self.session.cutout.remark
            )

    @shows_errors
    def set_remark(self, remark: str) -> None:
        """Set the remark of the cutout; its flags stay."""
        if self.session.cutout is not None:
            self.session.opened.flag(
                self.session.cutout.id, self.session.cutout.flags, remark
            )

    @shows_errors
    def judge_artefact(self, kind: str, verdict: bool | None) -> None:
        """Take or refuse the artefacts of a kind on the cutout; None: undecided."""
        if self.session.cutout is not None:
            self.session.opened.judge_artefact(self.session.cutout.id, kind, verdict)

    @shows_errors
    def set_tags(self, tags: Iterable[str]) -> bool:
        """Set the tags of the cutout; return whether that could be done."""
        if self.session.cutout is None:
            return False
        self.session.opened.set_tags(self.session.cutout.id, tags)
        return True

    @shows_errors
    def flag_all(self, cutout_ids: Sequence[int], flag: str) -> None:
        """Add a flag to several cutouts, in one step of undo."""
        review = self.session.opened
        changed = review.add_flag(cutout_ids, flag)
        if self.session.cutout is not None:  # a flag says otherwise where one is
            review.position = self.session.cutout.id
        self.session.say(f"{plural(changed, 'cutout')} flagged “{flag}”.")

    @shows_errors
    def tag_all(self, cutout_ids: Sequence[int], tag: str) -> None:
        """Add a tag to several cutouts, in one step of undo."""
        changed = self.session.opened.add_tag(cutout_ids, tag)
        self.session.say(f"{plural(changed, 'cutout')} tagged “{tag.strip()}”.")

    @shows_errors
    def rate(self, interest: int | None) -> None:
        """Say how interesting the cutout is, or the selected ones are.

        Where that was said of all of them already it is taken back.

        Parameters
        ----------
        interest : int or None
            0 to 3; None takes it back.
        """
        chosen = list(self.selected())
        if not chosen and self.session.cutout is not None:
            chosen = [self.session.cutout.id]
        if not chosen:
            return
        review = self.session.opened
        if not review.set_interest(chosen, interest):
            interest = None
            review.set_interest(chosen, None)
        which = "" if len(chosen) == 1 else f" of {plural(len(chosen), 'cutout')}"
        said = "not said" if interest is None else f"{interest} of 3"
        self.session.say(f"Interest{which}: {said}.")
