"""External labels: reading them and adding them to a review."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clump_detector.core.errors import LabelError
from clump_detector.core.text import plural
from clump_detector.labels.classes.matching import class_names
from clump_detector.labels.classes.non_clumps import is_no_clump
from clump_detector.labels.external import ForeignBox, ForeignLabels
from clump_detector.labels.formats.detect import read_labels
from clump_detector.labels.placement.place import Placed, place_labels
from napari_clumps.review import Label, Review

#: How labels are added.
PROPOSALS, ACCEPTED = "proposals", "accepted"

#: Boxes that a COCO or Pascal VOC file has and that are no labels.
_NO_LABEL = {
    "rejected": "a box that was rejected there",
    "proposal": "a proposal or a difficult box that is undecided there",
}

#: Why a box of a class is left out.
_NO_CLUMP = "a box of the class “{}”, which marks no clump"
_UNKNOWN = "a box of the class “{}”, which the review lacks"


@dataclass(frozen=True)
class PlacedLabels:
    """External labels with their positions on a review's cutouts, not added yet."""

    labels: ForeignLabels
    placed: Placed

    def in_words(self) -> list[str]:
        """Return in sentences what the file holds, and how much of it was located."""
        return [*self.labels.in_words(), *self.placed.in_words()]


def find_labels(
    review: Review,
    path: str | Path,
    *,
    kind: str | None = None,
    side: float | None = None,
    server: str | None = None,
) -> Generator[tuple[int, int], None, PlacedLabels]:
    """Read labels and locate them on a review's cutouts; yields progress.

    Parameters
    ----------
    review : Review
    path : path
        A file or folder, or ``vizier:`` and a catalogue's name.
    kind : str, optional
        A format; by default the file's content decides.
    side : float, optional
        Side length in arcsec of boxes that have none.
    server : str, optional
        A mirror of VizieR.

    Raises
    ------
    ClumpError
        If the file holds no labels.
    """
    labels = read_labels(path, kind, server=server)
    cutouts = [
        (cutout.id, cutout.source, cutout.size)
        for cutout in review.cutouts()
        if cutout.repeat_of is None
    ]
    placed = yield from place_labels(labels, cutouts, side=side)
    return PlacedLabels(labels, placed)


def add_labels(
    review: Review, found: PlacedLabels, how: str, cls: str | None = None
) -> list[str]:
    """Add labels to a review in one step of undo; return sentences about it.

    Parameters
    ----------
    review : Review
    found : PlacedLabels
    how : {"proposals", "accepted"}
    cls : str, optional
        The class that every box gets; by default its own.

    Raises
    ------
    LabelError
        If none of them lies on a cutout of the review.
    ReviewError
        If the review cannot be changed.
    """
    placed = found.placed
    if not placed.total:
        raise LabelError(
            "none of its boxes lies on a cutout of this review. "
            + " ".join(placed.in_words()[1:]).removesuffix("."),
            found.labels.path,
            "A box finds its cutout by the image's name, an object id in it, or sky "
            "coordinates.",
        )
    boxes = [p.label for on_it in placed.boxes.values() for p in on_it]
    every = [box.cls for box in found.labels.boxes]
    names = class_names(
        every, review.classes, cls, found.labels.numbers_from, found.labels.path
    )
    left: Counter[str] = Counter()
    labels: dict[int, list[Label]] = {}
    for cutout, on_it in placed.boxes.items():
        for one in on_it:
            chosen, why = names[one.label.cls], _not_taken(one.label, how)
            if chosen is None:
                no_clump = is_no_clump(one.label.cls)
                why = (_NO_CLUMP if no_clump else _UNKNOWN).format(one.label.cls)
            if why or chosen is None:
                left[why] += 1
                continue
            label = _label(one.label, one.corners, chosen, found.labels.origin)
            labels.setdefault(cutout, []).append(label)
    sentences = review.add_labels(labels, accepted=how == ACCEPTED).in_words()
    sentences += [f"{n:,} left out: {why}." for why, n in left.most_common()]
    return [*sentences, *_renamed(names, boxes)]


def _not_taken(box: ForeignBox, how: str) -> str:
    """Return why a box cannot be added in this way, or an empty text."""
    if box.status == "proposal" and how == PROPOSALS:
        return ""
    return _NO_LABEL.get(box.status, "")


def _label(
    box: ForeignBox, corners: tuple[float, float, float, float], cls: str, origin: str
) -> Label:
    drawn = box.origin == "person"
    return Label(
        *corners,
        cls=cls,
        origin="person" if drawn else origin,
        score=box.score,
        model=box.model,
        annotator=box.annotator,
        time=box.time,
    )


def _renamed(names: dict[str, str | None], boxes: Sequence[ForeignBox]) -> list[str]:
    """Return sentences about the classes that were renamed."""
    counts = Counter(box.cls for box in boxes)
    sentences = []
    for cls, name in names.items():
        if name is None or not counts[cls] or cls.strip().lower() == name.lower():
            continue
        which = f"of the class “{cls}”" if cls.strip() else "without a class"
        sentences.append(
            f"{plural(counts[cls], 'box', 'boxes')} {which} became “{name}”."
        )
    return sentences
