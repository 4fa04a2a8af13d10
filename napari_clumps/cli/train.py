"""``train``: a new model from a label set or a review, and how it compares."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from clump_detector.config.recipe import preset
from clump_detector.config.training import TrainConfig
from clump_detector.core.errors import ConfigError, ReviewError
from clump_detector.core.json_types import JsonObject
from clump_detector.labels.classes.mapping import (
    ClassMap,
    new_classes,
    parse_class_map,
)
from clump_detector.labels.label_set import LabelSet
from clump_detector.models.card import ModelCard, read_card
from clump_detector.models.registry import new_model_folder, resolve_model
from clump_detector.train.events import (
    EndEvent,
    EpochEvent,
    FeaturesEvent,
    FoldEvent,
    StartEvent,
    StepEvent,
    TrainEvent,
)

from .labels import joined_labels
from .options import Device, Model, app, described
from .progress import shown_events


class Parts(StrEnum):
    """What of a model is trained."""

    heads = "heads"
    fpn = "fpn"
    last_stages = "last-stages"
    everything = "everything"


@app.command()
def train(
    labels: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Label sets (COCO JSON) or *.clumps files, one or several."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The new model's folder.")] = None,
    base: Annotated[
        str | None,
        typer.Option(help="The model to start from, or 'none'; else the recipe's."),
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(help="A recipe (TOML); options given here win.")
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            help="Start from an encoder: zoobot-convnext_nano, imagenet-resnet50, "
            "a name of timm, local-dir:PATH or model:NAME."
        ),
    ] = None,
    parts: Annotated[
        Parts | None, described(TrainConfig, "train_parts", "--train")
    ] = None,
    epochs: Annotated[int | None, described(TrainConfig, "epochs")] = None,
    seed: Annotated[int | None, described(TrainConfig, "seed")] = None,
    goal: Annotated[str | None, described(TrainConfig, "goal")] = None,
    classes: Annotated[
        str | None,
        typer.Option(
            help="What classes of the labels are taken for that the model does not "
            'know: "star=star" to learn it, "knot=clump" for the same as clump, "arm=" '
            "to ignore its boxes; several with commas between."
        ),
    ] = None,
    device: Device = "auto",
    resume: Annotated[
        bool, typer.Option(help="Resume an interrupted training run.")
    ] = False,
) -> None:
    """Train a model on label sets, or retrain one from a review's corrections."""
    _train(
        labels,
        out,
        base=base,
        recipe=recipe,
        encoder=encoder,
        parts=None if parts is None else parts.value.replace("-", " "),
        epochs=epochs,
        seed=seed,
        device=device,
        resume=resume,
        goal=goal,
        classes=parse_class_map(classes or ""),
    )


#: Seconds between two lines about events that come often.
_PAUSE = 60.0


