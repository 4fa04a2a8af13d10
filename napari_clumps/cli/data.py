"""Into a review and out of it: ``export``, ``import``, ``merge`` and ``fetch``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from clump_detector.core.errors import ConfigError
from clump_detector.galaxies.surveys.request import DownloadRequest

from .options import Unit, app, described, end_with
from .progress import ProgressLine, shown_steps


class ImportAs(StrEnum):
    """What external labels become in a review."""

    proposals = "proposals"
    accepted = "accepted"


Survey = Annotated[str, described(DownloadRequest, "survey")]
SurveyBands = Annotated[str, described(DownloadRequest, "bands", "--bands")]
Size = Annotated[float | None, described(DownloadRequest, "size", "--size")]
Radii = Annotated[float, described(DownloadRequest, "radii", "--radii")]
Pixels = Annotated[int | None, described(DownloadRequest, "pixels", "--pixels")]
Scale = Annotated[float | None, described(DownloadRequest, "scale", "--scale")]
Jpeg = Annotated[bool, typer.Option("--picture", help="Colour JPEG rather than FITS.")]
Png = Annotated[bool, typer.Option("--png", help="Colour PNG rather than FITS.")]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        help="Which column of the list is what, such as ra=MYRA, ra=MYRA[hourangle] "
        "or redshift=none; may be given several times.",
    ),
]


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
        bool, typer.Option("--proposals", help="Include undecided proposals.")
    ] = False,
    score: Annotated[
        float, typer.Option(min=0, max=1, help="Minimum score of proposals.")
    ] = 0.3,
    undone: Annotated[
        bool,
        typer.Option(
            "--undone",
            help="Include cutouts not marked done, in formats that cannot record it.",
        ),
    ] = False,
    structure: Annotated[
        bool,
        typer.Option(
            "--structure",
            help="With a catalogue: also the structure of each galaxy (10 s for each).",
        ),
    ] = False,
    unit: Unit = None,
) -> None:
    """Export a review: labels, regions, training folders, a catalogue or a sheet."""
    from napari_clumps.io.formats import export as write
    from napari_clumps.io.selection import ExportOptions
    from napari_clumps.review import Review

    options = ExportOptions(png, proposals, score, undone, structure)
    with Review.open(review_file, read_only=True) as opened:
        opened.unit = unit or opened.unit
        print(shown_steps(write(opened, out, how, options), "Exporting"))


@app.command(name="import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="Labels to import: a .clumps file, Clump Scout or published "
            "catalogue, DS9, COCO, YOLO, VOC, any table, or vizier:J/ApJ/931/16. "
            "With --out: a galaxy list."
        ),
    ],
    into: Annotated[
        Path | None,
        typer.Option(help="Review to import into (can be undone)."),
    ] = None,
    how: Annotated[
        ImportAs, typer.Option("--as", help="Labels to decide on, or decided already.")
    ] = ImportAs.proposals,
    kind: Annotated[
        str | None,
        typer.Option(
            help="What labels they are, where the file does not say it: clump-scout, "
            "popp, adams, ds9, coco, yolo, voc or table."
        ),
    ] = None,
    side: Annotated[
        float | None,
        typer.Option(min=0.01, help="Side length in arcsec of labels without a size."),
    ] = None,
    cls: Annotated[
        str | None, typer.Option("--class", help="The class that every box gets.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="As `fetch` does: folder for the cutouts of a galaxy list."),
    ] = None,
    survey: Survey = "sdss",
    bands: SurveyBands = "",
    size: Size = None,
    radii: Radii = 12.0,
    pixels: Pixels = None,
    scale: Scale = None,
    picture: Jpeg = False,
    png: Png = False,
    column: Columns = None,
) -> None:
    """Import labels or another reviewer's decisions into a review."""
    if out is not None and into is None:
        fetch(
            file, out, survey, bands, size, radii, pixels, scale, picture, png, column
        )
    elif into is None or out is not None:
        raise ConfigError(
            "import takes either --into REVIEW or --out FOLDER",
            file,
            "Say --into for labels and decisions, --out for a list of galaxies.",
        )
    elif file.suffix == ".clumps":
        merge(into, file)
    else:
        _import_labels(file, into, how.value, kind, side, cls)


