"""A review of cutouts of a survey's dataset, with the boxes that were found there.

The files of some cutouts have to be made or asked for first. Those of the first few
are there when the review is; the others are noted in it as waiting, and `prepared`,
in any thread, and `take`, in that of the review, add them in their order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from clump_detector.core.errors import ClumpError, ConfigError
from clump_detector.core.text import plural
from clump_detector.image_files.sources import Source
from clump_detector.images.identity import content_key
from clump_detector.images.overrides import Choice
from clump_detector.labels.classes.names import DEFAULT_CLASSES, known_class
from clump_detector.survey_search.addresses import files_of, item_for
from clump_detector.survey_search.dataset.asking.selection import Selection
from clump_detector.survey_search.dataset.details import (
    Details,
    Positions,
    classes_of,
    details_of,
)
from clump_detector.survey_search.dataset.folder import read_made
from napari_clumps.review import Proposal, Review, SurveyOrigin
from napari_clumps.review.images.held_out import keys_of_new
from napari_clumps.review.images.image_files import absolute

#: The folder of reviews in a dataset.
REVIEWS = "reviews"

#: Cutouts that a review has before its window opens.
FIRST = 4

#: Cutouts that are added at a time: at first, later, and how fast these become more.
_FEW, _MANY, _GROWTH = 4, 64, 1.3


@dataclass(frozen=True)
class Prepared:
    """A cutout whose files are there, or why they are not.

    Attributes
    ----------
    address : str
    source : Source or None
    details : Details or None
    keys : tuple of str
        What identifies the galaxy, see `clump_detector.images.identity`.
    problem : str
        In a sentence; empty where there is none.
    """

    address: str
    source: Source | None = None
    details: Details | None = None
    keys: tuple[str, ...] = ()
    problem: str = ""


def new_path(dataset: Path) -> Path:
    """Return where a new review of a dataset is by default; nothing is there yet."""
    name = datetime.now().astimezone().strftime("%Y-%m-%d-%H%M%S")
    path, number = dataset / REVIEWS / f"{name}.clumps", 1
    while path.exists():
        number += 1
        path = path.with_name(f"{name}-{number}.clumps")
    return path


def review_of(
    selection: Selection,
    path: Path,
    *,
    first: int | None = None,
    annotator: str | None = None,
) -> tuple[Review, list[str]]:
    """Make a review of selected cutouts in their order, and open it for writing.

    The boxes of the dataset are its proposals; no model runs.

    Parameters
    ----------
    selection : Selection
    path : path
        The file to make; where it is a review already, the cutouts that it does not
        have are added.
    first : int, optional
        How many cutouts are there when this returns, while the others wait; by default
        all.
    annotator : str, optional
        Name of the reviewer.

    Returns
    -------
    (Review, list of str)
        Also why cutouts were left out, a sentence for each.

    Raises
    ------
    ClumpError
        If nothing was selected, or no cutout of it can be had.
    """
    if not len(selection):
        raise ConfigError(
            "no cutout matches, so there is nothing to review",
            selection.dataset,
            "Ask for something else.",
        )
    addresses = selection.addresses
    n = len(addresses) if first is None else first
    if path.exists():
        review = Review.open(path)
        await_all(review, selection)
        taken = (review.survey or SurveyOrigin(selection.dataset)).waiting[:n]
        return review, _added(review, selection.dataset, taken)
    return _created(selection, path, n, annotator)


def _created(
    selection: Selection, path: Path, n: int, annotator: str | None
) -> tuple[Review, list[str]]:
    """Make a review with the first n cutouts that can be had."""
    dataset, addresses = selection.dataset, selection.addresses
    found = _first(selection, n)
    there = [one.source for one in found if one.source is not None]
    problems = [one.problem for one in found if one.problem]
    if not there:
        raise ClumpError(
            f"none of the {plural(len(addresses), 'cutout')} can be had: {problems[0]}"
        )
    classes = list(DEFAULT_CLASSES)
    for cls in classes_of(dataset):
        if known_class(cls, classes) is None:
            classes.append(cls)
    review = Review.create(path, there, classes=classes, annotator=annotator)
    review.unit = str(read_made(dataset).options.get("unit") or "")
    _note(review, dataset, found, 0, tuple(addresses[len(found) :]))
    return review, problems


def _first(selection: Selection, n: int) -> list[Prepared]:
    """Return what is tried until n cutouts are there."""
    dataset, addresses = selection.dataset, selection.addresses
    sky = (selection.rows[name].to_pylist() for name in ("ra", "dec"))
    where = dict(zip(addresses, zip(*sky, strict=True), strict=True))
    ahead = n + 2  # some may be gone
    prepare = _Preparing(dataset, addresses[:ahead], where)
    found: list[Prepared] = []
    for number, address in enumerate(addresses):
        if number == ahead:
            prepare = _Preparing(dataset, addresses[number:])
        found.append(prepare(address))
        if sum(not one.problem for one in found) == n:
            break
    return found


def await_all(review: Review, selection: Selection) -> int:
    """Note in a review which cutouts are still to be added; return how many.

    Raises
    ------
    ConfigError
        If it has cutouts of another dataset.
    """
    origin = review.survey or SurveyOrigin(selection.dataset)
    if origin.dataset.resolve() != selection.dataset.resolve():
        raise ConfigError(
            "this review has cutouts of another dataset",
            origin.dataset,
            "Make a new review.",
        )
    there = {*origin.addresses.values(), *origin.waiting}
    new = tuple(a for a in selection.addresses if a not in there)
    review.survey = replace(origin, waiting=(*origin.waiting, *new))
    return len(new)


def _added(review: Review, dataset: Path, addresses: Sequence[str]) -> list[str]:
    problems: list[str] = []
    for some in prepared(dataset, addresses):
        problems += take(review, some)
    return problems


def prepared(dataset: Path, addresses: Sequence[str]) -> Iterator[list[Prepared]]:
    """Yield cutouts with their files, some at a time, in order.

    Parameters
    ----------
    dataset : path
    addresses : sequence of str
    """
    if not addresses:
        return
    prepare = _Preparing(dataset, addresses)
    start, size = 0, float(_FEW)
    while start < len(addresses):
        some = [prepare(a) for a in addresses[start : start + int(size)]]
        keys = iter(keys_of_new([one.source for one in some if one.source is not None]))
        yield [one if one.problem else replace(one, keys=next(keys)) for one in some]
        start, size = start + int(size), min(size * _GROWTH, _MANY)


def take(review: Review, found: Sequence[Prepared]) -> list[str]:
    """Add cutouts to a review; return why some were left out.

    Raises
    ------
    ReviewError
        If the review cannot be changed.
    """
    origin = review.survey
    assert origin is not None
    before = len(review)
    there = [(one.source, one.keys) for one in found if one.source is not None]
    if there:
        review.add_cutouts(*zip(*there, strict=True))
    tried = {one.address for one in found}
    waiting = tuple(a for a in origin.waiting if a not in tried)
    _note(review, origin.dataset, found, before, waiting)
    return [one.problem for one in found if one.problem]


def _note(
    review: Review,
    dataset: Path,
    found: Sequence[Prepared],
    before: int,
    waiting: tuple[str, ...],
) -> None:
    """Add the boxes of cutouts that are new in a review, and note their addresses."""
    by_files = {
        tuple(map(absolute, one.source.files)): one
        for one in found
        if one.source is not None
    }
    new: dict[int, Details] = {}
    for number in range(before + 1, len(review) + 1):
        one = by_files.get(review.cutout(number).source.files)
        if one is not None and one.details is not None:
            new[number] = one.details
    by_model: dict[str, list[int]] = defaultdict(list)
    for number, details in new.items():
        by_model[details.model].append(number)
    for model, numbers in by_model.items():
        review.propose_on_all(
            {number: _proposals(review, new[number]) for number in numbers},
            model,
            {number: (new[number].width, new[number].height) for number in numbers},
        )
    origin = review.survey or SurveyOrigin(dataset)
    added = {number: details.address for number, details in new.items()}
    review.survey = SurveyOrigin(dataset, {**origin.addresses, **added}, waiting)


def _proposals(review: Review, details: Details) -> list[Proposal]:
    """Return boxes of a dataset in the review's classes."""
    names = review.class_map(dict.fromkeys(b["class"] for b in details.boxes))
    return [
        Proposal(b["x1"], b["y1"], b["x2"], b["y2"], cls, b["score"])
        for b in details.boxes
        if (cls := names.get(b["class"], b["class"])) is not None
    ]


class _Preparing:
    """Gets the files of cutouts of a dataset.

    Parameters
    ----------
    dataset : path
    addresses : sequence of str
        Of all that are to be had.
    where : mapping, optional
        Their positions, if they are at hand.
    """

    def __init__(
        self, dataset: Path, addresses: Sequence[str], where: Positions | None = None
    ) -> None:
        self._dataset = dataset
        self.details = details_of(dataset, addresses, where)
        options = read_made(dataset).options
        bands, unit = (str(options.get(name) or "") for name in ("bands", "unit"))
        self._choice = Choice.of(bands, unit)

    def __call__(self, address: str) -> Prepared:
        """Return a cutout with its files, or why it cannot be had."""
        details = self.details.get(address)
        if details is None:
            problem = f"{address} is not in the tables of the dataset."
            return Prepared(address, problem=problem)
        try:
            item = item_for(address, self._dataset)
            source = files_of(item, self._dataset)
            same = item.stamp() == details.stamp
            if not same and content_key(source) != details.content:
                problem = f"{address} has changed since it was searched."
                return Prepared(address, problem=problem)
        except ClumpError as error:
            return Prepared(address, problem=error.message)
        (source,) = self._choice.for_sources([source])
        return Prepared(address, source, details)
