"""``compare-reviews``: how far two review files agree, printed."""

from __future__ import annotations

from pathlib import Path

from clump_detector.core.files import write_json
from napari_clumps.review import Review
from napari_clumps.review.agreement import agreement_in_words, between, with_oneself


def compare_from_command_line(first: Path, second: Path, out: Path | None) -> None:
    """Print how far two review files agree, and how far each reviewer with himself.

    Raises
    ------
    ClumpError
        If one is no review, or the figures cannot be written.
    """
    with (
        Review.open(first, read_only=True) as ours,
        Review.open(second, read_only=True) as theirs,
    ):
        found = between(ours, theirs)
        repeated = [(r.path.name, with_oneself(r)) for r in (ours, theirs)]
    print("\n".join(agreement_in_words(found)))
    for name, again in repeated:
        if again.cutouts:
            print(f"{name}, cutouts shown again: {' '.join(agreement_in_words(again))}")
    if out is not None:
        write_json(out, found.figures)
