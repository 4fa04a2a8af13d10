"""Reading DS9 regions with the `regions` package.

In image coordinates DS9 counts from 1 at the centre of the first pixel; `regions`
converts that. A region that is not an axis-aligned box becomes the box around it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.core.errors import LabelError
from clump_detector.core.notation import whole
from clump_detector.labels.classes.non_clumps import is_no_clump
from clump_detector.labels.coordinates import sky_position
from clump_detector.labels.external import ForeignBox, ForeignLabels, Losses
from clump_detector.labels.packed_files import is_inside, read_text
from clump_detector.labels.regions import pixel_box

from .ds9_lines import IMAGE, PHYSICAL, Statement, statements

if TYPE_CHECKING:
    from regions import Region, Regions

#: The image's name, which DS9 writes into the first line of its files.
_FILENAME = re.compile(r"^#\s*Filename:\s*(.+?)(\[[^\]]*\])*\s*$", re.M | re.I)

_LEFT_OUT = {
    "excluded": "a region that the file excludes",
    "background": "a region of the background, or to be ignored",
}
_NO_AREA = "a region without an area or a position"

#: Greatest size of a file in bytes.
MOST_BYTES = 50_000_000


def read_ds9(path: Path) -> ForeignLabels:
    """Read a file of regions, or a folder of them.

    Regions in image coordinates belong to the image that the file names in its
    comment, or else to the image of the file's own name.

    Raises
    ------
    LabelError
        If nothing in it is a region.
    """
    files = sorted(path.glob("*.reg")) if path.is_dir() else [path]
    boxes: list[ForeignBox] = []
    losses, notes = Losses(), list[str]()
    for file in files:
        if path.is_dir() and not is_inside(file, path):
            losses.add("a file that is a link out of the folder", file.name)
        else:
            boxes += _read_file(file, losses, notes)
    if not boxes:
        why = " ".join(losses.in_words())
        raise LabelError(
            f"it has no usable box. {why}".strip(". "),
            path,
            "Save circles, boxes, ellipses or polygons from DS9, as image or fk5.",
        )
    if any(box.physical for box in boxes):
        notes.append(
            "Physical coordinates, or ones without a name, are read as image pixels."
        )
    return ForeignLabels(
        "ds9", f"DS9 {path.name}", path, tuple(boxes), None, losses, tuple(notes)
    )


def _read_file(path: Path, losses: Losses, notes: list[str]) -> list[ForeignBox]:
    text = read_text(path, MOST_BYTES, notes=notes)
    named = _FILENAME.search(text)
    image = named.group(1) if named else path.name.removesuffix(".reg")
    found = list(statements(text))
    for one in found:
        if one.why_not:
            losses.add(_LEFT_OUT[one.why_not], f"{path.name}: {one.shape[:40]}")
    kept = [one for one in found if not one.why_not]
    boxes = []
    for frame, group in groupby(kept, key=lambda one: one.frame):
        some = list(group)
        regions, physical = _regions(frame, some), frame in ("", PHYSICAL)
        for region in regions:
            box = _box(region, image)
            if isinstance(box, str):
                losses.add(box, f"{path.name}: {type(region).__name__}")
            else:
                boxes.append(replace(box, physical=physical) if physical else box)
        why = "a region that could not be read"
        if regions or not frame:
            why += "; without a coordinate system only pixels are" * (not frame)
        else:
            why += f" in {frame} coordinates (save it as image or fk5)"
        losses.add(why, f"{path.name}: {some[0].shape[:40]}", len(some) - len(regions))
    return boxes


def _regions(frame: str, group: Sequence[Statement]) -> list[Region]:
    """Return the regions of statements in one frame.

    Physical coordinates are read as those of the image, which they are unless its
    header shifts them; that is checked when a box is placed on its cutout. Without a
    frame DS9 assumes physical ones.
    """
    from regions import Regions

    if frame in ("", PHYSICAL):
        group = [one for one in group if frame or _in_pixels(one.shape)]
        frame = IMAGE
    try:
        return _parsed(Regions, [frame, *(one.text for one in group)])
    except Exception:  # one bad line fails them all: parse them line by line
        found = []
        for one in group:
            try:
                found += _parsed(Regions, [frame, one.text])
            except Exception:  # it raises many kinds; losses are counted later
                continue
        return found


def _parsed(regions: type[Regions], lines: list[str]) -> list[Region]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(regions.parse("\n".join(lines), format="ds9"))


def _in_pixels(shape: str) -> bool:
    """Return whether the numbers of a shape have no unit and are not sexagesimal."""
    return not re.search(
        r"[:\"'dhmr]", shape.partition("(")[2] or shape.partition(" ")[2]
    )


def _box(region: Region, image: str) -> ForeignBox | str:
    """Return a region as a box, or the reason why it is not one."""
    from regions import PointPixelRegion, PointSkyRegion, SkyRegion

    label = str(region.meta.get("text") or getattr(region, "text", "") or "")
    # Regions are numbered: such a number is not a class.
    label = "" if whole(label) is not None else label
    tags = [str(tag) for tag in region.meta.get("tag") or ()]
    if any(is_no_clump(tag) for tag in tags):
        return _LEFT_OUT["background"]
    status = next((t for t in tags if t in ("rejected", "proposal")), "")
    if isinstance(region, PointPixelRegion):
        middle = float(region.center.x), float(region.center.y)
        good = bool(np.isfinite(middle).all())
        if not good:
            return _NO_AREA
        return ForeignBox(image, label, middle=middle, status=status)
    if not isinstance(region, SkyRegion):
        corners = pixel_box(region)
        return ForeignBox(image, label, corners, status=status) if corners else _NO_AREA
    centre = _centre(region)
    position = None if centre is None else sky_position(*centre)
    if position is None:
        return _NO_AREA
    extent = None if isinstance(region, PointSkyRegion) else region
    return ForeignBox(
        "", label, sky=replace(position, icrs=True, region=extent), status=status
    )


def _centre(region: Region) -> tuple[float, float] | None:
    """Return right ascension and declination, ICRS, of a region's centre in degrees."""
    from astropy.coordinates import SkyCoord

    centre = getattr(region, "center", None)
    if centre is None:
        vertices = getattr(region, "vertices", None)
        if vertices is None:  # a line, or a ruler
            return None
        xyz = np.mean(vertices.cartesian.xyz.value, axis=1)
        if not np.linalg.norm(xyz) > 0:
            return None
        centre = SkyCoord(*xyz, representation_type="cartesian", frame=vertices.frame)
    icrs = centre.icrs.spherical
    ra, dec = float(icrs.lon.deg), float(icrs.lat.deg)
    return (ra, dec) if np.isfinite([ra, dec]).all() else None
