"""``detect``: a table of boxes on images and folders."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clump_detector.config.detection import DetectOptions
from clump_detector.core.errors import ClumpError, ModelError
from clump_detector.core.text import plural

from .options import (
    Bands,
    Device,
    Model,
    Paths,
    Unit,
    app,
    described,
    end_with,
    with_progress,
)

if TYPE_CHECKING:
    from clump_detector.catalogue.detections import Row, Votes
    from clump_detector.detector.predict import Detections, Predictor
    from clump_detector.image_files.sources import Source
    from clump_detector.images.cutout import Cutout


@app.command()
def detect(
    paths: Paths,
    out: Annotated[Path, typer.Option(help="A table: .csv, .parquet or .ecsv.")] = Path(
        "detections.csv"
    ),
    model: Model = "starter",
    score: Annotated[float | None, described(DetectOptions, "score")] = None,
    device: Device = "auto",
    bands: Bands = None,
    unit: Unit = None,
    ensemble: Annotated[
        bool,
        typer.Option(
            "--ensemble",
            help="Ask all heads of the model's ensemble: the score is their mean, and "
            "spread and votes are columns. Slower by about a tenth.",
        ),
    ] = False,
) -> None:
    """Detect clumps and write a table of boxes."""
    from clump_detector.catalogue.detections import (
        COLUMNS,
        OF_HEADS,
        check_table_name,
        write_table,
    )
    from clump_detector.detector.predict import Predictor
    from clump_detector.image_files.sources import search
    from clump_detector.images.overrides import Choice
    from clump_detector.models.registry import resolve_model

    check_table_name(out)
    chosen = search(paths)
    if chosen.note:
        print(chosen.note, file=sys.stderr)
    sources = Choice.of(bands, unit).for_sources(chosen.sources)
    predictor = Predictor(resolve_model(model), device)
    least = predictor.card.default_score if score is None else score
    find = _with_ensemble(predictor) if ensemble else _alone(predictor)
    rows, problems = _detected(sources, predictor.model_id, find, least)
    if len(problems) < len(sources):
        write_table(rows, out, (*COLUMNS, *OF_HEADS) if ensemble else COLUMNS)
        read = len(sources) - len(problems)
        print(f"{out}: {len(rows)} boxes on {read} cutouts, score {least:g} or more.")
    end_with(problems)


#: Returns the boxes on a cutout, and what the heads of an ensemble say if asked.
_Find = Callable[["Cutout"], tuple["Detections", "Votes | None"]]


def _alone(predictor: Predictor) -> _Find:
    """Return what searches a cutout with the model as it is."""
    return lambda cutout: (predictor.predict(cutout), None)


def _with_ensemble(predictor: Predictor) -> _Find:
    """Return what searches a cutout and asks all heads of the model's ensemble.

    Raises
    ------
    ModelError
        If the model has no ensemble.
    """
    import numpy as np

    from clump_detector.catalogue.detections import Votes
    from clump_detector.detector.describing.describer import Describer

    if not predictor.card.ensemble:
        raise ModelError(
            "this model has no ensemble",
            predictor.folder,
            "Retrain it from a review: five heads are then kept beside it.",
        )
    describer = Describer(predictor)

    def find(cutout: Cutout) -> tuple[Detections, Votes | None]:
        found, described = describer.describe(cutout, np.zeros((0, 4)))
        n = len(found)
        mean = replace(found, scores=described.mean[:n])
        votes = Votes(described.spread[:n], described.votes[:n], described.heads)
        return mean, votes

    return find


def _detected(
    sources: Sequence[Source], model: str, find: _Find, least: float
) -> tuple[list[Row], list[str]]:
    """Return the rows of all cutouts, and why others could not be read."""
    from clump_detector.catalogue.detections import rows_of
    from clump_detector.images.cutout import read_cutout

    rows: list[Row] = []
    problems: list[str] = []
    coloured: Counter[str] = Counter()
    for source in with_progress(sources, "Detecting clumps"):
        try:
            cutout = read_cutout(source)
            found, votes = find(cutout)
        except ClumpError as error:
            problems.append(error.message)
            continue
        for note in cutout.notes:
            print(f"{source.path}: {note}", file=sys.stderr)
        coloured[found.bands] += 1
        made = rows_of(source.path, cutout, found, model, votes)
        rows += [row for row in made if row["score"] >= least]
    for bands in filter(None, sorted(coloured)):
        n = plural(coloured[bands], "cutout")
        print(f"Colours in {bands} count in the scores of {n}.", file=sys.stderr)
    return rows, problems
