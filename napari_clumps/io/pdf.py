"""PDF, page by page: text, lines and JPEGs, written as they come.

No page is kept, so a sheet of thousands takes no more memory than one of ten. (Pillow
and matplotlib keep all pages, or read the file anew for each.) After ISO 32000-1.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import BinaryIO, Self

Colour = Sequence[float]

_FONTS = {"F1": "Helvetica", "F2": "Helvetica-Bold"}
_CATALOGUE, _PAGES, _FIRST_FONT = 1, 2, 3


@dataclass
class Page:
    """What is drawn on a page, in points from its lower left corner.

    Parameters
    ----------
    width, height : float
    """

    width: float
    height: float
    images: dict[str, tuple[bytes, int, int]] = field(default_factory=dict)
    _drawn: list[str] = field(default_factory=list)

    def text(
        self, x: float, y: float, words: str, size: float, *, bold: bool = False
    ) -> None:
        """Write a line; letters that the font lacks become question marks."""
        font = "F2" if bold else "F1"
        raw = words.encode("cp1252", "replace").decode("latin-1")
        raw = raw.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        raw = raw.replace("\r", " ").replace("\n", " ")
        self._drawn.append(f"BT /{font} {size:g} Tf {x:.2f} {y:.2f} Td ({raw}) Tj ET")

    def pen(self, colour: Colour, width: float, dash: Sequence[float] = ()) -> None:
        """Draw lines in a colour, from 0 to 1 each, from now on."""
        red, green, blue = colour[:3]
        dashes = " ".join(f"{v:g}" for v in dash)
        self._drawn.append(
            f"{red:.3f} {green:.3f} {blue:.3f} RG {width:g} w [{dashes}] 0 d"
        )

    def paint(self, colour: Colour) -> None:
        """Fill and write in a colour from now on."""
        red, green, blue = colour[:3]
        self._drawn.append(f"{red:.3f} {green:.3f} {blue:.3f} rg")

    def rectangle(
        self, x: float, y: float, width: float, height: float, *, fill: bool = False
    ) -> None:
        """Draw a rectangle's outline, or fill it."""
        self._drawn.append(
            f"{x:.2f} {y:.2f} {width:.2f} {height:.2f} re {'f' if fill else 'S'}"
        )

    def line(self, x1: float, y1: float, x2: float, y2: float) -> None:
        """Draw a line."""
        self._drawn.append(f"{x1:.2f} {y1:.2f} m {x2:.2f} {y2:.2f} l S")

    def image(self, jpeg: bytes, size: tuple[int, int], place: Sequence[float]) -> None:
        """Draw a JPEG of so many pixels in the rectangle x, y, width, height."""
        name = f"I{len(self.images)}"
        self.images[name] = (jpeg, *size)
        x, y, width, height = place
        self._drawn.append(
            f"q {width:.2f} 0 0 {height:.2f} {x:.2f} {y:.2f} cm /{name} Do Q"
        )

    @property
    def content(self) -> bytes:
        """The page's own language."""
        return "\n".join(self._drawn).encode("latin-1")


class Pdf:
    """A PDF that pages are added to.

    Parameters
    ----------
    file : binary file
        Is left open.
    title : str
    """

    def __init__(self, file: BinaryIO, title: str) -> None:
        self._file = file
        self._title = title
        self._offsets: dict[int, int] = {}
        self._next = _FIRST_FONT + len(_FONTS)
        self._pages: list[int] = []
        self._at = 0
        self._put(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
        for number, font in enumerate(_FONTS.values(), start=_FIRST_FONT):
            self._object(
                number,
                f"<< /Type /Font /Subtype /Type1 /BaseFont /{font} "
                "/Encoding /WinAnsiEncoding >>",
            )

    def add(self, page: Page) -> None:
        """Write a page."""
        images = {
            name: self._stream(
                jpeg,
                f"/Type /XObject /Subtype /Image /Width {width} /Height {height} "
                "/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode",
            )
            for name, (jpeg, width, height) in page.images.items()
        }
        content = self._stream(zlib.compress(page.content), "/Filter /FlateDecode")
        fonts = {name: _FIRST_FONT + i for i, name in enumerate(_FONTS)}
        number = self._new()
        self._pages.append(number)
        self._object(
            number,
            f"<< /Type /Page /Parent {_PAGES} 0 R "
            f"/MediaBox [0 0 {page.width:g} {page.height:g}] "
            f"/Resources << /Font << {_references(fonts)} >> "
            f"/XObject << {_references(images)} >> >> /Contents {content} 0 R >>",
        )

    def end(self) -> None:
        """Write what stands at the end of a PDF."""
        kids = " ".join(f"{number} 0 R" for number in self._pages)
        self._object(
            _PAGES, f"<< /Type /Pages /Kids [{kids}] /Count {len(self._pages)} >>"
        )
        self._object(_CATALOGUE, f"<< /Type /Catalog /Pages {_PAGES} 0 R >>")
        info = self._new()
        title = self._title.encode("utf-16-be").hex()
        self._object(info, f"<< /Title <feff{title}> /Producer (napari-clumps) >>")
        start, n = self._at, self._next
        rows = [f"{self._offsets[i]:010d} 00000 n \n" for i in range(1, n)]
        self._put(f"xref\n0 {n}\n0000000000 65535 f \n{''.join(rows)}".encode())
        self._put(
            f"trailer\n<< /Size {n} /Root {_CATALOGUE} 0 R /Info {info} 0 R >>\n"
            f"startxref\n{start}\n%%EOF\n".encode()
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.end()

    def _new(self) -> int:
        self._next += 1
        return self._next - 1

    def _stream(self, content: bytes, what: str) -> int:
        number = self._new()
        head = f"<< {what} /Length {len(content)} >>\nstream\n"
        self._object(number, head.encode() + content + b"\nendstream")
        return number

    def _object(self, number: int, content: str | bytes) -> None:
        self._offsets[number] = self._at
        raw = content.encode("latin-1") if isinstance(content, str) else content
        self._put(b"%d 0 obj\n%s\nendobj\n" % (number, raw))

    def _put(self, raw: bytes) -> None:
        self._file.write(raw)
        self._at += len(raw)


def _references(numbers: Mapping[str, int]) -> str:
    return " ".join(f"/{name} {number} 0 R" for name, number in numbers.items())
