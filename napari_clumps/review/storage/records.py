"""The records of a review: boxes, cutouts, decisions, log rows and counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from clump_detector.core.json_types import JsonObject
from clump_detector.image_files.sources import Source
from clump_detector.images.artefacts.kinds import Artefact

Corners = tuple[float, float, float, float]

#: What a row of the log has before or after: values of a box or a cutout by column.
LogValues: TypeAlias = JsonObject


class Status(StrEnum):
    """The status of a box."""

    PROPOSAL = "proposal"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EDITED = "edited"
    DRAWN = "drawn"


#: Statuses of the boxes that are kept as clumps.
KEPT = (Status.ACCEPTED, Status.EDITED, Status.DRAWN)

#: Statuses of decided boxes.
DECIDED = (*KEPT, Status.REJECTED)

#: Flags of a cutout.
FLAGS = ("artefact", "merger", "star on top", "bad segmentation", "unsure")

#: How interesting a reviewer finds a cutout can be.
INTERESTS = (0, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class Opinion:
    """The opinion of one reviewer on a box, in a review into which another was merged.

    Attributes
    ----------
    annotator, time : str or None
    status : Status
        ``rejected`` for a box that the reviewer's own file does not have, on a cutout
        that is done there.
    x1, y1, x2, y2 : float
    cls : str
    """

    annotator: str | None
    time: str | None
    status: Status
    x1: float
    y1: float
    x2: float
    y2: float
    cls: str

    @property
    def corners(self) -> Corners:
        """The corners x1, y1, x2, y2."""
        return self.x1, self.y1, self.x2, self.y2

    @property
    def kept(self) -> bool:
        """Whether the reviewer keeps it as a clump."""
        return self.status in KEPT


@dataclass(frozen=True, slots=True)
class Box:
    """One box of a cutout, in pixels from the centre of the first one.

    Attributes
    ----------
    id : int
        Never given to another box of the review.
    cutout : int
    x1, y1, x2, y2 : float
    cls : str
    status : Status
    origin : str
        ``model``, ``person``, or the source of external labels, such as
        ``Clump Scout``.
    score : float or None
        The model's; a drawn box has none.
    model : str or None
        Id of the model that proposed it.
    annotator, time : str or None
        Name of the last reviewer who decided, and time (ISO 8601, UTC); None on a
        proposal.
    proposed : tuple or None
        x1, y1, x2, y2 and class as the model or the external labels had them.
    second : float or None
        The score that another model gave to the same clump, 0 where it proposed none
        there; None where no second model has run.
    opinions : tuple of Opinion
        Opinions of the reviewers, where reviews were merged.
    """

    id: int
    cutout: int
    x1: float
    y1: float
    x2: float
    y2: float
    cls: str
    status: Status
    origin: str
    score: float | None = None
    model: str | None = None
    annotator: str | None = None
    time: str | None = None
    proposed: tuple[float, float, float, float, str] | None = field(
        default=None, repr=False
    )
    second: float | None = None
    opinions: tuple[Opinion, ...] = ()

    @property
    def corners(self) -> Corners:
        """The corners x1, y1, x2, y2."""
        return self.x1, self.y1, self.x2, self.y2

    @property
    def decided(self) -> bool:
        """Whether it is decided."""
        return self.status is not Status.PROPOSAL

    @property
    def kept(self) -> bool:
        """Whether it is kept as a clump."""
        return self.status in KEPT

    @property
    def as_proposed(self) -> bool:
        """Whether corners and class are what the model proposed."""
        return self.proposed == (*self.corners, self.cls)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A box that a model suggests, before it is added to a review."""

    x1: float
    y1: float
    x2: float
    y2: float
    cls: str
    score: float

    @property
    def corners(self) -> Corners:
        """The corners x1, y1, x2, y2."""
        return self.x1, self.y1, self.x2, self.y2


@dataclass(frozen=True, slots=True)
class Label:
    """A box of external labels, before it is added to a review.

    ``origin`` is ``person`` for a reviewer elsewhere, or a name such as
    ``Clump Scout``; ``annotator`` and ``time`` are of the decision there, if known.
    """

    x1: float
    y1: float
    x2: float
    y2: float
    cls: str
    origin: str
    score: float | None = None
    model: str | None = None
    annotator: str | None = None
    time: str | None = None

    @property
    def corners(self) -> Corners:
        """The corners x1, y1, x2, y2."""
        return self.x1, self.y1, self.x2, self.y2


