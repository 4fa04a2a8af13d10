"""``evaluate`` of reviews: how far two or several reviewers agree."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from clump_detector.core.files import write_json


def compare_two(first: Path, second: Path, out: Path | None) -> None:
    """Print how far two review files agree, and how far each reviewer with himself.

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

    with (
        Review.open(first, read_only=True) as ours,
        Review.open(second, read_only=True) as theirs,
    ):
        found = compare_reviews(ours, theirs)
        repeated = [(r.path.name, self_consistency(r)) for r in (ours, theirs)]
    print("\n".join(agreement_in_words(found)))
    for name, again in repeated:
        if again.cutouts:
            print(f"{name}, cutouts shown again: {' '.join(agreement_in_words(again))}")
    if out is not None:
        write_json(out, found.figures)


def compare_many(paths: Sequence[Path], score: float | None, out: Path | None) -> None:
    """Print how far several reviewers agree, and the model that proposed with them.

    Raises
    ------
    ClumpError
        If one is no review, or they share no cutout that is done.
    """
    from napari_clumps.models.thresholds import Thresholds
    from napari_clumps.review import Review
    from napari_clumps.review.comparison.answers import answers_of
    from napari_clumps.review.comparison.several import (
        agreement_of_several,
        several_in_words,
    )

    thresholds = Thresholds()

    def least(model: str) -> float:
        return thresholds.of(model) if score is None else score

    with ExitStack() as stack:
        reviews = [
            stack.enter_context(Review.open(path, read_only=True)) for path in paths
        ]
        figures = agreement_of_several(answers_of(reviews, least))
    print("\n".join(several_in_words(figures)))
    if out is not None:
        write_json(out, figures)
