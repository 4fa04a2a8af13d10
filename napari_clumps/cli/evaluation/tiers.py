"""``tiers``: what the clumps of a catalogue are like, by who has looked at them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clump_detector.core.files import write_json
from napari_clumps.cli.options import app


@app.command()
def tiers(
    catalogue: Annotated[
        Path, typer.Argument(help="A catalogue exported from a review.")
    ],
    out: Annotated[Path | None, typer.Option(help="Write all figures as JSON.")] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw them (png, pdf or svg).")
    ] = None,
) -> None:
    """Tell confirmed, proposed and disputed clumps of a catalogue apart, in figures."""
    from clump_detector.evaluation.catalogues.tiers import (
        figures_by_tier,
        tiers_in_words,
    )

    found = figures_by_tier(catalogue)
    print("\n".join(tiers_in_words(found.figures)))
    if out is not None:
        write_json(out, found.figures)
    if picture is not None:
        from clump_detector.evaluation.catalogues.tiers_picture import draw_tiers

        draw_tiers(found, picture)