@dataclass(frozen=True, slots=True)
class CutoutRecord:
    """A cutout's state in a review.

    Attributes
    ----------
    id : int
        1 to n, in the order in which cutouts were added.
    name : str
    source : Source
        Where its image is, as absolute paths.
    done : bool
        Whether the user has marked it as done: every clump is boxed.
    held_out : bool
        Whether it is held out.
    model : str or None
        The model of the newest detection; None where there was none.
    width, height : int or None
        Size in pixels, known once it was displayed or searched.
    flags : tuple of str
        Some of `FLAGS`.
    remark : str
    repeat_of : int or None
        The cutout that this one repeats, to measure self-consistency or, with injected
        clumps, completeness; its boxes are in no label set.
    keys : tuple of str
        The keys that identify its galaxy, see `clump_detector.images.identity`; empty
        in a review of an earlier version.
    blind : bool
        Whether its clumps were marked before any model's boxes were shown.
    tags : tuple of str
        Words of the user's own.
    interest : int or None
        How interesting the user finds it, one of `INTERESTS`; None where it is not
        said.
    withdrawn : bool
        Whether it has injected clumps (``source.added``) and is not shown any more.
    artefacts : tuple of Artefact or None
        What the program found on it; None where it has not been searched.
    verdicts : mapping of str to bool
        Whether the user takes the artefacts of a kind, or refuses them; without those
        that are not judged.
    """

    id: int
    name: str
    source: Source
    done: bool
    held_out: bool
    model: str | None
    width: int | None
    height: int | None
    flags: tuple[str, ...] = ()
    remark: str = ""
    repeat_of: int | None = None
    keys: tuple[str, ...] = ()
    blind: bool = False
    tags: tuple[str, ...] = ()
    interest: int | None = None
    withdrawn: bool = False
    artefacts: tuple[Artefact, ...] | None = None
    verdicts: Mapping[str, bool] = field(default_factory=dict, hash=False)

    @property
    def standing_artefacts(self) -> tuple[Artefact, ...]:
        """The artefacts that the user has not refused."""
        return tuple(
            one for one in self.artefacts or () if self.verdicts.get(one.kind, True)
        )

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels, where known."""
        if self.width is None or self.height is None:
            return None
        return self.width, self.height


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of cutouts of a review, and of boxes by status."""

    cutouts: int
    done: int
    boxes_by_status: dict[Status, int]
    detected: int
    held_out: int
    held_out_done: int


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of the log: who decided what on which box or cutout, and when.

    ``kind`` is accept, reject, edit, reclassify, add, done, flag, tag, interest, merge,
    import, blind, undo or redo. ``before`` and ``after`` hold what the decision
    changed: a box's values (None: no such box), a cutout's state, or the sequence
    number of the first row that was undone.
    """

    seq: int
    time: str
    annotator: str | None
    kind: str
    cutout: int
    box: int | None
    before: LogValues | None
    after: LogValues | None


@dataclass(frozen=True, slots=True)
class Change:
    """The change of a box (``box`` given) or of a cutout in one row of the log."""

    kind: str
    cutout: int
    box: int | None = None
    before: LogValues | None = None
    after: LogValues | None = None


@dataclass(frozen=True, slots=True)
class LogRow:
    """One row of the log."""

    seq: int
    time: str
    annotator: str | None
    kind: str
    step: int | None
    cutout: int
    box: int | None
    before: LogValues | None
    after: LogValues | None

    @property
    def change(self) -> Change:
        """The change of the row."""
        return Change(self.kind, self.cutout, self.box, self.before, self.after)

    @property
    def decision(self) -> Decision:
        """The row as a public `Decision`."""
        after = self.after
        if self.kind in ("undo", "redo"):
            after = {"step": self.step}
        return Decision(
            self.seq,
            self.time,
            self.annotator,
            self.kind,
            self.cutout,
            self.box,
            self.before,
            after,
        )
