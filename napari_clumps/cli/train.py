"""Training and judging from the command line: labels from a file or a review."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from clump_detector.config.recipe import preset
from clump_detector.core.errors import ClumpError, ConfigError, LabelError, ReviewError
from clump_detector.core.files import write_json
from clump_detector.labels.label_set import LabelSet, write_label_set
from clump_detector.models.card import ModelCard, read_card
from clump_detector.models.registry import new_model_folder, resolve_model

from .progress import shown_events

_DECIDE = "Accept, reject or draw some boxes, or set cutouts done, first."


@contextmanager
def frozen_labels(path: Path) -> Iterator[Path]:
    """Give the label set's file: the one named, or the frozen state of a review."""
    if path.suffix != ".clumps":
        yield path
        return
    from napari_clumps.review import Review

    with tempfile.TemporaryDirectory(prefix="napari-clumps-") as folder:
        frozen = Path(folder) / "labels.json"
        with Review.open(path, read_only=True) as review:
            labels = review.label_set()
        left_out = [f"Left out: {why}" for why in labels.info.get("left_out", ())]
        if left_out and not labels.cutouts:
            raise LabelError(
                f"no labelled image is as it was. {' '.join(left_out[:3])}".rstrip("."),
                path,
                "Put the images back that were labelled.",
            )
        if not labels.cutouts:
            raise LabelError(
                "no cutout is done and no box decided in this review", path, _DECIDE
            )
        print("".join(f"{why}\n" for why in left_out), end="", file=sys.stderr)
        write_label_set(labels, frozen)
        try:
            yield frozen
        except ClumpError as error:
            if error.path is None or not error.path.is_relative_to(folder):
                raise
            # What is wrong with its labels is wrong with the review, which a person
            # knows; the frozen file is gone before he could look at it.
            raise type(error)(error.what, path, error.remedy) from error


#: Seconds between two lines about steps,
_PAUSE = 60.0

#: which are the events that come often.
_FREQUENT = ("step", "features")


