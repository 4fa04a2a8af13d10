"""Which cutouts and boxes of a review are exported, and which are left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clump_detector.astrometry.wcs import are_about_sky
from clump_detector.core.errors import ClumpError, LabelError
from clump_detector.core.text import plural
from clump_detector.images.cutout import Cutout, read_cutout
from napari_clumps.review import Box, Corners, CutoutRecord, Review, Status
from napari_clumps.review.images.image_files import misfit
from napari_clumps.review.rules import clip

#: Steps of an export: cutouts written, and all of them.
Step = tuple[int, int]


@dataclass(frozen=True)
class ExportOptions:
    """What to export of a review.

    Attributes
    ----------
    png : bool
        With a label set: also write every cutout as PNG.
    proposals : bool
        Include undecided proposals on cutouts that are not done.
    score : float
        Minimum score of proposals.
    undone : bool
        Include cutouts that are not done, in formats that cannot record it.
    structure : bool
        With a catalogue: also measure the structure of each galaxy.
    """

    png: bool = False
    proposals: bool = False
    score: float = 0.3
    undone: bool = False
    structure: bool = False


@dataclass
class Tally:
    """Counts of what was exported, and notes on what was not.

    Attributes
    ----------
    cutouts, boxes : int
    outside : int
        Boxes that have no pixel in their image.
    problems : list of str
        What was left out and why, in sentences.
    left_out : list of str
        Names of the cutouts that were left out.
    sky : dict of str to int
        Notes on sky coordinates that were not understood: number of cutouts by note.
    """

    cutouts: int = 0
    boxes: int = 0
    outside: int = 0
    problems: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    sky: dict[str, int] = field(default_factory=dict)

    def note_sky(self, cutout: Cutout) -> None:
        """Count the notes of an image's reader on its sky coordinates."""
        for text in are_about_sky(cutout.notes):
            self.sky[text] = self.sky.get(text, 0) + 1

    def add(self, n_boxes: int) -> None:
        """Count an exported cutout."""
        self.cutouts += 1
        self.boxes += n_boxes

    def in_words(self) -> str:
        """Return counts and notes in sentences."""
        n, cutouts = self.boxes, self.cutouts
        text = f"{plural(n, 'box', 'boxes')} on {plural(cutouts, 'cutout')}."
        words = [text, *shorten(self.problems, self.left_out), *self._sky_in_words()]
        if self.outside:
            some = "1 box has" if self.outside == 1 else f"{self.outside:,} boxes have"
            words.append(f"{some} no pixel in the image: not exported.")
        return " ".join(words)

    def refuse_nothing(self, path: Path) -> None:
        """Refuse to write an export without a cutout.

        Raises
        ------
        LabelError
        """
        if not self.cutouts:
            raise LabelError(
                "no image could be exported. "
                + " ".join(shorten(self.problems)).rstrip("."),
                path,
                "Put the images back that were labelled.",
            )

    def _sky_in_words(self) -> list[str]:
        """Return the notes on sky coordinates, the most frequent first."""
        by_number = sorted(self.sky.items(), key=lambda pair: -pair[1])
        words = [
            f"{text.rstrip('.')} ({plural(n, 'cutout')})." for text, n in by_number[:3]
        ]
        left = len(by_number) - len(words)
        return [*words, f"And {left:,} more such notes."] if left > 0 else words


#: Problems that are given in full, and names that are listed of the others.
_IN_FULL, _NAMED = 3, 20


def shorten(problems: Sequence[str], names: Sequence[str] = ()) -> list[str]:
    """Return a few sentences of many problems.

    The first problems are given in full, of some of the others the names.

    Parameters
    ----------
    problems : sequence of str
    names : sequence of str
        Of the cutouts they are about, in the same order.
    """
    more = len(problems) - _IN_FULL
    if more <= 0:
        return list(problems)
    text = f"And {plural(more, 'more cutout was', 'more cutouts were')} left out"
    others = list(names[_IN_FULL : _IN_FULL + _NAMED])
    if others:
        dots = ["…"] if len(names) > _IN_FULL + _NAMED else []
        text += f": {', '.join([*others, *dots])}"
    return [*problems[:_IN_FULL], f"{text}."]


