"""Parsing a line of YOLO's labels: a class's number and a box.

The number is followed by the box's centre, width and height as fractions of the image's
size, and possibly a score, a track's number or keypoints; or else by an outline.
Numbers are separated by blanks, commas or semicolons.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from clump_detector.core.notation import real, whole
from clump_detector.labels.coordinates import around, corners_of
from clump_detector.labels.external import Corners

_BETWEEN = re.compile(r"[\s,;]+")

_MOST_CLASSES = 10_000

#: Values of a keypoint's visibility.
_SEEN = (0.0, 1.0, 2.0)


@dataclass(frozen=True)
class Line:
    """One line: a box in fractions of the image, or the reason why it is not one.

    Attributes
    ----------
    number : int
        The class's number.
    shares : tuple or None
        x1, y1, x2, y2 as fractions of the image's width and height from its corner.
    score : float or None
    why_not : str
        Why the line is not a box; '' if it is one.
    read_as : str
        The assumed meaning of the numbers after the box, if it is a guess; else ''.
    """

    number: int = 0
    shares: Corners | None = None
    score: float | None = None
    why_not: str = ""
    read_as: str = ""


def parse_line(text: str, keypoints: tuple[int, int] | None = None) -> Line:
    """Return a parsed line.

    Parameters
    ----------
    text : str
    keypoints : (int, int), optional
        The number of keypoints after a box and of values for each, if a file of the
        data set gives them.
    """
    words = _words(text)
    number = whole(words[0]) if words else None
    if number is None:
        return Line(why_not="a line that does not begin with a class's number")
    if not 0 <= number < _MOST_CLASSES:
        return Line(why_not="a line whose class is not a number from 0 to 9999")
    values = [real(word) for word in words[1:]]
    numbers = [v for v in values if v is not None]
    if len(numbers) != len(values):
        return Line(why_not="a line with words where numbers belong")
    if len(numbers) < 4:
        return Line(why_not="a line with fewer than four numbers after the class's")
    shares, score, more = _box(numbers, keypoints)
    if isinstance(shares, str):
        return Line(why_not=shares)
    # A box slightly beyond the image's edge is clipped; numbers in pixels are refused.
    if shares is not None and (min(shares) < -1 or max(shares) > 2):
        return Line(why_not="a line whose numbers are not fractions of the image")
    if shares is None:
        return Line(why_not="a line whose box or outline has no area")
    return Line(number, shares, score, read_as=more)


def _words(text: str) -> list[str]:
    """Return the numbers of a line; in "0,5 0,1" the commas are decimal ones."""
    words = text.split()
    if len(words) >= 5 and "." not in text and not any(w.endswith(",") for w in words):
        return [word.replace(",", ".") for word in words]
    return [word for word in _BETWEEN.split(text.strip()) if word]


def _box(
    values: list[float], keypoints: tuple[int, int] | None
) -> tuple[Corners | str | None, float | None, str]:
    """Return the box or the reason why not, its score, and the meaning of the rest."""
    n = len(values)
    if n == 4:
        return _around_middle(values), None, ""
    if n == 5:
        if not 0 <= values[4] <= 1:
            why = "a line whose fifth number is not a score from 0 to 1"
            return why, None, ""
        return _around_middle(values), values[4], ""
    if keypoints is not None:
        if n - 4 != keypoints[0] * keypoints[1]:
            return "a line with another number of keypoints than kpt_shape", None, ""
        return _around_middle(values), None, ""
    if n == 6 and values[5].is_integer() and values[5] >= 1 and 0 <= values[4] <= 1:
        if values[5] == 1 and max(values[:5]) <= 1:
            return "a line that may be a tracked box or an outline", None, ""
        return _around_middle(values), values[4], "boxes with a score and a track"
    seen = values[6::3]
    if (n - 4) % 3 == 0 and all(v in _SEEN for v in seen):
        if n % 2 == 0 and max(values) <= 1:
            why = "a line that may be keypoints or an outline (kpt_shape would say)"
            return why, None, ""
        return _around_middle(values), None, "boxes with keypoints"
    if n % 2:
        return "a line with an odd number of numbers, so not an outline", None, ""
    outline = around(list(zip(values[::2], values[1::2], strict=True)))
    return outline, None, "outlines"


def _around_middle(values: list[float]) -> Corners | None:
    x, y, width, height = values[:4]
    if width <= 0 or height <= 0:
        return None
    return corners_of(
        (x - width / 2, y - height / 2, x + width / 2, y + height / 2), edges=False
    )
