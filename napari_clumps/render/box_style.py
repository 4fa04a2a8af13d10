"""How boxes are drawn, in the window and on contact sheets: colours, lines, labels.

The colours are those of Okabe and Ito (2008).
"""

from __future__ import annotations

from napari_clumps.review import Box, Status

Colour = tuple[float, float, float, float]

COLOURS: dict[Status, Colour] = {
    Status.PROPOSAL: (0.941, 0.894, 0.259, 1.0),
    Status.ACCEPTED: (0.337, 0.706, 0.914, 1.0),
    Status.REJECTED: (0.835, 0.369, 0.0, 1.0),
    Status.EDITED: (0.8, 0.475, 0.655, 1.0),
    Status.DRAWN: (1.0, 1.0, 1.0, 1.0),
}

#: Line width as a share of the image's longer side.
_LINE_SHARE = 1 / 330


def colour_hex(status: Status) -> str:
    """Return a status's colour as ``#rrggbb``."""
    return "#" + "".join(f"{round(v * 255):02x}" for v in COLOURS[status][:3])


def line_unit(width: int, height: int) -> float:
    """Return the width in the image's pixels of a thin line.

    Parameters
    ----------
    width, height : int
        Size of the image in pixels.
    """
    return max(width, height, 1) * _LINE_SHARE


def label(box: Box, votes: str = "") -> str:
    """Return the label of a box: class, score, votes, origin, opinions of reviewers.

    Parameters
    ----------
    box : Box
    votes : str
        Of the heads of an ensemble, such as "4 of 5".
    """
    named = box.cls if box.score is None else f"{box.cls} {box.score:.2f}"
    if votes:
        named = f"{named}  {votes}"
    if box.origin not in ("model", "person"):
        named = f"{named}  {box.origin}"
    if box.decided or not box.opinions:
        return named
    opinions = [
        f"{opinion.annotator or '?'}: {opinion.cls if opinion.kept else 'none'}"
        for opinion in box.opinions
    ]
    return "  ".join([named, *opinions])
