"""``evaluate`` of reviews: how far two or several reviewers agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from clump_detector.core.files import write_json
from clump_detector.core.json_types import JsonObject
from napari_clumps.cli.options import warn


def compare_two(
    first: Path,
    second: Path,
    score: float | None,
    out: Path | None,
    picture: Path | None,
) -> None:
    """Print how far two review files agree, the model with them, and each with himself.

    Raises
    ------
    ClumpError
        If one is no review, or the figures cannot be written.
    """
    from napari_clumps.review import Review
    from napari_clumps.review.comparison.agreement import (
        agreement_in_words,
        compare_reviews,
        self_consistency,
    )
    from napari_clumps.review.comparison.answers import answers_of
    from napari_clumps.review.comparison.several import (
        agreement_of_several,
        ceiling_in_words,
    )

    with (
        Review.open(first, read_only=True) as ours,
        Review.open(second, read_only=True) as theirs,
    ):
        found = compare_reviews(ours, theirs)
        repeated = [(r.path.name, self_consistency(r)) for r in (ours, theirs)]
        ceiling = {}
        if found.cutouts:
            ceiling = agreement_of_several(answers_of([ours, theirs], _least(score)))
    print("\n".join(agreement_in_words(found)))
    if ceiling:
        print("\n".join(ceiling_in_words(ceiling)))
        _draw(ceiling, picture)
    elif picture is not None:
        warn(f"{picture} was not drawn: there is nothing to compare")
    for name, again in repeated:
        if again.cutouts:
            print(f"{name}, cutouts shown again: {' '.join(agreement_in_words(again))}")
    if out is not None:
        write_json(out, found.figures | {"ceiling": ceiling})


def compare_many(
    paths: Sequence[Path],
    score: float | None,
    out: Path | None,
    picture: Path | None,
) -> None:
    """Print how far several reviewers agree, and the model that proposed with them.

    Raises
    ------
    ClumpError
        If one is no review, or they share no cutout that is done.
    """
    from napari_clumps.review import Review
    from napari_clumps.review.comparison.answers import answers_of
    from napari_clumps.review.comparison.several import (
        agreement_of_several,
        several_in_words,
    )

    with ExitStack() as stack:
        reviews = [
            stack.enter_context(Review.open(path, read_only=True)) for path in paths
        ]
        figures = agreement_of_several(answers_of(reviews, _least(score)))
    print("\n".join(several_in_words(figures)))
    _draw(figures, picture)
    if out is not None:
        write_json(out, figures)


def _least(score: float | None) -> Callable[[str], float]:
    """Return from which score a model's boxes are proposed, by its id."""
    from napari_clumps.models.thresholds import Thresholds

    thresholds = Thresholds()
    return lambda model: thresholds.of(model) if score is None else score


def _draw(figures: JsonObject, picture: Path | None) -> None:
    """Draw the agreement of people, and the model's with them, where that is wanted."""
    from napari_clumps.review.comparison.ceiling_plot import draw_ceiling

    if picture is not None:
        draw_ceiling(figures, picture)
