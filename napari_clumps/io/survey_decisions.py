"""The decisions of a review, back into the dataset of the survey it was made from."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from clump_detector.astrometry.wcs import sky_positions
from clump_detector.core.errors import ClumpError, ConfigError
from clump_detector.core.text import plural
from clump_detector.images.cutout import Cutout, read_cutout
from clump_detector.survey_search.dataset.details import details_of
from clump_detector.survey_search.dataset.folder import read_made
from clump_detector.survey_search.dataset.reviewed import read_reviewed, replace_rows
from clump_detector.survey_search.items import address_of
from napari_clumps.review import Box, CutoutRecord, Review, Status

#: What the table calls a decision.
_WORDS = {
    Status.ACCEPTED: "accepted",
    Status.EDITED: "edited",
    Status.DRAWN: "added",
    Status.REJECTED: "rejected",
}

#: A row of the table `reviewed`.
Row: TypeAlias = dict[str, object]

#: Positions by the address of a cutout and the corners of a box.
_Positions: TypeAlias = "Mapping[tuple[object, ...], tuple[object, object]]"


@dataclass(frozen=True)
class Taken:
    """What a dataset has of a review now.

    Attributes
    ----------
    dataset : path
    boxes, done : int
        Boxes with a decision, and cutouts that are done.
    strangers : tuple of str
        Names of cutouts that were decided on and are not in the dataset.
    """

    dataset: Path
    boxes: int
    done: int
    strangers: tuple[str, ...] = ()

    @property
    def in_words(self) -> str:
        """What was taken, in sentences."""
        boxes = plural(self.boxes, "decided box", "decided boxes")
        done = plural(self.done, "cutout is done", "cutouts are done")
        words = f"{self.dataset} has {boxes} of this review; {done}."
        if not self.strangers:
            return words
        left_out = plural(len(self.strangers), "cutout is", "cutouts are")
        return (
            f"{words} {left_out} not in this dataset and left out, such as "
            f"{self.strangers[0]}."
        )


def dataset_of(review: Review, given: Path | None = None) -> Path:
    """Return the dataset that the decisions of a review belong to.

    Parameters
    ----------
    review : Review
    given : path, optional
        As the user says.

    Raises
    ------
    ClumpError
        If the review was made from none and none is given, or it is no dataset.
    """
    origin = review.survey
    dataset = given or (origin.dataset if origin is not None else None)
    if dataset is None:
        raise ConfigError(
            "this review was not made from the dataset of a survey",
            review.path,
            "Name the dataset with --into DATASET.",
        )
    read_made(dataset)
    return dataset


def take_decisions(
    review: Review, dataset: Path
) -> Generator[tuple[int, int], None, Taken]:
    """Write what was decided in a review into a dataset, in place of what it has of it.

    Parameters
    ----------
    review : Review
    dataset : path

    Yields
    ------
    (int, int)
        Cutouts read, and all of them.

    Raises
    ------
    ClumpError
        If it is no dataset, a table is damaged, or it cannot be written.
    """
    begun = [c for c in review.cutouts(begun=True) if c.repeat_of is None]
    addresses = _addresses(review, dataset, begun)
    known = details_of(dataset, list(addresses.values())) if begun else {}
    positions = _earlier_positions(dataset, review.id)
    rows: list[Row] = []
    strangers: list[str] = []
    done = 0
    for number, cutout in enumerate(begun, start=1):
        address = addresses[cutout.id]
        if address in known:
            rows += _rows(review, cutout, address, positions)
            done += cutout.done
        else:
            strangers.append(cutout.name)
        yield number, len(begun)
    replace_rows(dataset, review.id, rows)
    boxes = sum(row["decision"] is not None for row in rows)
    return Taken(dataset, boxes, done, tuple(strangers))


def _addresses(
    review: Review, dataset: Path, cutouts: Sequence[CutoutRecord]
) -> dict[int, str]:
    """Return the addresses of cutouts: as noted, or else by their files."""
    origin = review.survey
    noted: Mapping[int, str] = {}
    if origin is not None and origin.dataset.resolve() == dataset.resolve():
        noted = origin.addresses
    return {
        c.id: noted.get(c.id) or address_of(c.source.path, dataset) for c in cutouts
    }


def _earlier_positions(dataset: Path, review: str) -> _Positions:
    """Return where boxes that were taken before are, so as not to read images."""
    import pyarrow.compute as pc

    columns = ["cutout", "x1", "y1", "x2", "y2", "ra", "dec", "review"]
    rows = read_reviewed(dataset, columns).filter(pc.field("review") == review)
    return {
        tuple(row[c] for c in columns[:5]): (row["ra"], row["dec"])
        for row in rows.to_pylist()
        if row["ra"] is not None
    }


def _rows(
    review: Review, cutout: CutoutRecord, address: str, positions: _Positions
) -> Iterator[Row]:
    """Yield a row for each decided box; one without decision where there is none."""
    boxes = [box for box in review.boxes(cutout.id) if box.decided]
    named: Row = {"cutout": address, "name": cutout.name, "done": cutout.done}
    if not boxes:
        yield {**named, "decision": None, **_who(review, cutout)}
        return
    keys = [(address, *map(float, box.corners)) for box in boxes]
    sky: list[tuple[object, object]]
    if all(key in positions for key in keys):
        sky = [positions[key] for key in keys]
    else:
        sky = list(_on_sky(cutout, boxes))
    for box, (ra, dec) in zip(boxes, sky, strict=True):
        yield {
            **named,
            "decision": _WORDS[box.status],
            "class": box.cls,
            "score": box.score,
            **dict(zip(("x1", "y1", "x2", "y2"), map(float, box.corners), strict=True)),
            "ra": ra,
            "dec": dec,
            "model": box.model,
            "annotator": box.annotator,
            "time": box.time,
        }


def _who(review: Review, cutout: CutoutRecord) -> Row:
    """Return who marked a cutout as done, and when."""
    last: Row = {"annotator": None, "time": None}
    for decision in review.decisions(cutout.id):
        if decision.kind == "done":
            last = {"annotator": decision.annotator, "time": decision.time}
    return last


def _on_sky(
    cutout: CutoutRecord, boxes: Sequence[Box]
) -> Iterator[tuple[float | None, float | None]]:
    """Yield the positions of the centres of boxes; none where the image tells none."""
    image = _image(cutout)
    for box in boxes:
        if image is None or image.wcs is None:
            yield None, None
            continue
        x, y = (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2
        ra, dec = (float(v) for v in sky_positions(image.wcs, x, y)[0])
        yield (round(ra, 7), round(dec, 7)) if ra == ra else (None, None)


def _image(cutout: CutoutRecord) -> Cutout | None:
    """Return the image that boxes were decided on, if it is still there."""
    try:
        image = read_cutout(cutout.source)
    except ClumpError:
        return None
    return image if cutout.size in (None, (image.width, image.height)) else None
