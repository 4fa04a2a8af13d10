"""A contact sheet of a review: PDF or one HTML file, boxes drawn as in the window."""

from __future__ import annotations

import base64
import html
from collections.abc import Generator, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from clump_detector.core.errors import LabelError
from clump_detector.core.files import atomic_path
from napari_clumps.io.selection import ExportOptions, Step, Tally
from napari_clumps.render.box_style import COLOURS, colour_hex
from napari_clumps.render.orientation import scale_bar
from napari_clumps.review import Box, Corners, Review, Status

from .tiles import SheetTile, select_for_sheet, tiles

if TYPE_CHECKING:
    from fpdf import FPDF

#: A4 in points, and its layout.
_WIDTH, _HEIGHT, _MARGIN = 595.0, 842.0, 36.0
_COLUMNS, _ROWS, _GAP, _HEAD, _FOOT = 4, 5, 8.0, 40.0, 24.0
_PER_PAGE = _COLUMNS * _ROWS

#: Line widths in points by status; in proportion as in `viewer.layers`.
_PENS = {
    Status.PROPOSAL: 0.6,
    Status.ACCEPTED: 1.0,
    Status.REJECTED: 0.45,
    Status.EDITED: 1.0,
    Status.DRAWN: 1.0,
}
_NIGHT = (16, 20, 28)


def export_sheet(
    review: Review, path: Path, options: ExportOptions
) -> Generator[Step, None, str]:
    """Write a contact sheet as PDF or HTML, as the file name's ending says.

    Cutouts are read and written one after the other.

    Parameters
    ----------
    review : Review
    path : path
        A ``.pdf`` or ``.html`` file.
    options : ExportOptions
        Proposals from ``score`` up are shown.

    Returns
    -------
    str
        A sentence about the sheet.

    Raises
    ------
    LabelError
        If no cutout is done or has a box, or none can be read.
    """
    found = select_for_sheet(review, options)
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
        for number in write(temporary, review, made, len(found)):
            yield number, len(found)
        if not tally.cutouts:
            raise LabelError("no cutout could be read. " + tally.in_words(), path)
    return f"{path}: {tally.in_words()}"


# -- PDF ---------------------------------------------------------------------


