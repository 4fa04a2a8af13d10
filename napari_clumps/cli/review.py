"""The verbs that open a window: ``demo`` and ``review``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Bands, Unit, app


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
        list[Path], typer.Argument(help="Images and folders, or one *.clumps file.")
    ],
    review_file: Annotated[
        Path | None,
        typer.Option("--review", help="The review file to make or go on with."),
    ] = None,
    bands: Bands = None,
    unit: Unit = None,
) -> None:
    """Review cutouts in napari: accept, reject, edit and draw boxes."""
    from clump_detector.images.overrides import Choice
    from napari_clumps.demo.window import open_window

    open_window(paths, review_file, Choice.of(bands, unit))
