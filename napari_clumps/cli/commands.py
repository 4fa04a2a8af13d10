"""The verbs of ``napari-clumps``. Heavy rooms are imported when a verb runs."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from clump_detector.core.errors import Cancelled, ClumpError, ConfigError

from .progress import ProgressLine, shown_steps

app = typer.Typer(
    name="napari-clumps",
    help="Find, review and learn giant star-forming clumps in galaxies.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
models_app = typer.Typer(help="The models on this machine.", no_args_is_help=True)
app.add_typer(models_app, name="models")

Paths = Annotated[list[Path], typer.Argument(help="Images and folders.")]
Model = Annotated[str, typer.Option(help="A model's name, or its folder.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Bands = Annotated[
    str | None,
    typer.Option(help="Bands of files that do not name them, in order, such as grz."),
]
Unit = Annotated[
    str | None,
    typer.Option(
        help="Unit of fluxes whose header names none: nanomaggy, uJy, or zp=27.0."
    ),
]


#: Click's base of all errors of usage, wherever this version of typer keeps it.
_UsageError: Any = next(
    c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException"
)


class SimulatedFiles(StrEnum):
    """What simulated galaxies are written as."""

    png = "png"
    fits = "fits"
    both = "both"


class Taking(StrEnum):
    """How labels that others made are taken in."""

    proposals = "proposals"
    accepted = "accepted"


class Parts(StrEnum):
    """What of a model is trained."""

    heads = "heads"
    fpn = "fpn"
    last_stages = "last-stages"
    everything = "everything"


#: The exit code after Ctrl+C, as shells have it.
_CANCELLED = 130


def main() -> None:
    """Run the command line; bad input is one line on stderr and exit code 2."""
    try:
        code = app(standalone_mode=False)
    except ClumpError as error:
        _fail(error.message)
    except _UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message())
            sys.exit(0)
        _fail(" ".join(error.format_message().split()))
    except typer.Exit as error:
        code = error.exit_code
    except (KeyboardInterrupt, typer.Abort, Cancelled):
        code = _CANCELLED
    if code == _CANCELLED:  # typer makes this of Ctrl+C, and says nothing
        print("Cancelled.", file=sys.stderr)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str) -> None:
    print(f"napari-clumps: {message}", file=sys.stderr)
    sys.exit(2)


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
    from napari_clumps.demo.tour import open_demo, scripted_demo

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
    from napari_clumps.demo.tour import open_window

    open_window(paths, review_file, Choice.of(bands, unit))


@app.command()
def detect(
    paths: Paths,
    out: Annotated[Path, typer.Option(help="A table: .csv, .parquet or .ecsv.")] = Path(
        "detections.csv"
    ),
    model: Model = "starter",
    score: Annotated[
        float | None, typer.Option(min=0, max=1, help="Keep boxes from here up.")
    ] = None,
    device: Device = "auto",
    bands: Bands = None,
    unit: Unit = None,
) -> None:
    """Detect clumps and write a table of boxes."""
    from clump_detector.catalogue.detections import (
        check_table_name,
        rows_of,
        write_table,
    )
    from clump_detector.core.sources import search
    from clump_detector.detector.predict import Predictor
    from clump_detector.images.cutout import read_cutout
    from clump_detector.images.overrides import Choice
    from clump_detector.models.registry import resolve_model

    check_table_name(out)
    looked = search(paths)
    if looked.said:
        print(looked.said, file=sys.stderr)
    sources = Choice.of(bands, unit).for_sources(looked.sources)
    predictor = Predictor(resolve_model(model), device)
    least = predictor.card.default_score if score is None else score
    rows: list[dict[str, Any]] = []
    problems: list[str] = []
    for source in _progress(sources, "Detecting clumps"):
        try:
            cutout = read_cutout(source)
            found = predictor.predict(cutout)
        except ClumpError as error:
            problems.append(error.message)
            continue
        for note in cutout.notes:
            print(f"{source.path}: {note}", file=sys.stderr)
        rows += [
            row
            for row in rows_of(source.path, cutout, found, predictor.model_id)
            if row["score"] >= least
        ]
    if len(problems) < len(sources):
        write_table(rows, out)
        read = len(sources) - len(problems)
        print(f"{out}: {len(rows)} boxes on {read} cutouts, score {least:g} or more.")
    _tell_problems(problems)


@app.command()
def export(
    review_file: Annotated[Path, typer.Argument(help="A *.clumps file.")],
    out: Annotated[
        Path, typer.Option(help="A file, whose ending says the format, or a folder.")
    ] = Path("labels.json"),
    how: Annotated[
        str | None,
        typer.Option(
            "--as",
            help="labels, catalogue, coco, ds9-sky, ds9-image, yolo, voc, zooniverse "
            "or sheet; by default as the ending says.",
        ),
    ] = None,
    png: Annotated[
        bool, typer.Option("--png", help="With COCO: also write every cutout as PNG.")
    ] = False,
    proposals: Annotated[
        bool, typer.Option("--proposals", help="Undecided proposals, too.")
    ] = False,
    score: Annotated[
        float, typer.Option(min=0, max=1, help="The score that proposals need.")
    ] = 0.3,
    undone: Annotated[
        bool,
        typer.Option(
            "--undone", help="Cutouts that are not done, in formats that cannot say so."
        ),
    ] = False,
    unit: Unit = None,
) -> None:
    """Export a review: labels, regions, training folders, a catalogue or a sheet."""
    from napari_clumps.io.formats import export as write
    from napari_clumps.io.selection import ExportOptions
    from napari_clumps.review import Review

    options = ExportOptions(png, proposals, score, undone)
    with Review.open(review_file, read_only=True) as opened:
        opened.unit = unit or opened.unit
        print(shown_steps(write(opened, out, how, options), "Exporting"))


@app.command(name="import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="Another reviewer's *.clumps file; or labels that others made: Clump "
            "Scout, published catalogues, DS9, COCO, YOLO, Pascal VOC, any table; or "
            "vizier:J/ApJ/931/16. With --out, a list of galaxies: CSV, ECSV, VOTable, "
            "FITS table or Parquet."
        ),
    ],
    into: Annotated[
        Path | None,
        typer.Option(help="The review that takes it in; undo takes it back."),
    ] = None,
    how: Annotated[
        Taking, typer.Option("--as", help="Labels to decide on, or decided already.")
    ] = Taking.proposals,
    kind: Annotated[
        str | None,
        typer.Option(
            help="What labels they are, where the file does not say it: clump-scout, "
            "popp, adams, ds9, coco, yolo, voc or table."
        ),
    ] = None,
    side: Annotated[
        float | None,
        typer.Option(min=0.01, help="Arcsec a side for labels without a size."),
    ] = None,
    cls: Annotated[
        str | None, typer.Option("--class", help="The class that every box gets.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Fetch the cutouts of a list of galaxies into this folder."),
    ] = None,
    survey: Annotated[
        str,
        typer.Option(
            help="With --out: sdss, sdss-frames, legacy, panstarrs, dss2, or any HiPS."
        ),
    ] = "sdss",
    bands: Annotated[
        str,
        typer.Option(help="With --out: such as ugriz; by default the usual three."),
    ] = "",
    size: Annotated[
        float | None, typer.Option(help="With --out: arcsec a side of every cutout.")
    ] = None,
    radii: Annotated[
        float,
        typer.Option(
            help="With --out and no --size: effective radii a side of each cutout."
        ),
    ] = 12.0,
    pixels: Annotated[
        int | None,
        typer.Option(
            help="With --out: pixels a side. By default FITS has the survey's own "
            "pixels, and a picture 400 a side."
        ),
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option(help="With --out: arcsec per pixel, instead of --pixels."),
    ] = None,
    picture: Annotated[
        bool,
        typer.Option("--picture", help="With --out: colour JPEG rather than FITS."),
    ] = False,
    png: Annotated[
        bool, typer.Option("--png", help="With --out: colour PNG rather than FITS.")
    ] = False,
    column: Annotated[
        list[str] | None,
        typer.Option(
            help="With --out: which column of the list is what, such as ra=MYRA, "
            "ra=MYRA[hourangle] or redshift=none; may be given several times."
        ),
    ] = None,
) -> None:
    """Take decisions or labels into a review, or fetch the cutouts of a list."""
    from napari_clumps.review import Review, merged_in_words

    if out is not None and into is None:
        kind_of_file = "png" if png else "jpg" if picture else ""
        _fetch_list(
            file, out, column or [],
            survey=survey, bands=bands, picture=kind_of_file, size=size, radii=radii,
            pixels=pixels, scale=scale,
        )  # fmt: skip
        return
    if into is None or out is not None:
        raise ConfigError(
            "import takes either --into REVIEW or --out FOLDER",
            file,
            "Say --into for labels and decisions, --out for a list of galaxies.",
        )
    if file.suffix != ".clumps":
        _import_labels(file, into, how.value, kind, side, cls)
        return
    with Review.open(into) as review:
        merged = shown_steps(review.merge_steps(file), "Merging")
    print(f"{into}: {merged_in_words(merged)}")
    _tell_problems(
        [f"{name} has another size there and was left out." for name in merged.skipped]
    )


def _import_labels(
    file: Path, into: Path, how: str, kind: str | None, side: float | None,
    cls: str | None,
) -> None:  # fmt: skip
    """Take labels that others made into a review, and say what was left out."""
    from napari_clumps.io.import_labels import find_labels, take_labels
    from napari_clumps.review import Review
    from napari_clumps.settings.settings import load_settings

    with Review.open(into) as review:
        if not review.read_only:
            review.annotator = load_settings().name()
        work = find_labels(review, file, kind=kind, side=side)
        found = shown_steps(work, "Looking for their cutouts")
        said = [*found.in_words(), *take_labels(review, found, how, cls)]
    print("\n".join([f"{into}: {said[0]}", *said[1:]]))


def _fetch_list(file: Path, out: Path, column: list[str], **choices: Any) -> None:
    """Fetch the cutouts of a list of galaxies, and name those that did not come."""
    from clump_detector.galaxies.columns import parse_choices
    from clump_detector.surveys.request import DownloadRequest

    from .download import fetch_from_command_line

    bar = ProgressLine("Fetching cutouts", 1)
    problems = fetch_from_command_line(
        file,
        out,
        DownloadRequest(columns=parse_choices(column), **choices),
        bar.show,
        print,
    )
    bar.end()
    _tell_problems(problems)


@app.command()
def train(
    labels: Annotated[
        Path | None, typer.Argument(help="A label set (COCO JSON) or a *.clumps file.")
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
        Parts | None, typer.Option("--train", help="What to train.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1)] = None,
    seed: Annotated[int | None, typer.Option(min=0)] = None,
    goal: Annotated[
        str | None,
        typer.Option(
            help="What the default score is chosen for: f1, or such as 'purity 0.9' "
            "or 'completeness 0.8', the least that you want."
        ),
    ] = None,
    device: Device = "auto",
    resume: Annotated[
        bool, typer.Option(help="Go on with a training that was stopped.")
    ] = False,
) -> None:
    """Train a model on a label set, or retrain one from a review's corrections."""
    from .train import train_from_command_line

    train_from_command_line(
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
    )