def _write_pdf(
    path: Path, review: Review, made: Iterator[tuple[int, SheetTile | None]], total: int
) -> Iterator[int]:
    """Write pages of tiles; fpdf2 keeps the JPEGs, some 10 kB each, until the end."""
    pages = -(-total // _PER_PAGE)
    pdf = _new_pdf(review.path.name)
    on_page = _PER_PAGE
    for number, tile in made:
        if tile is not None:
            if on_page == _PER_PAGE:
                _add_page(pdf, review.path.name, pages)
                on_page = 0
            _draw_tile(pdf, tile, on_page)
            on_page += 1
        yield number
    pdf.output(str(path))


def _new_pdf(title: str) -> FPDF:
    """Return a PDF without pages, in a font with the letters of most languages."""
    from fpdf import FPDF
    from matplotlib import get_data_path

    pdf = FPDF(unit="pt", format=(_WIDTH, _HEIGHT))
    pdf.set_auto_page_break(False)
    pdf.set_title(title)
    pdf.set_producer("napari-clumps")
    for style, name in (("", "DejaVuSans"), ("B", "DejaVuSans-Bold")):
        pdf.add_font("DejaVu", style, Path(get_data_path(), "fonts/ttf", f"{name}.ttf"))
    return pdf


def _write(pdf: FPDF, x: float, y: float, words: str, size: float, style: str) -> None:
    pdf.set_font("DejaVu", style, size)
    pdf.text(x, y, " ".join(words.split()))


def _pen(pdf: FPDF, colour: Sequence[float], width: float, dash: bool = False) -> None:
    pdf.set_draw_color(*(round(255 * v) for v in colour[:3]))
    pdf.set_line_width(width)
    pdf.set_dash_pattern(*((2.2, 1.4) if dash else ()))


def _add_page(pdf: FPDF, title: str, pages: int) -> None:
    """Begin a page with its heading and a legend of the boxes."""
    pdf.add_page()
    pdf.set_text_color(0)
    _write(pdf, _MARGIN, _MARGIN + 12, title, 13, "B")
    number = f"page {pdf.page_no()} of {pages}"
    _write(pdf, _WIDTH - _MARGIN - 60, _MARGIN + 12, number, 8, "")
    x, y = _MARGIN, _MARGIN + 18
    for status in Status:
        pdf.set_fill_color(*_NIGHT)
        pdf.rect(x, y, 12, 12, style="F")
        _draw_box(pdf, status, (x + 2.5, y + 2.5, x + 9.5, y + 9.5))
        _write(pdf, x + 16, y + 9, status.value, 8, "")
        x += 70


def _draw_tile(pdf: FPDF, tile: SheetTile, number: int) -> None:
    row, column = divmod(number, _COLUMNS)
    side = (_WIDTH - 2 * _MARGIN - (_COLUMNS - 1) * _GAP) / _COLUMNS
    left = _MARGIN + column * (side + _GAP)
    top = _MARGIN + _HEAD + row * (side + _FOOT)
    zoom = side / max(tile.width, tile.height)
    width, height = tile.width * zoom, tile.height * zoom
    x0, y0 = left + (side - width) / 2, top + (side - height) / 2
    pdf.image(BytesIO(tile.jpeg), x0, y0, width, height)
    for box, (x1, y1, x2, y2) in tile.boxes:
        corners = x0 + x1 * zoom, y0 + y1 * zoom, x0 + x2 * zoom, y0 + y2 * zoom
        _draw_box(pdf, box.status, corners)
    if tile.scale:
        bar, foot = scale_bar(tile.scale, zoom, side / 3), y0 + height
        _pen(pdf, (1, 1, 1), 1.2)
        pdf.line(x0 + 5, foot - 6, x0 + 5 + bar.length, foot - 6)
        pdf.set_text_color(255)
        _write(pdf, x0 + 5, foot - 9, bar.words, 6, "")
    pdf.set_text_color(0)
    _write(pdf, left, top + side + 8, _shortened(tile.name, 26), 7.5, "B")
    _write(pdf, left, top + side + 15, _shortened(tile.caption, 34), 6.5, "")
    _write(pdf, left, top + side + 22, _shortened(tile.remark, 40), 6, "")


def _shortened(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _draw_box(pdf: FPDF, status: Status, corners: Corners) -> None:
    """Draw a box of a status, in points, as the canvas draws it."""
    x1, y1, x2, y2 = corners
    _pen(pdf, COLOURS[status], _PENS[status], dash=status is Status.PROPOSAL)
    pdf.rect(x1, y1, x2 - x1, y2 - y1)
    for line in _lines(status, corners):
        pdf.line(*line)


def _lines(status: Status, corners: Corners) -> list[Corners]:
    """Return the lines that mark a box of a status besides its outline."""
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
    path: Path, review: Review, made: Iterator[tuple[int, SheetTile | None]], total: int
) -> Iterator[int]:
    name = html.escape(review.path.name)
    with path.open("w", encoding="utf-8") as file:
        file.write(
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
            f"<title>{name}</title>\n<style>{_STYLE}</style></head>\n<body>\n"
            f"<h1>{name}</h1>\n<p class=legend>{_legend()}</p>\n<div class=sheet>\n"
        )
        for number, tile in made:
            if tile is not None:
                _write_figure(file, tile)
            yield number
        file.write("</div>\n</body></html>\n")


def _legend() -> str:
    text = []
    for status in Status:
        box = _svg_box(status, (4, 4, 14, 14))
        text.append(f'<svg viewBox="0 0 18 18">{box}</svg>{status.value}')
    return " ".join(text)


def _write_figure(file: TextIO, tile: SheetTile) -> None:
    picture = base64.b64encode(tile.jpeg).decode()
    drawn = "".join(
        _svg_box(box.status, corners, _title(box)) for box, corners in tile.boxes
    )
    text = f"<br>{html.escape(tile.remark)}" if tile.remark else ""
    file.write(
        "<figure><div class=picture>"
        f'<img alt="" src="data:image/jpeg;base64,{picture}">'
        f'<svg viewBox="0 0 {tile.width} {tile.height}">{drawn}</svg></div>'
        f"<figcaption><b>{html.escape(tile.name)}</b>"
        f"{html.escape(tile.caption)}{text}</figcaption></figure>\n"
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
    text = f"<title>{html.escape(title)}</title>" if title else ""
    drawn = (
        f'<rect x="{x1:.2f}" y="{y1:.2f}" width="{x2 - x1:.2f}" '
        f'height="{y2 - y1:.2f}" {pen}{dash}>{text}</rect>'
    )
    for a, b, c, d in _lines(status, corners):
        drawn += f'<line x1="{a:.2f}" y1="{b:.2f}" x2="{c:.2f}" y2="{d:.2f}" {pen}/>'
    return drawn