class _Printer:
    """Prints the events of a training: each epoch, and now and then how far it is."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, event: TrainEvent) -> None:
        """Print one event on stderr."""
        if isinstance(event, StepEvent | FeaturesEvent):
            now = time.monotonic()
            if now - self._last <= _PAUSE:
                return
            self._last = now
        for line in _lines(event):
            print(line, file=sys.stderr, flush=True)


def _lines(event: TrainEvent) -> Iterator[str]:
    """Yield what is printed of an event."""
    match event:
        case StartEvent():
            yield (
                f"{event.cutouts} cutouts with {event.boxes} boxes and "
                f"{event.rejected} rejected ones; {event.validation} for validation."
            )
            for problem in event.problems:
                yield f"napari-clumps: {problem}"
        case FeaturesEvent():
            yield f"feature maps of cutout {event.done + 1} of {event.total}"
        case StepEvent():
            left = event.seconds_left / 60
            yield f"step {event.step} of {event.steps}, about {left:.0f} minutes left"
        case FoldEvent():
            part = f"part {event.fold} of {event.folds}"
            yield f"Searching galaxies out of fold, {part}."
        case EpochEvent():
            yield _epoch_line(event)
        case EndEvent():
            yield event.calibrated


def _epoch_line(event: EpochEvent) -> str:
    metrics = {
        "loss": event.train_loss,
        "validation": event.validation_loss,
    }
    shares = {"completeness": event.completeness, "purity": event.purity}
    words = [f"epoch {event.epoch:3d}"]
    words += [f"{k} {v:.3f}" for k, v in metrics.items() if v is not None]
    words += [f"{k} {v:.2f}" for k, v in shares.items() if v is not None]
    return "  ".join([*words, *(["best so far"] if event.best else [])])


def _train(
    labels: list[Path] | None,
    out: Path | None,
    *,
    base: str | None,
    recipe: Path | None,
    encoder: str | None,
    parts: str | None,
    epochs: int | None,
    seed: int | None,
    device: str,
    resume: bool,
    goal: str | None,
    classes: ClassMap,
) -> None:
    """Train a model, say where it is, and compare it with the one it started from.

    Raises
    ------
    ConfigError
        If the options or the recipe do not fit.
    """
    from clump_detector.config.model import with_encoder
    from clump_detector.config.recipe import Recipe, find_recipe, read_recipe
    from clump_detector.train.distributed import leads
    from clump_detector.train.run import TrainRequest, train

    plan = Recipe(base="starter", train=preset(parts or "heads"))
    if recipe is not None:
        plan = read_recipe(find_recipe(recipe))
    options: JsonObject = {
        "train_parts": parts, "epochs": epochs, "seed": seed, "goal": goal,
    }  # fmt: skip
    chosen = {key: value for key, value in options.items() if value is not None}
    config = replace(plan.train, device=device, **chosen)
    sources = labels or [Path(name) for name in plan.labels]
    if not sources:
        raise ConfigError("no label set is named", recipe, "Give one, or a review.")
    start = plan.base if base is None else "" if base == "none" else base
    model = plan.model
    if encoder is not None:
        if base not in (None, "none"):
            raise ConfigError(
                "a base model has an encoder of its own",
                remedy="Give either --base or --encoder.",
            )
        start, model = "", with_encoder(model, encoder)
    folder = resolve_model(start) if start else None
    known = model.classes if folder is None else read_card(folder).config.classes
    with joined_labels(sources, classes) as path:
        request = TrainRequest(
            labels=path,
            out=out or new_model_folder(sources[0].stem),
            base=folder,
            config=replace(
                config,
                new_classes=(*config.new_classes, *new_classes(classes, known)),
            ),
            model=model,
            model_keys=plan.model_keys,
            resume=resume,
            recipe="" if recipe is None else recipe.stem,
        )
        made = train(request, _Printer())
        if leads():
            print(f"{made}: a new model.")
            if request.base is not None:
                alone = len(sources) == 1 and sources[0].suffix == ".clumps"
                review = sources[0] if alone else None
                _compare_with_base(request.base, made, path, device, review)


@app.command()
def learn_colours(
    labels: Annotated[
        list[Path],
        typer.Argument(
            help="Label sets or *.clumps files of cutouts with fluxes in u, g and r, "
            "that the model did not learn from."
        ),
    ],
    model: Model = "starter",
    device: Device = "auto",
) -> None:
    """Learn to tell clumps from stars by colour and width, where there is a u band."""
    from clump_detector.evaluation.card_metrics import learn_colours as learn
    from clump_detector.labels.label_set import read_label_set

    folder = resolve_model(model)
    with joined_labels(labels) as joined, shown_events("Measuring") as progress:
        card, notes = learn(folder, read_label_set(joined), device, progress)
    for note in notes:
        print(note)
    bands = ", ".join(card.source_classifier)
    print(f"{card.name}: scores now count colours and widths in the bands {bands}.")


def _compare_with_base(
    base: Path, made: Path, labels: Path, device: str, review: Path | None
) -> None:
    """Print what held-out cutouts say of a new model, and keep it.

    The verdict is kept in the model's card, the figures in the learning curve of the
    review that was learned from, if there is one.
    """
    from clump_detector.evaluation.comparison import compare_models, store_verdict
    from clump_detector.labels.label_set import read_label_set

    every = read_label_set(labels)
    held_out = every.subset(held_out=True)
    if not any(cutout.done for cutout in held_out.cutouts):
        return
    before = read_card(base), read_card(made)
    with shown_events("Comparing") as progress:
        result = compare_models(base, made, held_out, device=device, progress=progress)
    store_verdict(made, result)
    for said in (result["summary"], *result["notes"]):
        print(said)
    if review is not None:
        _note_training(review, result, before, every)


def _note_training(
    review: Path,
    comparison: JsonObject,
    cards: tuple[ModelCard, ModelCard],
    labels: LabelSet,
) -> None:
    """Add a training to a review's learning curve, and print the curve.

    A review that is open elsewhere gets no point; that is said, and the model is there
    all the same.
    """
    from clump_detector.models.arms import arms_in_words
    from clump_detector.models.learning_curve import learning_in_words
    from napari_clumps.models.learning_points import note_training
    from napari_clumps.review import Review

    try:
        with Review.open(review) as opened:
            note_training(opened, comparison, *cards, labels)
            points = opened.learning_curve
    except ReviewError as error:
        print(f"napari-clumps: {error.message}", file=sys.stderr)
        return
    for line in filter(None, (*learning_in_words(points), arms_in_words(points))):
        print(line)