@app.command()
def evaluate(
    labels: Annotated[
        Path,
        typer.Argument(
            help="A label set or *.clumps file; with --inject images or a folder, too."
        ),
    ],
    model: Model = "starter",
    against: Annotated[
        str | None,
        typer.Option(
            help="A second model, on the same galaxies; or another reviewer's *.clumps."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write all figures as JSON.")] = None,
    held_out: Annotated[
        bool, typer.Option(help="Only the cutouts that are held out.")
    ] = False,
    score: Annotated[float | None, typer.Option(min=0, max=1)] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw the figures (png, pdf or svg).")
    ] = None,
    calibrate: Annotated[
        bool,
        typer.Option(help="Keep calibration and best score in the card."),
    ] = False,
    keep: Annotated[
        str | None,
        typer.Option(help="Keep the figures in the card; say on what they were made."),
    ] = None,
    inject: Annotated[
        int | None,
        typer.Option(
            min=1, help="Put so many clumps into the cutouts and see which are found."
        ),
    ] = None,
    device: Device = "auto",
) -> None:
    """Measure a model on labelled cutouts, or how far two reviewers agree."""
    from .train import Judging, evaluate_from_command_line

    if inject is not None:
        from .inject import inject_from_command_line

        if against is not None or calibrate or keep is not None or held_out:
            raise ConfigError(
                "--inject needs no labels and compares nothing",
                labels,
                "Leave out --against, --held-out, --calibrate and --keep.",
            )
        bar = ProgressLine("Putting clumps in", inject)
        inject_from_command_line(
            labels, model, inject, score=score, device=device, out=out,
            picture=picture, report=bar.show,
        )  # fmt: skip
        bar.end()
        return
    if against is not None and against.endswith(".clumps"):
        from .agreement import compare_from_command_line

        compare_from_command_line(labels, Path(against), out)
        return
    judging = Judging(held_out, score, device, out, picture, calibrate, keep)
    evaluate_from_command_line(labels, model, against, judging)


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(help="A new folder.")],
    n: Annotated[int, typer.Option("-n", min=1, help="Number of galaxies.")] = 100,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    kind: Annotated[
        SimulatedFiles, typer.Option(help="Format of the images.")
    ] = SimulatedFiles.png,
    size: Annotated[int, typer.Option(min=64, max=2048, help="Pixels a side.")] = 400,
    into: Annotated[
        Path | None, typer.Option(help="Put clumps into these real cutouts instead.")
    ] = None,
    share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of real cutouts, with --into.")
    ] = 1.0,
    clumpy: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Share with clumps; as in reality by default."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
) -> None:
    """Simulate clumpy galaxies, or clumps in real ones, with their true boxes."""
    from clump_detector.simulate import simulate as run

    bar = ProgressLine("Simulating", n)
    run(
        out, n, seed, kind=kind.value, size=size, into=into, share=share,
        clumpy=clumpy, workers=workers, report=bar.show,
    )  # fmt: skip
    bar.end()
    print(f"{out}: {n} galaxies with their boxes in labels.json.")