def _import_labels(
    file: Path, into: Path, how: str, kind: str | None, side: float | None,
    cls: str | None,
) -> None:  # fmt: skip
    """Take labels that others made into a review, and say what was left out."""
    from napari_clumps.io.import_labels import add_labels, find_labels
    from napari_clumps.review import Review
    from napari_clumps.settings.settings import load_settings

    with Review.open(into) as review:
        if not review.read_only:
            review.annotator = load_settings().name()
        work = find_labels(review, file, kind=kind, side=side)
        found = shown_steps(work, "Matching labels to cutouts")
        said = [*found.in_words(), *add_labels(review, found, how, cls)]
    print("\n".join([f"{into}: {said[0]}", *said[1:]]))


@app.command()
def merge(
    review_file: Annotated[
        Path, typer.Argument(help="Review to merge into (can be undone).")
    ],
    other: Annotated[Path, typer.Argument(help="Another reviewer's *.clumps file.")],
) -> None:
    """Merge another reviewer's decisions into a review."""
    from napari_clumps.review import Review, merge_in_words

    with Review.open(review_file) as review:
        merged = shown_steps(review.merge_steps(other), "Merging")
    print(f"{review_file}: {merge_in_words(merged)}")
    end_with(
        [f"{name} has another size there and was left out." for name in merged.skipped]
    )


@app.command()
def fetch(
    file: Annotated[
        Path,
        typer.Argument(help="A galaxy list: CSV, ECSV, VOTable, FITS table, Parquet."),
    ],
    out: Annotated[Path, typer.Argument(help="Folder for the cutouts.")],
    survey: Survey = "sdss",
    bands: SurveyBands = "",
    size: Size = None,
    radii: Radii = 12.0,
    pixels: Pixels = None,
    scale: Scale = None,
    picture: Jpeg = False,
    png: Png = False,
    column: Columns = None,
) -> None:
    """Download the cutouts of a list of galaxies from a survey."""
    from clump_detector.galaxies.columns import parse_choices

    kind = "png" if png else "jpg" if picture else ""
    columns = parse_choices(column or [])
    request = DownloadRequest(survey, bands, kind, size, radii, pixels, scale, columns)
    end_with(_fetch_cutouts(file, out, request))


def _fetch_cutouts(path: Path, folder: Path, request: DownloadRequest) -> list[str]:
    """Download the cutouts of a list, with progress on stderr.

    Parameters
    ----------
    path : path
        The list.
    folder : path
        Where the cutouts go.
    request : DownloadRequest

    Returns
    -------
    list of str
        What went wrong, one sentence each.

    Raises
    ------
    ClumpError
        If the list or the request is of no use, or the folder cannot be written to.
    """
    from clump_detector.galaxies.read import read_galaxies
    from clump_detector.galaxies.surveys import Ended, Failed, Services, Waits, fetch
    from clump_detector.galaxies.surveys.request import download_in_words, plan_for

    galaxies = read_galaxies(path, request.columns)
    plan = plan_for(galaxies, request, folder)
    print(f"{path}: {len(galaxies)} galaxies. {' '.join(galaxies.report)}")
    for line in plan.notes:
        print(line)
    bar = ProgressLine("Downloading cutouts", len(plan.wanted))
    problems = [*galaxies.problems, *plan.problems]
    done = 0
    for event in fetch(plan, Services()):
        if isinstance(event, Waits):
            print(f"{event.reason}: continuing in {event.seconds:.0f} s.")
            continue
        if isinstance(event, Ended):
            print(download_in_words(event))
            problems += [event.stopped] if event.stopped else []
            continue
        if isinstance(event, Failed):
            problems.append(event.message)
        done += 1
        bar.show(done)
    bar.end()
    return problems
