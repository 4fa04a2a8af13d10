"""``compare-catalogues``: two models, two people, or a model and a published table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from clump_detector.core.files import write_json
from clump_detector.core.text import plural
from napari_clumps.cli.options import app
from napari_clumps.cli.progress import shown_steps

if TYPE_CHECKING:
    from clump_detector.labels.label_set import LabelSet


@app.command(name="compare-catalogues")
def compare_catalogues(
    first: Annotated[
        str,
        typer.Argument(
            help="A review, a label set, or any labels that `import` reads: a table of "
            "boxes or of ra and dec, DS9, COCO, YOLO, Pascal VOC, vizier:NAME."
        ),
    ],
    second: Annotated[str, typer.Argument(help="Another one.")],
    radius: Annotated[
        float | None,
        typer.Option(
            help="How far apart two may be to be the same clump, in pixels or arcsec; "
            "by default one FWHM (the boxes' side / 2.5), on the sky 1 arcsec.",
        ),
    ] = None,
    unit: Annotated[
        Literal["pixels", "arcsec"] | None,
        typer.Option(
            help="Compare in pixels of images of the same name, or on the sky; pixels "
            "where both have them."
        ),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(
            help="Write the clumps on which they differ, the most unusual first (csv, "
            "ecsv, vot or fits)."
        ),
    ] = None,
    queue: Annotated[
        Path | None,
        typer.Option(
            help="A review (*.clumps) whose queue begins with the galaxies on which "
            "they differ."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write all figures as JSON.")] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Plot the agreement (png, pdf or svg).")
    ] = None,
) -> None:
    """Compare two catalogues of clumps: how far they agree, on what, and where not."""
    from clump_detector.evaluation.catalogues.agreement import agreement_in_words
    from clump_detector.evaluation.catalogues.disagreements import write_disagreements
    from clump_detector.evaluation.catalogues.picture import draw_agreement
    from napari_clumps.review.comparison.catalogues import compare_catalogues as compare

    steps = compare(_given(first), _given(second), radius, unit)
    found = shown_steps(steps, "Placing")
    print("\n".join(agreement_in_words(found.figures)))
    if out is not None:
        write_json(out, found.figures)
    if picture is not None:
        draw_agreement(found.figures, picture)
    if table is not None:
        write_disagreements(found.disagreements, table)
        n = len(found.disagreements)
        print(f"{table}: {plural(n, 'clump')} on which they differ.")
    if queue is not None:
        print(_put_first(queue, found.galaxies))


def _given(name: str) -> tuple[LabelSet, Path] | str:
    """Return a review's label set and file, or the name of another file as it is."""
    if not name.endswith(".clumps"):
        return name
    from napari_clumps.review import Review

    with Review.open(Path(name), read_only=True) as review:
        return review.label_set(), Path(name)


def _put_first(path: Path, galaxies: Sequence[str]) -> str:
    """Put galaxies first in the queue of a review, and return a sentence about it."""
    from napari_clumps.review import Review
    from napari_clumps.review.comparison.catalogues import put_first

    with Review.open(path) as review:
        n = put_first(review, galaxies)
    missing = len(galaxies) - n
    rest = f"; {missing:,} more are not in it" if missing else ""
    return f"{path}: {plural(n, 'galaxy', 'galaxies')} first in the queue{rest}."
