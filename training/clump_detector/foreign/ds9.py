"""DS9 regions, read by the `regions` package.

In an image's coordinates DS9 counts from 1 at the centre of the first pixel; `regions`
takes that off. What is no axis-aligned box becomes the box around it.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import LabelError
from .boxes_of import sky_place
from .model import ForeignBox, ForeignLabels, Losses
from .opening import is_inside, read_text
from .shapes import pixel_box

#: DS9 writes the image's name on top of its files.
_FILENAME = re.compile(r"^#\s*Filename:\s*(.+?)(\[[^\]]*\])*\s*$", re.M | re.I)

#: Shapes of DS9, at the start of a line or behind a coordinate system.
_SHAPES = re.compile(
    r"(?:^|;)\s*[+-]?\s*(circle|ellipse|box|rotbox|polygon|annulus|point|line|vector|"
    r"text|panda|epanda|bpanda|cpanda)\s*[( ]",
    re.M | re.I,
)
_FRAMES = re.compile(
    r"(?:^|;)\s*(image|physical|icrs|fk5|fk4|j2000|b1950|galactic|ecliptic|linear|"
    r"detector|amplifier|wcs\w?)\b",
    re.M | re.I,
)

#: A larger file of regions is none of clumps.
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
    losses = Losses()
    for file in files:
        if path.is_dir() and not is_inside(file, path):
            losses.add("a file that is a link out of the folder", file.name)
        else:
            boxes += _read_file(file, losses)
    if not boxes:
        why = " ".join(losses.in_words())
        raise LabelError(
            f"there is no region in it that could be a box. {why}".strip(". "),
            path,
            "Save circles, boxes, ellipses or polygons from DS9, as image or fk5.",
        )
    return ForeignLabels("ds9", f"DS9 {path.name}", path, tuple(boxes), None, losses)


def _read_file(path: Path, losses: Losses) -> list[ForeignBox]:
    from regions import Regions

    text = read_text(path, MOST_BYTES)
    found: list[Any] = []
    parts = [text]
    try:
        found = _parsed(Regions, text)
    except Exception:  # one bad line fails them all: take them line by line
        parts = _apart(text)
        for part in parts:
            try:
                found += _parsed(Regions, part)
            except Exception:  # it raises many kinds; what is lost is counted below
                continue
    named = _FILENAME.search(text)
    image = named.group(1) if named else path.name.removesuffix(".reg")
    boxes = []
    for region in found:
        box = _box(region, image)
        if box is None:
            losses.add(
                "a region that is excluded, or has no area", type(region).__name__
            )
        else:
            boxes.append(box)
    there = len(_SHAPES.findall(re.sub("#.*", "", text)))
    losses.add(
        "a region that could not be read (physical and other detector coordinates "
        "are not: save it as image or fk5)",
        path.name,
        max(there - len(found), 0),
    )
    return boxes


def _parsed(regions: Any, text: str) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(regions.parse(text, format="ds9"))


def _apart(text: str) -> list[str]:
    """Return each line of regions by itself, with the frame that is valid there."""
    parts, frame = [], ""
    for line in text.splitlines():
        frames = _FRAMES.findall(line)
        if _SHAPES.match(line):
            parts.append(f"{frame}\n{line}")
        if frames:
            frame = frames[-1]
    return parts


def _box(region: Any, image: str) -> ForeignBox | None:
    """Return a region as a box; None for one without an area and without a place."""
    from regions import PointPixelRegion, PointSkyRegion, SkyRegion

    if not region.meta.get("include", 1):
        return None
    label = str(region.meta.get("text") or getattr(region, "text", "") or "")
    tags = [str(tag) for tag in region.meta.get("tag") or ()]
    said = next((t for t in tags if t in ("rejected", "proposal")), "")
    if isinstance(region, PointPixelRegion):
        middle = float(region.center.x), float(region.center.y)
        good = bool(np.isfinite(middle).all())
        return ForeignBox(image, label, middle=middle, said=said) if good else None
    if not isinstance(region, SkyRegion):
        corners = pixel_box(region)
        return corners and ForeignBox(image, label, corners, said=said)
    centre = _middle(region)
    place = None if centre is None else sky_place(*centre)
    if place is None:
        return None
    extent = None if isinstance(region, PointSkyRegion) else region
    return ForeignBox(
        "", label, sky=replace(place, icrs=True, region=extent), said=said
    )


def _middle(region: Any) -> tuple[float, float] | None:
    """Return right ascension and declination, ICRS, of a region's middle."""
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
    place = centre.icrs.spherical
    ra, dec = float(place.lon.deg), float(place.lat.deg)
    return (ra, dec) if np.isfinite([ra, dec]).all() else None
