"""``evaluate``: a model on labels, worse images and injected clumps; reviewers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import typer

from clump_detector.core.boxes import Boxes
from clump_detector.core.errors import ConfigError
from clump_detector.core.files import write_json
from clump_detector.core.json_types import JsonObject
from clump_detector.core.progress import Progress, no_progress
from clump_detector.evaluation.breakdown import (
    false_boxes_in_words,
    tier_in_words,
)
from clump_detector.evaluation.classes import classes_in_words
from clump_detector.evaluation.groups import in_words
from clump_detector.image_files.sources import Source, find_sources
from clump_detector.images.cutout import Cutout
from clump_detector.labels.classes.names import as_classes
from clump_detector.labels.label_set import read_label_set
from clump_detector.models.registry import resolve_model
from napari_clumps.cli.labels import joined_labels
from napari_clumps.cli.options import Device, Model, app
from napari_clumps.cli.progress import ProgressLine, shown_events

from .changed_images import degrade, erase
from .choices import EvaluateOptions
from .reviewers import compare_many, compare_two


@app.command()
def evaluate(
    labels: Annotated[
        list[Path],
        typer.Argument(
            help="Label sets or *.clumps files, one or several; with --inject an image "
            "or a folder, too."
        ),
    ],
    model: Model = "starter",
    against: Annotated[
        list[str] | None,
        typer.Option(
            help="A second model, on the same galaxies; or another reviewer's "
            "*.clumps, several times for several reviewers."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write all metrics as JSON.")] = None,
    held_out: Annotated[
        bool, typer.Option(help="Only the cutouts that are held out.")
    ] = False,
    score: Annotated[float | None, typer.Option(min=0, max=1)] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Plot the metrics (png, pdf or svg).")
    ] = None,
    calibrate: Annotated[
        bool,
        typer.Option(
            help="Fit the score calibration and default threshold; store them in the "
            "model card."
        ),
    ] = False,
    keep: Annotated[
        str | None,
        typer.Option(help="Store metrics in the model card, described by TEXT."),
    ] = None,
    baseline: Annotated[
        bool,
        typer.Option(
            help="Compare with a peak finder (differences of Gaussians on blue) that "
            "gives as many boxes."
        ),
    ] = False,
    classes: Annotated[
        str | None,
        typer.Option(
            help='Only these classes are looked for, such as "clump, odd clump": boxes '
            "of others are no clumps."
        ),
    ] = None,
    inject: Annotated[
        int | None,
        typer.Option(
            min=1, help="Inject N artificial clumps and measure completeness."
        ),
    ] = None,
    robustness: Annotated[
        bool,
        typer.Option(
            help="Degrade the images (missing pixels, noise, wider PSF, colours, JPEG, "
            "...), and compare with what is found on them as they are."
        ),
    ] = False,
    explain: Annotated[
        bool,
        typer.Option(
            help="Erase the clump in each proposed box, and count what is proposed "
            "still: boxes that the clump does not explain."
        ),
    ] = False,
    device: Device = "auto",
) -> None:
    """Measure a model on labelled cutouts, or how far two reviewers agree."""
    others = against or []
    reviews = [Path(name) for name in others if name.endswith(".clumps")]
    alone = inject is not None or bool(reviews)
    _refuse_mixed(labels, others, len(reviews), alone=alone)
    if classes is not None and (alone or robustness or explain):
        raise ConfigError(
            "--classes is for the figures of a model on labels",
            labels[0],
            "Leave it out, or leave out --robustness, --explain, --inject and reviews.",
        )
    if inject is not None:
        if baseline or others or calibrate or keep is not None or held_out:
            raise ConfigError(
                "--inject needs no labels and compares nothing",
                labels[0],
                "Leave out --against, --baseline, --held-out, --calibrate and --keep.",
            )
        bar = ProgressLine("Injecting clumps", inject)
        _inject(
            labels[0], model, inject, score=score, device=device, out=out,
            picture=picture, progress=bar.show,
        )  # fmt: skip
        bar.end()
        return
    for option, asked, work in (
        ("--robustness", robustness, degrade),
        ("--explain", explain, erase),
    ):
        if not asked:
            continue
        if baseline or others or calibrate or keep is not None:
            raise ConfigError(
                f"{option} compares a model with itself",
                labels[0],
                "Leave out --against, --baseline, --calibrate and --keep.",
            )
        work(labels, model, EvaluateOptions(held_out, score, device, out, picture))
        return
    if len(reviews) > 1:
        compare_many([labels[0], *reviews], score, out, picture)
        return
    if reviews:
        compare_two(labels[0], reviews[0], score, out, picture)
        return
    options = EvaluateOptions(
        held_out, score, device, out, picture, calibrate, keep, baseline,
        None if classes is None else as_classes(classes.split(",")),
    )  # fmt: skip
    _evaluate(labels, model, others[0] if others else None, options)


def _refuse_mixed(
    labels: list[Path], others: list[str], reviews: int, *, alone: bool
) -> None:
    """Refuse several models, and several label sets where only one can be used."""
    if len(others) > 1 and reviews < len(others):
        raise ConfigError(
            "one model is compared with one other",
            remedy="Give --against once, or several times for reviews (*.clumps).",
        )
    if len(labels) > 1 and alone:
        raise ConfigError(
            "several label sets are named, and only one can be used here",
            remedy="Name one, or leave out --inject and the other reviewer's file.",
        )


def _say_pace(path: Path) -> None:
    """Print how a review goes, and what trainings on it brought."""
    from clump_detector.models.arms import arms_in_words
    from clump_detector.models.learning_curve import learning_in_words
    from napari_clumps.review import Review, statistics_in_words

    with Review.open(path, read_only=True) as review:
        pace, points = review.statistics(), review.learning_curve
    learned = *learning_in_words(points), arms_in_words(points)
    for line in (*statistics_in_words(pace), *filter(None, learned)):
        print(line)
    outcomes = [
        *((name, outcome) for name, outcome in pace.models.items()),
        *((f"score from {low:.1f}", outcome) for low, outcome in pace.scores.items()),
    ]
    for name, outcome in outcomes:
        print(
            f"{name}: {outcome.accepted} accepted, {outcome.edited} edited, "
            f"{outcome.rejected} rejected, {outcome.open} open"
        )


def _evaluate(
    labels: list[Path], model: str, against: str | None, options: EvaluateOptions
) -> None:
    """Print a model's figures, or those of two models side by side, and keep them.

    Raises
    ------
    ConfigError
        If the options do not fit together.
    """
    _refuse_against(against, options)
    for path in labels:
        if path.suffix == ".clumps":
            _say_pace(path)
    folder = resolve_model(model)
    with joined_labels(labels) as joined, shown_events("Evaluating") as progress:
        figures = _figures(folder, against, joined, options, progress)
    for problem in figures.get("problems", []):
        print(f"napari-clumps: {problem}", file=sys.stderr)
    for said in (figures["summary"], *figures["notes"], *_group_lines(figures)):
        print(said)
    _draw(figures, options)
    _keep_in_card(folder, figures, options, alone=against is None)


def _refuse_against(against: str | None, options: EvaluateOptions) -> None:
    """Refuse what can only be done with one model, where there are two."""
    if against is None:
        return
    for chosen, option, what in (
        (options.calibrate, "--calibrate", "a calibration is of one model"),
        (options.baseline, "--baseline", "the peak finder is compared with one model"),
    ):
        if chosen:
            raise ConfigError(what, remedy=f"Leave out --against or {option}.")


def _figures(
    folder: Path,
    against: str | None,
    labels: Path,
    options: EvaluateOptions,
    progress: Progress,
) -> JsonObject:
    """Return the figures of a model, or of the comparison with another."""
    from clump_detector.evaluation.comparison import compare_models
    from clump_detector.evaluation.evaluate import evaluate_model

    which: Literal["all", "held_out"] = "held_out" if options.held_out else "all"
    score, device = options.score, options.device
    if against is None:
        return evaluate_model(
            folder, labels, score=score, device=device, which=which,
            classes=options.classes, baseline=options.baseline, progress=progress,
        )  # fmt: skip
    return compare_models(
        resolve_model(against), folder, labels, old_score=score, new_score=score,
        device=device, which=which, classes=options.classes, progress=progress,
    )  # fmt: skip


def _draw(figures: JsonObject, options: EvaluateOptions) -> None:
    """Write the figures as JSON and as a picture, where that is asked for."""
    from clump_detector.evaluation.plots import draw_metrics

    if options.out is not None:
        write_json(options.out, figures)
    if options.picture is not None and not figures["galaxies"]:
        print(
            f"napari-clumps: {options.picture} was not drawn: no galaxy was evaluated.",
            file=sys.stderr,
        )
    elif options.picture is not None:
        draw_metrics(figures, options.picture)


def _keep_in_card(
    folder: Path, figures: JsonObject, options: EvaluateOptions, *, alone: bool
) -> None:
    """Store figures and calibration in the model's card, where that is asked for."""
    from clump_detector.evaluation.card_metrics import calibrate, store_metrics
    from clump_detector.evaluation.comparison import store_verdict

    if options.keep is not None:
        store = store_metrics if alone else store_verdict
        store(folder, figures, options.keep)
    if options.calibrate:
        card = calibrate(folder, figures)
        print(
            f"{card.name}: temperature {card.calibration.temperature:.2f}, offset "
            f"{card.calibration.offset:+.2f}, default score {card.default_score:.2f}."
        )


