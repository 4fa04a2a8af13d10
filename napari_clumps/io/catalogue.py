"""Export of a review as a catalogue of measured clumps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from clump_detector.catalogue import (
    CatalogueBuilder,
    check_catalogue_name,
    clump_rows,
    describing,
    write_catalogue,
)
from clump_detector.catalogue.builder import Rows
from clump_detector.core import boxes as geometry
from clump_detector.core.errors import Cancelled, ClumpError, ImageError, LabelError
from clump_detector.core.files import relative_path
from clump_detector.core.text import plural
from clump_detector.images.cutout import Cutout
from clump_detector.labels.tiers import DISPUTED, TIERS, tier_of
from clump_detector.photometry import (
    Field,
    Measured,
    Quality,
    measure_boxes,
    post_process,
    prepare,
    segment,
)
from clump_detector.photometry.objects.chances import WORDS
from clump_detector.photometry.objects.doubts import doubts
from napari_clumps.review import Box, CutoutRecord, Review, Status

from .selection import ExportOptions, Step, Tally, one_line, read, selected


def tier_of_boxes(boxes: Sequence[Box]) -> str:
    """Return the tier of a clump, one of `clump_detector.labels.tiers.TIERS`.

    Parameters
    ----------
    boxes : sequence of Box
        The box of the clump, or the proposals that were merged into one: it is disputed
        where one of them is.
    """
    tiers = [tier_of(b.kept, ((o.status, o.cls) for o in b.opinions)) for b in boxes]
    return DISPUTED if DISPUTED in tiers else tiers[0]


@dataclass
class _Notes:
    """Notes on a catalogue, reported when it is written."""

    relative: list[str] = field(default_factory=list)
    pictures: int = 0
    merged: int = 0
    dropped: int = 0
    artefacts: int = 0
    unstructured: list[str] = field(default_factory=list)
    waiting: int = 0
    looks: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    sure: Counter[str] = field(default_factory=Counter)

    def tiers(self) -> dict[str, dict[str, int]]:
        """Return the number of clumps by tier, and of those that are beyond doubt."""
        return {
            tier: {
                "clumps": n,
                "look_like_clumps": self.looks[tier, "clump"],
                "look_like_nothing_known": self.looks[tier, None],
                "without_doubt": self.sure[tier],
            }
            for tier in TIERS
            if (n := sum(k for (own, _), k in self.looks.items() if own == tier))
        }

    def in_words(self) -> list[str]:
        """Return the notes in sentences."""
        words = []
        tiers = self.tiers()
        if len(tiers) > 1:
            counts = [
                f"{n['clumps']:,} {TIERS[tier]} ({n['look_like_clumps']:,} of which "
                f"look like clumps, {n['without_doubt']:,} without any doubt)"
                for tier, n in tiers.items()
            ]
            words.append(f"By tier: {', '.join(counts)}.")
        if self.pictures:
            n = self.pictures
            one = "1 cutout is a picture" if n == 1 else f"{n:,} cutouts are pictures"
            words.append(f"{one}, of which only positions are measured.")
        if self.relative:
            n = len(self.relative)
            one = "1 cutout" if n == 1 else f"{n:,} cutouts"
            words.append(f"The fluxes of {one} are relative: the files give no unit.")
        others = [
            f"{plural(n, 'clump')} more like {said}"
            for name, said in WORDS.items()
            if name != "clump"
            and (n := sum(k for (_, look), k in self.looks.items() if look == name))
        ]
        if others:
            words.append(f"By their looks {', '.join(others)}: clump_looks_like.")
        if self.artefacts:
            words.append(
                f"Artefacts on {plural(self.artefacts, 'cutout')}: columns flag_auto_*."
            )
        if self.unstructured:
            n = len(self.unstructured)
            some = "1 galaxy" if n == 1 else f"{n:,} galaxies"
            words.append(
                f"Of {some} no structure was measured, such as: {self.unstructured[0]}"
            )
        if self.waiting:
            words.append(
                f"{plural(self.waiting, 'box', 'boxes')} on which reviewers differ, "
                "still to be decided, left out: include proposals to have them."
            )
        if self.merged or self.dropped:
            words.append(
                f"Of the proposals {self.dropped:,} beside the galaxy were left out "
                f"and {self.merged:,} that touch were merged."
            )
        return words


@dataclass(frozen=True)
class _Clumps:
    """The boxes of a cutout to measure, and the columns that the review gives."""

    corners: geometry.Boxes
    records: list[Rows]
    merged: list[bool]


def export_catalogue(
    review: Review,
    path: str | Path,
    *,
    proposals: bool = False,
    score: float = 0.3,
    report: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> str:
    """Measure the clumps of a review and write the catalogue.

    Parameters
    ----------
    review : Review
    path : path
        Its ending selects the format: .ecsv, .vot, .fits, .parquet or .csv.
    proposals : bool
        Include undecided proposals from ``score`` up: those outside the galaxy are left
        out and those that touch are merged, as in Popp et al. (2023). Accepted and
        drawn boxes are measured as they are.
    score : float
    report : callable, optional
        Called with (cutouts measured, all of them).
    cancelled : callable, optional
        Asked before each cutout.

    Returns
    -------
    str
        A sentence about it.

    Raises
    ------
    LabelError
        If no box is kept, or no image can be read.
    FileError
        If the file cannot be written; an older one stays whole.
    Cancelled
        If ``cancelled`` returns True; nothing is written then.
    """
    steps = catalogue_steps(
        review, Path(path), ExportOptions(proposals=proposals, score=score)
    )
    while True:
        try:
            done, total = next(steps)
        except StopIteration as end:
            return str(end.value)
        if report is not None:
            report(done, total)
        if cancelled is not None and cancelled():
            steps.close()
            raise Cancelled


def catalogue_steps(
    review: Review, path: Path, options: ExportOptions
) -> Generator[Step, None, str]:
    """Do what `export_catalogue` does, yielding after each cutout.

    Parameters
    ----------
    review : Review
    path : path
        As in `export_catalogue`.
    options : ExportOptions
        Its ``proposals`` and ``score`` count.

    Yields
    ------
    (int, int)
        Cutouts measured, and all of them.

    Returns
    -------
    str
        A sentence about the catalogue.

    Raises
    ------
    LabelError
        If no box is kept, or no cutout can be measured.
    FileError
        If the file cannot be written.
    """
    check_catalogue_name(path)
    found = selected(review, options)
    tally, notes, rows = Tally(), _Notes(), CatalogueBuilder()
    notes.waiting = 0 if options.proposals else review.disagreements
    folder = review.path.parent
    for number, record, cutout, boxes in read(review, found, tally):
        if cutout is not None and boxes:
            try:
                n, columns = _measured(
                    review, record, cutout, [box for box, _ in boxes], options, notes
                )
            except ClumpError as error:
                tally.problems.append(error.message)
                tally.left_out.append(record.name)
            else:
                rows.add(
                    n, columns | {"file": relative_path(record.source.path, folder)}
                )
                tally.add(n)
        yield number, len(found)
    if not tally.cutouts:
        raise LabelError(
            "no cutout could be measured",
            review.path,
            tally.problems[0] if tally.problems else "Are all boxes off their images?",
        )
    meta = {
        "review": review.path.name,
        "review_id": review.id,
        "tiers": notes.tiers(),
        **describing(notes.relative),
    }
    write_catalogue(rows.finished(meta), path)
    return f"{path}: {' '.join([tally.in_words(), *notes.in_words()])}"


def _measured(
    review: Review,
    record: CutoutRecord,
    cutout: Cutout,
    boxes: Sequence[Box],
    options: ExportOptions,
    notes: _Notes,
) -> tuple[int, Rows]:
    """Measure the boxes of a cutout; return how many clumps, and their columns."""
    corners = geometry.as_boxes([box.corners for box in boxes])
    ready = prepare(cutout, boxes=corners)
    clumps = _clumps(boxes, corners, ready, notes)
    measured = measure_boxes(ready, clumps.corners)
    flags = measured.flags | np.where(clumps.merged, int(Quality.MERGED), 0)
    segments = segment(ready, measured)
    columns = clump_rows(cutout, measured, segments)
    if options.structure:
        columns |= _structure(ready, notes)
    columns |= _artefacts(record, cutout, clumps.corners, notes)
    columns |= _sources(ready, measured)
    columns["clump_flags"] = flags
    why = doubts(
        measured,
        columns["clump_looks_like"],
        columns["flag_auto_on_box"],
        segments.area,
    )
    columns["clump_doubts"] = why
    columns["held_out"] = record.held_out
    numbers = {cls: number for number, cls in enumerate(review.classes, start=1)}
    records = clumps.records
    columns |= {
        key: [one[key] for one in records] for key in (records[0] if records else ())
    }
    tiers = [one["tier"] for one in records]
    notes.looks.update(zip(tiers, columns["clump_looks_like"], strict=True))
    notes.sure.update(t for t, reason in zip(tiers, why, strict=True) if not reason)
    columns["clump_label_id"] = [numbers[one["clump_label_name"]] for one in records]
    columns["galaxy_name"] = record.name
    columns["galaxy_flags"] = "; ".join(record.flags) or None
    columns["galaxy_remark"] = one_line(record.remark) or None
    columns["galaxy_tags"] = "; ".join(record.tags) or None
    columns["galaxy_interest"] = record.interest
    if cutout.is_picture:
        notes.pictures += 1
    elif measured.is_relative:
        notes.relative.append(record.name)
    return len(measured), columns


def _artefacts(
    record: CutoutRecord, cutout: Cutout, corners: geometry.Boxes, notes: _Notes
) -> Rows:
    """Return the columns of the artefacts on a cutout that the user has not refused."""
    from clump_detector.catalogue.galaxy_rows import artefact_flags
    from clump_detector.images.artefacts.search import find_artefacts

    if record.artefacts is None:
        record = replace(record, artefacts=find_artefacts(cutout))
    standing = record.standing_artefacts
    notes.artefacts += bool(standing)
    return artefact_flags(standing, corners)


def _sources(ready: Field, measured: Measured) -> Rows:
    """Return the columns of the stars and galaxies beside the clumps."""
    from clump_detector.catalogue.galaxy_rows import distances_to_sources
    from clump_detector.photometry.other_sources.sources import other_sources

    try:
        found = other_sources(ready, measured.boxes)
    except ImageError:
        return {}  # a field of galaxies has no clumps' own one
    return distances_to_sources(found, measured.x, measured.y)


def _structure(ready: Field, notes: _Notes) -> Rows:
    """Return the columns of the galaxy's structure; none where it has none."""
    from clump_detector.catalogue.galaxy_rows import structure_rows
    from clump_detector.photometry.structure.measure import measure_structure

    try:
        return structure_rows(ready, measure_structure(ready))
    except ClumpError as error:
        notes.unstructured.append(error.message)
        return {}


