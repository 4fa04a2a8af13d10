"""A contact sheet of a review: PDF or one HTML file, boxes drawn as in the window."""

from __future__ import annotations

import base64
import html
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TextIO

from clump_detector.core.errors import LabelError
from clump_detector.core.files import atomic_path
from napari_clumps.render.orientation import scale_bar
from napari_clumps.review import Box, Corners, Review, Status
from napari_clumps.viewer.layers import COLOURS, colour_hex

from .contact_sheet_tiles import Tile, on_sheet, tiles
from .pdf import Page, Pdf
from .selection import ExportOptions, Step, Tally

#: A4 in points, and how it is parted.
_WIDTH, _HEIGHT, _MARGIN = 595.0, 842.0, 36.0
_COLUMNS, _ROWS, _GAP, _HEAD, _FOOT = 4, 5, 8.0, 40.0, 24.0
_PER_PAGE = _COLUMNS * _ROWS

#: Line widths in points by status, as `layers` has them in its units.
_PENS = {
    Status.PROPOSAL: 0.6,
    Status.ACCEPTED: 1.0,
    Status.REJECTED: 0.45,
    Status.EDITED: 1.0,
    Status.DRAWN: 1.0,
}
_NIGHT = (0.063, 0.078, 0.11)


def export_sheet(
    review: Review, path: Path, options: ExportOptions
) -> Generator[Step, None, str]:
    """Write a contact sheet; the ending says whether PDF or HTML.

    Cutouts are read and written one after the other.

    Raises
    ------
    LabelError
        If no cutout is done or has a box.
    """
    found = on_sheet(review, options)
    if not found:
        raise LabelError(
            "no cutout is done or has a box, so there is nothing to show",
            review.path,
            "Detect clumps, or accept or draw some boxes first.",
        )
    tally = Tally()
    write = _write_pdf if path.suffix.lower() == ".pdf" else _write_html
    made = tiles(review, found, tally)
    with atomic_path(path) as temporary:
        for place in write(temporary, review, made, len(found)):
            yield place, len(found)
        if not tally.cutouts:
            raise LabelError("no cutout could be read. " + tally.in_words(), path)
    return f"{path}: {tally.in_words()}"


# -- PDF ---------------------------------------------------------------------