def is_exported(box: Box, options: ExportOptions, done: bool) -> bool:
    """Return whether a box is exported: a kept one, or a wanted proposal.

    Parameters
    ----------
    box : Box
    options : ExportOptions
    done : bool
        Whether its cutout is done: no undecided proposal is exported then.
    """
    if box.kept:
        return True
    if box.status is not Status.PROPOSAL or done or not options.proposals:
        return False
    # One that reviewers have judged is more than a proposal, whatever its score.
    return bool(box.opinions) or box.score is None or box.score >= options.score


def selected(
    review: Review,
    options: ExportOptions,
    *,
    done_only: bool = False,
    empty: bool = False,
) -> list[tuple[CutoutRecord, list[Box]]]:
    """Return the cutouts to export, with their boxes.

    Parameters
    ----------
    review : Review
    options : ExportOptions
    done_only : bool
        Whether the format cannot record that a cutout is not done: clumps without a
        box would count as background.
    empty : bool
        Whether done cutouts without a box are exported, too.

    Raises
    ------
    LabelError
        If there is nothing to export.
    """
    found = []
    undone = 0
    for cutout in review.cutouts():
        if cutout.repeat_of is not None:
            continue
        boxes = [
            b for b in review.boxes(cutout.id) if is_exported(b, options, cutout.done)
        ]
        if not boxes and not (empty and cutout.done):
            continue
        if done_only and not cutout.done and not options.undone:
            undone += 1
            continue
        found.append((cutout, boxes))
    if not found:
        raise _nothing(review, undone, options)
    return found


def _nothing(review: Review, undone: int, options: ExportOptions) -> LabelError:
    if undone:
        return LabelError(
            "no cutout is done, and this format cannot record that: clumps without a "
            f"box on the {undone:,} others would count as background",
            review.path,
            "Mark cutouts as done, or include those that are not (--undone).",
        )
    more = "" if options.proposals else ", or include proposals (--proposals)"
    return LabelError(
        "no box is accepted or drawn, so there is nothing to export",
        review.path,
        f"Accept or draw some boxes first{more}.",
    )


def read(
    review: Review, found: Sequence[tuple[CutoutRecord, list[Box]]], tally: Tally
) -> Iterator[tuple[int, CutoutRecord, Cutout | None, list[tuple[Box, Corners]]]]:
    """Yield number, record, image and clipped boxes of each cutout in turn.

    The image is None where it is missing, cannot be read, or is not the one that was
    labelled; the tally gets the problem.

    Parameters
    ----------
    review : Review
    found : sequence of (CutoutRecord, boxes)
        From `selected`.
    tally : Tally
        Takes notes about the sky, boxes outside the image, and problems.
    """
    for number, (record, boxes) in enumerate(found, start=1):
        cutout = _image(review, record, tally)
        if cutout is None:
            yield number, record, None, []
            continue
        tally.note_sky(cutout)
        size = cutout.width, cutout.height
        fitted = [(box, clip(box.corners, size)) for box in boxes]
        tally.outside += sum(corners is None for _, corners in fitted)
        yield number, record, cutout, [(b, c) for b, c in fitted if c is not None]


def _image(review: Review, record: CutoutRecord, tally: Tally) -> Cutout | None:
    """Return a cutout's image if it is the one that was labelled."""
    problem = review.check_source(record.id)
    if problem is None:
        try:
            cutout = read_cutout(record.source)
        except ClumpError as error:
            problem = error.message
        else:
            problem = misfit(record, (cutout.width, cutout.height))
            if problem is None:
                return cutout
    tally.problems.append(f"Left out: {problem}")
    tally.left_out.append(record.name)
    return None


def one_line(remark: str) -> str:
    """Return a remark in one line, without unprintable characters."""
    seen = "".join(c if c.isprintable() else " " for c in remark)
    return " ".join(seen.split())


def write_text_into(path: Path, text: str) -> None:
    """Write a text file in UTF-8, with its folders, into a temporary folder.

    Parameters
    ----------
    path : path
    text : str
        Its line ends stay as they are.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