def _clumps(
    boxes: Sequence[Box], corners: geometry.Boxes, ready: Field, notes: _Notes
) -> _Clumps:
    """Return boxes that people judged as they are, others processed as in the paper."""
    kept = [i for i, box in enumerate(boxes) if _judged(box)]
    others = [i for i, box in enumerate(boxes) if not _judged(box)]
    records = [_box_columns([boxes[i]]) for i in kept]
    if not others:
        return _Clumps(corners[kept], records, [False] * len(kept))
    processed = post_process(
        corners[others],
        [float("nan" if (s := boxes[i].score) is None else s) for i in others],
        [boxes[i].cls for i in others],
        ready.fwhm,
        None if ready.host is None else ready.host.mask,
    )
    members = [len(m) for m in processed.members]
    notes.dropped += len(others) - sum(members)
    notes.merged += sum(m for m in members if m > 1)
    records += [_box_columns([boxes[others[i]] for i in m]) for m in processed.members]
    merged = [False] * len(kept) + processed.merged.tolist()
    return _Clumps(np.concatenate([corners[kept], processed.boxes]), records, merged)


def _judged(box: Box) -> bool:
    """Return whether somebody has judged a box, even if it waits for a decision."""
    return box.status is not Status.PROPOSAL or bool(box.opinions)


def _box_columns(boxes: Sequence[Box]) -> Rows:
    """Return what the review says of a clump, of its first box where it has several."""
    box = boxes[0]
    scores = [one.score for one in boxes if one.score is not None]
    return {
        "tier": tier_of_boxes(boxes),
        "clump_id": box.id,
        "clump_label_name": box.cls,
        "clump_score": max(scores, default=None),
        "status": box.status.value,
        "origin": box.origin,
        "annotator": box.annotator,
        "model": box.model,
    }