def _write_pdf(
    path: Path, review: Review, made: Iterator[tuple[int, Tile | None]], total: int
) -> Iterator[int]:
    pages = -(-total // _PER_PAGE)
    with path.open("wb") as file, Pdf(file, review.path.name) as pdf:
        page, n, on_page = _new_page(review, 1, pages), 1, 0
        for place, tile in made:
            if tile is not None:
                if on_page == _PER_PAGE:
                    pdf.add(page)
                    n += 1
                    page, on_page = _new_page(review, n, pages), 0
                _draw_tile(page, tile, on_page)
                on_page += 1
            yield place
        pdf.add(page)


def _new_page(review: Review, number: int, pages: int) -> Page:
    page = Page(_WIDTH, _HEIGHT)
    page.paint((0, 0, 0))
    top = _HEIGHT - _MARGIN
    page.text(_MARGIN, top - 12, review.path.name, 13, bold=True)
    page.text(_WIDTH - _MARGIN - 60, top - 12, f"page {number} of {pages}", 8)
    x = _MARGIN
    for status in Status:
        page.paint(_NIGHT)
        page.rectangle(x, top - 30, 12, 12, fill=True)
        _draw_box(page, status, (x + 2.5, top - 27.5, x + 9.5, top - 20.5))
        page.paint((0, 0, 0))
        page.text(x + 16, top - 27, status.value, 8)
        x += 70
    return page


def _draw_tile(page: Page, tile: Tile, place: int) -> None:
    row, column = divmod(place, _COLUMNS)
    side = (_WIDTH - 2 * _MARGIN - (_COLUMNS - 1) * _GAP) / _COLUMNS
    left = _MARGIN + column * (side + _GAP)
    top = _HEIGHT - _MARGIN - _HEAD - row * (side + _FOOT)
    zoom = side / max(tile.width, tile.height)
    width, height = tile.width * zoom, tile.height * zoom
    x0, y0 = left + (side - width) / 2, top - (side - height) / 2
    page.image(tile.jpeg, tile.jpeg_size, (x0, y0 - height, width, height))
    for box, (x1, y1, x2, y2) in tile.boxes:
        corners = x0 + x1 * zoom, y0 - y2 * zoom, x0 + x2 * zoom, y0 - y1 * zoom
        _draw_box(page, box.status, corners)
    if tile.scale:
        bar = scale_bar(tile.scale, zoom, side / 3)
        page.pen((1, 1, 1), 1.2)
        page.line(x0 + 5, y0 - height + 6, x0 + 5 + bar.length, y0 - height + 6)
        page.paint((1, 1, 1))
        page.text(x0 + 5, y0 - height + 9, bar.words.replace("″", '"'), 6)
    page.paint((0, 0, 0))
    page.text(left, top - side - 8, _shortened(tile.name, 26), 7.5, bold=True)
    page.text(left, top - side - 15, _shortened(tile.caption, 34), 6.5)
    page.text(left, top - side - 22, _shortened(tile.said, 40), 6)


def _shortened(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _draw_box(page: Page, status: Status, corners: Corners) -> None:
    """Draw a box of a status, in points, as the canvas draws it."""
    x1, y1, x2, y2 = corners
    dash = (2.2, 1.4) if status is Status.PROPOSAL else ()
    page.pen(COLOURS[status], _PENS[status], dash)
    page.rectangle(x1, y1, x2 - x1, y2 - y1)
    for line in _lines(status, corners):
        page.line(*line)


def _lines(status: Status, corners: Corners) -> list[Corners]:
    """Return the lines that a box of a status has beside its outline."""
    x1, y1, x2, y2 = corners
    if status is Status.REJECTED:
        return [(x1, y1, x2, y2), (x1, y2, x2, y1)]
    if status is not Status.EDITED:
        return []
    ticks = []
    for x, y in ((x1, y1), (x2, y1), (x2, y2), (x1, y2)):
        dx, dy = 0.35 * (x - (x1 + x2) / 2), 0.35 * (y - (y1 + y2) / 2)
        ticks.append((x, y, x + dx, y + dy))
    return ticks


# -- HTML --------------------------------------------------------------------

_STYLE = """
body { background: #10141c; color: #d8dce4; font: 14px/1.4 sans-serif; margin: 2em; }
h1 { font-size: 1.3em; } .sheet { display: flex; flex-wrap: wrap; gap: 1em; }
figure { margin: 0; width: 260px; } .picture { position: relative; line-height: 0; }
.picture img, .picture svg { width: 100%; display: block; }
.picture svg { position: absolute; left: 0; top: 0; height: 100%; overflow: visible; }
.picture:hover svg { opacity: 0; transition: opacity .15s; }
rect, line { fill: none; vector-effect: non-scaling-stroke; pointer-events: all; }
figcaption b { display: block; overflow-wrap: anywhere; } figcaption { color: #9aa3b2; }
.legend svg { width: 18px; height: 18px; vertical-align: middle; margin: 0 .3em 0 1em; }
"""


def _write_html(
    path: Path, review: Review, made: Iterator[tuple[int, Tile | None]], total: int
) -> Iterator[int]:
    name = html.escape(review.path.name)
    with path.open("w", encoding="utf-8") as file:
        file.write(
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
            f"<title>{name}</title>\n<style>{_STYLE}</style></head>\n<body>\n"
            f"<h1>{name}</h1>\n<p class=legend>{_legend()}</p>\n<div class=sheet>\n"
        )
        for place, tile in made:
            if tile is not None:
                _write_figure(file, tile)
            yield place
        file.write("</div>\n</body></html>\n")


def _legend() -> str:
    said = []
    for status in Status:
        box = _svg_box(status, (4, 4, 14, 14))
        said.append(f'<svg viewBox="0 0 18 18">{box}</svg>{status.value}')
    return " ".join(said)


def _write_figure(file: TextIO, tile: Tile) -> None:
    picture = base64.b64encode(tile.jpeg).decode()
    drawn = "".join(
        _svg_box(box.status, corners, _title(box)) for box, corners in tile.boxes
    )
    said = f"<br>{html.escape(tile.said)}" if tile.said else ""
    file.write(
        "<figure><div class=picture>"
        f'<img alt="" src="data:image/jpeg;base64,{picture}">'
        f'<svg viewBox="0 0 {tile.width} {tile.height}">{drawn}</svg></div>'
        f"<figcaption><b>{html.escape(tile.name)}</b>"
        f"{html.escape(tile.caption)}{said}</figcaption></figure>\n"
    )


def _title(box: Box) -> str:
    score = "" if box.score is None else f" {box.score:.2f}"
    who = f" by {box.annotator}" if box.annotator else ""
    return f"{box.cls}{score}, {box.status.value}{who}"


def _svg_box(status: Status, corners: Corners, title: str = "") -> str:
    """Draw a box of a status as the canvas draws it."""
    x1, y1, x2, y2 = corners
    dash = ' stroke-dasharray="5 3"' if status is Status.PROPOSAL else ""
    pen = f'stroke="{colour_hex(status)}" stroke-width="{1.8 * _PENS[status]:.2f}"'
    said = f"<title>{html.escape(title)}</title>" if title else ""
    drawn = (
        f'<rect x="{x1:.2f}" y="{y1:.2f}" width="{x2 - x1:.2f}" '
        f'height="{y2 - y1:.2f}" {pen}{dash}>{said}</rect>'
    )
    for a, b, c, d in _lines(status, corners):
        drawn += f'<line x1="{a:.2f}" y1="{b:.2f}" x2="{c:.2f}" y2="{d:.2f}" {pen}/>'
    return drawn