class _Teller:
    """Prints the events of a training: each epoch, and now and then how far it is."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, event: dict[str, Any]) -> None:
        """Print one event."""
        now = time.monotonic()
        if event["event"] not in _FREQUENT:
            _say(event)
        elif now - self._last > _PAUSE:
            self._last = now
            print(_how_far(event), file=sys.stderr, flush=True)


def _how_far(event: dict[str, Any]) -> str:
    if event["event"] == "features":
        return f"feature maps of cutout {event['done'] + 1} of {event['total']}"
    return (
        f"step {event['step']} of {event['steps']}, about "
        f"{event['seconds_left'] / 60:.0f} minutes left"
    )


def _say(event: dict[str, Any]) -> None:
    kind = event["event"]
    if kind == "start":
        print(
            f"{event['cutouts']} cutouts with {event['boxes']} boxes and "
            f"{event['rejected']} rejected ones; {event['validation']} for validation.",
            file=sys.stderr,
        )
        for problem in event.get("problems", ()):
            print(f"napari-clumps: {problem}", file=sys.stderr)
    elif kind == "fold":
        print(
            f"Searching galaxies out of fold, part {event['fold']} of "
            f"{event['folds']}.",
            file=sys.stderr,
            flush=True,
        )
    elif kind == "end":
        print(event["calibrated"], file=sys.stderr, flush=True)
    elif kind == "epoch":
        figures = [f"epoch {event['epoch']:3d}  loss {event['train_loss']:.3f}"]
        if event.get("validation_loss") is not None:
            figures.append(f"validation {event['validation_loss']:.3f}")
        for name in ("completeness", "purity"):
            if event.get(name) is not None:
                figures.append(f"{name} {event[name]:.2f}")
        if event.get("best"):
            figures.append("best so far")
        print("  ".join(figures), file=sys.stderr, flush=True)


def train_from_command_line(
    labels: Path | None,
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
    options: dict[str, Any] = {
        "train_parts": parts, "epochs": epochs, "seed": seed, "goal": goal,
    }  # fmt: skip
    chosen = {key: value for key, value in options.items() if value is not None}
    config = replace(plan.train, device=device, **chosen)
    source = labels or (Path(plan.labels) if plan.labels else None)
    if source is None:
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
    with frozen_labels(source) as path:
        request = TrainRequest(
            labels=path,
            out=out or new_model_folder(source.stem),
            base=resolve_model(start) if start else None,
            config=config,
            model=model,
            resume=resume,
            recipe="" if recipe is None else recipe.stem,
        )
        made = train(request, _Teller())
        if leads():
            print(f"{made}: a new model.")
            if request.base is not None:
                review = source if source.suffix == ".clumps" else None
                _compare_with_base(request.base, made, path, device, review)


def _compare_with_base(
    base: Path, made: Path, labels: Path, device: str, review: Path | None
) -> None:
    """Print what held-out cutouts say of a new model, and keep it.

    The verdict is kept in the model's card, the figures in the learning curve of the
    review that was learned from, if there is one.
    """
    from clump_detector.evaluation.comparison import compare_models, keep_verdict
    from clump_detector.labels.label_set import read_label_set

    every = read_label_set(labels)
    held_out = every.subset(held_out=True)
    if not any(cutout.done for cutout in held_out.cutouts):
        return
    before = read_card(base), read_card(made)
    with shown_events("Comparing") as report:
        result = compare_models(base, made, held_out, device=device, report=report)
    keep_verdict(made, result)
    for said in (result["summary"], *result["notes"]):
        print(said)
    if review is not None:
        _note_training(review, result, before, every)


def _note_training(
    review: Path,
    comparison: dict[str, Any],
    cards: tuple[ModelCard, ModelCard],
    labels: LabelSet,
) -> None:
    """Add a training to a review's learning curve, and print the curve.

    A review that is open elsewhere gets no point; that is said, and the model is there
    all the same.
    """
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
    for line in learning_in_words(points):
        print(line)


@dataclass(frozen=True)
class Judging:
    """Options of `evaluate_from_command_line`.

    Attributes
    ----------
    held_out : bool
        Only the cutouts that are held out.
    score : float or None
        From which boxes count; the cards' defaults by default.
    device : str
    out, picture : path or None
        Where the figures go as JSON, and drawn.
    calibrate : bool
        Keep calibration and best score in the model's card.
    keep : str or None
        Keep the figures there; this says on what they were made.
    """

    held_out: bool = False
    score: float | None = None
    device: str = "auto"
    out: Path | None = None
    picture: Path | None = None
    calibrate: bool = False
    keep: str | None = None


def _say_pace(path: Path) -> None:
    """Print how a review goes, and what trainings on it brought."""
    from clump_detector.models.learning_curve import learning_in_words
    from napari_clumps.review import Review, statistics_in_words

    with Review.open(path, read_only=True) as review:
        pace, points = review.pace(), review.learning_curve
    for line in (*statistics_in_words(pace), *learning_in_words(points)):
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


def evaluate_from_command_line(
    labels: Path, model: str, against: str | None, options: Judging
) -> None:
    """Print a model's figures, or those of two models side by side.

    Raises
    ------
    ConfigError
        If the options do not fit together.
    """
    from clump_detector.evaluation.card_metrics import calibrate, keep_figures
    from clump_detector.evaluation.comparison import compare_models, keep_verdict
    from clump_detector.evaluation.evaluate import evaluate_model
    from clump_detector.evaluation.plots import draw_figures

    if against is not None and options.calibrate:
        raise ConfigError(
            "a calibration is of one model",
            remedy="Leave out --against or --calibrate.",
        )
    if labels.suffix == ".clumps":
        _say_pace(labels)
    which: Literal["all", "held_out"] = "held_out" if options.held_out else "all"
    folder, score, device = resolve_model(model), options.score, options.device
    with frozen_labels(labels) as path, shown_events("Evaluating") as report:
        if against is None:
            figures = evaluate_model(
                folder, path, score=score, device=device, which=which, report=report
            )
        else:
            figures = compare_models(
                resolve_model(against),
                folder,
                path,
                old_score=score,
                new_score=score,
                device=device,
                which=which,
                report=report,
            )
    for problem in figures.get("problems", []):
        print(f"napari-clumps: {problem}", file=sys.stderr)
    for said in (figures["summary"], *figures["notes"]):
        print(said)
    if options.out is not None:
        write_json(options.out, figures)
    if options.picture is not None and not figures["galaxies"]:
        print(
            f"napari-clumps: {options.picture} was not drawn: no galaxy was judged on.",
            file=sys.stderr,
        )
    elif options.picture is not None:
        draw_figures(figures, options.picture)
    if options.keep is not None and against is not None:
        keep_verdict(folder, figures, options.keep)
    elif options.keep is not None:
        keep_figures(folder, figures, options.keep)
    if options.calibrate:
        card = calibrate(folder, figures)
        print(
            f"{card.name}: temperature {card.calibration.temperature:.2f}, offset "
            f"{card.calibration.offset:+.2f}, default score {card.default_score:.2f}."
        )
