"""Listing how files are read: ``python -m clump_detector.images.inspect PATHS``.

Prints a table in Markdown with one row for each cutout, for checking what is read from
where before working with a survey's files.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from clump_detector.core.errors import ClumpError
from clump_detector.galaxies.sidecar import rows_without_cutout
from clump_detector.image_files.sources import Source, find_sources, search

from .cutout import Cutout, read_cutout
from .psf_width import width_from_noise

COLUMNS = ("cutout", "files", "pixels", "read as", "PSF FWHM", "to know")


def recognised(paths: Iterable[str | Path]) -> list[tuple[str, ...]]:
    """Return a row of `COLUMNS` for each cutout of files and folders.

    Raises
    ------
    ImageError
        If there is nothing to read; a cutout that cannot be read has a row with the
        reason.
    """
    return [_row(source) for source in find_sources(paths)]


def _row(source: Source) -> tuple[str, ...]:
    try:
        cutout = read_cutout(source)
    except ClumpError as error:
        return source.name, _files(source), "", "not read", "", error.what
    notes = " ".join(note for note in cutout.notes if not _is_usual(note))
    return (
        source.name,
        _files(source),
        _pixels(cutout),
        cutout.read_as,
        _psf(cutout),
        notes,
    )


def _is_usual(note: str) -> bool:
    """Return whether a note repeats what the other columns show."""
    return note.startswith(("One band:", "Only "))


def _files(source: Source) -> str:
    kinds = Counter(_ending(path) for path in source.files)
    return ", ".join(f"{n} {k}" if n > 1 else k for k, n in kinds.items())


def _ending(path: Path) -> str:
    name = path.name.lower()
    packed = next((end for end in (".gz", ".bz2", ".fz") if name.endswith(end)), "")
    return Path(name.removesuffix(packed)).suffix + packed


def _pixels(cutout: Cutout) -> str:
    size = f"{cutout.width} x {cutout.height}"
    return size if cutout.is_picture else f"{len(cutout.pixels)} x {size}"


def _psf(cutout: Cutout) -> str:
    widths = [f"{b} {fwhm:.1f}".strip() for b, fwhm in cutout.psf.items()]
    if widths:
        return f"{', '.join(widths)} px"
    guess = width_from_noise(cutout.pixels) if cutout.is_picture else None
    return "" if guess is None else f"about {guess:.0f} px by the noise, to 20 %"


def as_markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a table in Markdown."""
    lines = [COLUMNS, ("---",) * len(COLUMNS), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", r"\|").split())


def main() -> None:
    """Print the table of the paths on the command line."""
    try:
        print(as_markdown(recognised(sys.argv[1:])))
        found = search(sys.argv[1:])
        for words in (found.note, *rows_without_cutout(found.sources)):
            if words:
                print(f"\n{words}")
    except ClumpError as error:
        print(f"clump_detector.images.inspect: {error.message}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
