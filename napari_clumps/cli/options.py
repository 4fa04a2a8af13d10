"""What the verbs share: the application, common options, printing of problems."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from clump_detector.config.detection import DetectOptions
from clump_detector.core.options import option_of

from .progress import ProgressLine

T = TypeVar("T")


def described(owner: type, name: str, *flags: str) -> Any:
    """Return the option of a verb as its dataclass describes it.

    Parameters
    ----------
    owner : type
        A dataclass with fields made by `clump_detector.core.options.option`.
    name : str
        Of one of them.
    flags : str
        As on the command line; by default the name of the verb's parameter.
    """
    found = option_of(owner, name)
    return typer.Option(*flags, help=f"{found.help}.", min=found.least, max=found.most)


app = typer.Typer(
    name="napari-clumps",
    help="Detect, review and measure giant star-forming clumps in galaxies.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Paths = Annotated[list[Path], typer.Argument(help="Images and folders.")]
Model = Annotated[str, described(DetectOptions, "model")]
Device = Annotated[str, described(DetectOptions, "device")]
Bands = Annotated[
    str | None,
    typer.Option(
        help="Band names, in order, for files that do not name them, e.g. grz."
    ),
]
Unit = Annotated[
    str | None,
    typer.Option(help="Flux unit for files without one: nanomaggy, uJy, or zp=27.0."),
]


def with_progress(items: Sequence[T], words: str) -> Iterator[T]:
    """Yield items, and show on stderr how many are done.

    Parameters
    ----------
    items : sequence
    words : str
        What is being done.
    """
    bar = ProgressLine(words, len(items))
    try:
        for i, item in enumerate(items, start=1):
            yield item
            bar.show(i)
    finally:
        bar.end()


def warn(problem: str) -> None:
    """Print a problem on stderr, under the name of the program."""
    print(f"napari-clumps: {problem}", file=sys.stderr)


def end_with(problems: Sequence[str]) -> None:
    """Print each input that was left out, and end with exit code 2 if there was one."""
    for problem in problems:
        warn(problem)
    if problems:
        raise typer.Exit(2)
