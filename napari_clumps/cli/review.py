"""The verbs around the window: ``demo``, ``review`` and ``take-decisions``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clump_detector.core.errors import ClumpError, ConfigError
from clump_detector.core.text import plural
from clump_detector.labels.classes.names import DEFAULT_CLASSES, as_classes

from .options import Bands, Unit, app, warn
from .progress import shown_steps

if TYPE_CHECKING:
    from clump_detector.survey_search.dataset.asking.selection import Question

#: Cutouts that a review of a dataset gets, where nothing else is said.
_MOST = 500


@app.command()
def demo(
    scripted: Annotated[
        bool,
        typer.Option(help="Go through the review by script, with screenshots."),
    ] = False,
    out: Annotated[
        Path, typer.Option(help="Where the script leaves what it made.")
    ] = Path("build/demo"),
) -> None:
    """Open the sample review in napari."""
    from napari_clumps.demo.tour import scripted_demo
    from napari_clumps.demo.window import open_demo

    if scripted:
        scripted_demo(out)
    else:
        open_demo()


@app.command()
def review(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Images and folders, one *.clumps file, or the dataset of a survey."
        ),
    ],
    review_file: Annotated[
        Path | None,
        typer.Option("--review", help="The review file to make or go on with."),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(
            help='What boxes can be, such as "clump, odd clump, star"; the first one '
            "is given to drawn boxes."
        ),
    ] = None,
    bands: Bands = None,
    unit: Unit = None,
    where: Annotated[
        str | None,
        typer.Option(
            help='Of a dataset: which cutouts, such as "score > 0.3 and n_clumps > 4".'
        ),
    ] = None,
    most: Annotated[
        int | None,
        typer.Option(min=1, help=f"Of a dataset: cutouts at most (default {_MOST})."),
    ] = None,
    order: Annotated[
        str | None,
        typer.Option(
            help="Of a dataset: what comes first: score, uncertainty, random, name, "
            "embedding or distance."
        ),
    ] = None,
    near: Annotated[
        str | None,
        typer.Option(
            help='Of a dataset: around a position, "RA DEC RADIUS" in degrees, the '
            "radius in arcsec or such as 2arcmin or 0.5deg."
        ),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(help="Of a dataset: like the cutout of this name or address."),
    ] = None,
    random: Annotated[
        int | None,
        typer.Option(
            metavar="SEED", help="Of a dataset: at random, the same for a seed."
        ),
    ] = None,
) -> None:
    """Review cutouts in napari: accept, reject, edit and draw boxes."""
    from clump_detector.images.overrides import Choice
    from clump_detector.survey_search.dataset.folder import is_dataset
    from napari_clumps.demo.window import open_window

    asked = (where, most, order, near, like, random)
    if any(map(is_dataset, paths)):
        if len(paths) > 1 or bands or unit:
            raise ConfigError(
                "a dataset is reviewed by itself, with the bands and the unit that it "
                "was made with",
                next(path for path in paths if is_dataset(path)),
            )
        paths = [_review_of_dataset(paths[0], review_file, _question(*asked))]
        review_file = None
    elif any(value is not None for value in asked):
        raise ConfigError(
            "--where, --most, --order, --near, --like and --random are about the "
            "dataset of a survey, and this is none",
            paths[0],
            "Make one with: napari-clumps survey SOURCE --out DATASET.",
        )
    chosen = as_classes(classes.split(",")) if classes is not None else DEFAULT_CLASSES
    if classes is not None:
        _choose_classes(paths, review_file, chosen)
    _take_back(open_window(paths, review_file, Choice.of(bands, unit), chosen))


def _choose_classes(
    paths: Sequence[Path], review_file: Path | None, classes: Sequence[str]
) -> None:
    """Set the classes of a review that is there already.

    Raises
    ------
    ClumpError
        If it cannot have these.
    """
    from napari_clumps.review import Review
    from napari_clumps.settings.paths import review_path_for

    named = len(paths) == 1 and paths[0].suffix == ".clumps"
    path = paths[0] if named else review_file or review_path_for(paths)
    if path.is_file():
        with Review.open(path) as opened:
            opened.choose_classes(classes)


def _question(
    where: str | None,
    most: int | None,
    order: str | None,
    near: str | None,
    like: str | None,
    random: int | None,
) -> Question:
    """Return what the options ask of a dataset."""
    from clump_detector.survey_search.dataset.asking.selection import (
        Question,
        parse_near,
    )

    if random is not None and order not in (None, "random"):
        raise ConfigError(
            f"--random and --order {order} are two orders", remedy="Give one of them."
        )
    return Question(
        where or "",
        most or _MOST,
        order or ("random" if random is not None else ""),
        parse_near(near) if near is not None else None,
        like or "",
        random or 0,
    )


def _review_of_dataset(dataset: Path, path: Path | None, question: Question) -> Path:
    """Make a review of what is asked for, and return its file."""
    from clump_detector.survey_search.dataset.asking.scan import waiting_results
    from clump_detector.survey_search.dataset.query import answer
    from napari_clumps.io.survey_review import FIRST, new_path, review_of
    from napari_clumps.settings.settings import load_settings

    selection = answer(dataset, question)
    print(f"{dataset}: {selection.in_words}", file=sys.stderr)
    waiting = waiting_results(dataset)
    if waiting:
        results = plural(waiting, "result is", "results are")
        print(
            f"{results} not in the tables yet: starting the survey again puts them in.",
            file=sys.stderr,
        )
    path = path or new_path(dataset)
    made, problems = review_of(
        selection, path, first=FIRST, annotator=load_settings().name()
    )
    made.close()
    for problem in problems:
        warn(f"left out: {problem}")
    print(f"The review is {path}.", file=sys.stderr)
    return path


def _take_back(reviews: Sequence[Path]) -> None:
    """Take the decisions of reviews that were made from datasets back into these."""
    from napari_clumps.review import Review

    for path in reviews:
        try:
            with Review.open(path, read_only=True) as opened:
                if opened.survey is None:
                    continue
            take_decisions(path)
        except ClumpError as error:
            warn(error.message)
            warn(f"to try again: napari-clumps take-decisions {path}")


@app.command()
def take_decisions(
    review_file: Annotated[
        Path,
        typer.Argument(help="A *.clumps file with cutouts of a survey's dataset."),
    ],
    into: Annotated[
        Path | None,
        typer.Option(help="The dataset; by default the one it was made from."),
    ] = None,
) -> None:
    """Take what was decided in a review into the dataset of a survey."""
    from napari_clumps.io import survey_decisions as decisions
    from napari_clumps.review import Review

    with Review.open(review_file, read_only=True) as opened:
        dataset = decisions.dataset_of(opened, into)
        work = decisions.take_decisions(opened, dataset)
        print(shown_steps(work, "Taking decisions").in_words)