def _group_lines(figures: JsonObject) -> Iterator[str]:
    """Yield figures by label set, host, class and tier, where there are several."""
    for name in ("label_sets", "host_diameters"):
        rows = figures.get(name, ())
        yield from (in_words(row) for row in rows if len(rows) > 1)
    for model in filter(None, (figures.get("old"), figures.get("new"))):
        yield from classes_in_words(model)
    if "classes" in figures:
        yield from classes_in_words(figures)
    yield from map(tier_in_words, figures.get("tiers", ()))
    if figures.get("false_boxes"):
        yield false_boxes_in_words(figures["false_boxes"])
    if figures.get("baseline"):
        yield figures["baseline"]["summary"]


def _inject(
    path: Path,
    model: str,
    n: int,
    *,
    score: float | None = None,
    device: str = "auto",
    out: Path | None = None,
    picture: Path | None = None,
    seed: int = 0,
    progress: Progress = no_progress,
) -> None:
    """Put clumps into cutouts, detect, and print and draw the completeness.

    Parameters
    ----------
    path : path
        An image, a folder, a label set or a review.
    model : str
    n : int
        How many clumps.
    score : float, optional
        From which boxes count; the card's default.
    device : str
    out, picture : path, optional
        Where all trials go as JSON, and the figure.
    seed : int
    progress : callable

    Raises
    ------
    ClumpError
        If there is no such model or no cutout that can be used.
    """
    from clump_detector.detector.predict import Predictor
    from clump_detector.evaluation.completeness import (
        completeness,
        completeness_in_words,
        draw_completeness,
    )
    from clump_detector.evaluation.injection import try_clumps
    from clump_detector.models.registry import resolve_model

    sources = _sources(path)
    predictor = Predictor(resolve_model(model), device)
    least = predictor.card.default_score if score is None else score

    def find(cutout: Cutout) -> tuple[Boxes, list[float]]:
        found = predictor.predict(cutout)
        return found.boxes, found.scores.tolist()

    trials, problems = try_clumps(sources, find, n, seed=seed, progress=progress)
    for problem in problems:
        print(f"napari-clumps: {problem}", file=sys.stderr)
    figures = completeness(trials, least)
    cutouts = len({trial.cutout for trial in trials})
    print("\n".join(completeness_in_words(figures, cutouts, predictor.model_id)))
    if out is not None:
        rows = [vars(trial) for trial in trials]
        write_json(out, {"model": predictor.model_id, **figures, "each": rows})
    if picture is not None:
        words = f"{predictor.model_id}, score {least:g}, {figures['trials']} clumps"
        draw_completeness(figures, picture, words)


def _sources(path: Path) -> list[Source]:
    """Return the cutouts of a review or a label set, or images and folders."""
    if path.suffix == ".clumps":
        from napari_clumps.review import Review

        with Review.open(path, read_only=True) as review:
            found = [c.source for c in review.cutouts() if c.repeat_of is None]
    elif path.suffix == ".json":
        found = [cutout.source for cutout in read_label_set(path).cutouts]
    else:
        found = find_sources([path])
    if not found:
        raise ConfigError("there is no cutout to put clumps into", path, "Name images.")
    return found