@app.command()
def compare(
    recipe: Annotated[Path, typer.Argument(help="An experiment (TOML).")],
    out: Annotated[
        Path | None, typer.Option(help="Its folder; what is there is not done again.")
    ] = None,
) -> None:
    """Compare encoders at several numbers of galaxies, as the paper does."""
    from clump_detector.config.recipe import find_recipe
    from clump_detector.experiments.encoders import read_experiment, run_experiment

    path = find_recipe(recipe, experiment=True)
    folder = out or Path("build") / path.stem
    run_experiment(read_experiment(path), folder, lambda line: print(line, flush=True))
    print(f"{folder}: table.csv and picture.png.")


@models_app.command(name="list")
def models_list(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List the models on this machine, a star at the current one."""
    from .models import print_models

    print_models(as_json)


@models_app.command(name="show")
def models_show(
    name: Annotated[str, typer.Argument(help="A model of the list.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show a model: its card, what it was made from, and its verdicts."""
    from .models import print_model

    print_model(name, as_json)


@models_app.command(name="rename")
def models_rename(
    old: Annotated[str, typer.Argument(help="A model of the list.")],
    new: Annotated[str, typer.Argument(help="Its new name.")],
) -> None:
    """Rename a model; the current one stays current."""
    from .models import rename_from_command_line

    rename_from_command_line(old, new)


@models_app.command(name="remove")
def models_remove(
    name: Annotated[
        str, typer.Argument(help="A model of the list, also a broken one.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove a model for good; never the current one or the starter."""
    from .models import remove_from_command_line

    remove_from_command_line(name, yes)


@models_app.command(name="import")
def models_import(
    file: Annotated[Path, typer.Argument(help="A checkpoint of Popp et al. (.pth).")],
    name: Annotated[
        str | None, typer.Option(help="The new model's name; the file's by default.")
    ] = None,
) -> None:
    """Make a model of one of the checkpoints published with Popp et al. (2023)."""
    from clump_detector.detector.popp_checkpoint import import_checkpoint
    from clump_detector.models.registry import new_model_folder

    folder = new_model_folder(name or file.stem)
    card = import_checkpoint(file, folder)
    print(f"{folder}: a new model, {card.name}.")


def _progress(items: list[Any], words: str) -> Any:
    bar = ProgressLine(words, len(items))
    try:
        for i, item in enumerate(items, start=1):
            yield item
            bar.show(i)
    finally:
        bar.end()


def _tell_problems(problems: list[str]) -> None:
    """Name each input that was left out, and end with 2 if there was one."""
    for problem in problems:
        print(f"napari-clumps: {problem}", file=sys.stderr)
    if problems:
        raise typer.Exit(2)
