"""Writing boxes as DS9 regions with the `regions` package.

In image coordinates DS9 counts from 1 at the centre of the first pixel; `regions`
converts to that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from astropy.wcs import WCS
    from regions import RectanglePixelRegion, RectangleSkyRegion, Region


def image_region(
    corners: Sequence[float], tags: Sequence[str], colour: str
) -> RectanglePixelRegion:
    """Return a box as a region in image pixels.

    Parameters
    ----------
    corners : sequence of four float
        x1, y1, x2, y2 in pixels, counted from 0 at the centre of the first one.
    tags : sequence of str
    colour : str
        A name that DS9 knows.

    Returns
    -------
    regions.RectanglePixelRegion
    """
    from regions import PixCoord, RectanglePixelRegion, RegionMeta, RegionVisual

    x1, y1, x2, y2 = corners
    return RectanglePixelRegion(
        PixCoord((x1 + x2) / 2, (y1 + y2) / 2),
        x2 - x1,
        y2 - y1,
        meta=RegionMeta({"tag": list(tags)}),
        visual=RegionVisual({"color": colour}),
    )


def sky_regions(
    regions: Sequence[RectanglePixelRegion], wcs: WCS
) -> list[RectangleSkyRegion]:
    """Return boxes on the sky, ICRS, that cover the same pixels as ones in an image.

    Parameters
    ----------
    regions : sequence of RectanglePixelRegion
    wcs : astropy.wcs.WCS
        Celestial, with two axes.

    Returns
    -------
    list of regions.RectangleSkyRegion
    """
    import astropy.units as u
    from astropy.coordinates import Angle
    from astropy.wcs.utils import pixel_to_skycoord
    from regions import RectangleSkyRegion

    if not regions:
        return []
    x, y, half_x, half_y = np.array(
        [(r.center.x, r.center.y, r.width / 2, r.height / 2) for r in regions]
    ).T
    middle = pixel_to_skycoord(x, y, wcs, origin=0, mode="all").icrs
    left, right, low, high = (
        pixel_to_skycoord(x + dx, y + dy, wcs, origin=0, mode="all").icrs
        for dx, dy in ((-half_x, 0), (half_x, 0), (0, -half_y), (0, half_y))
    )
    widths, heights = left.separation(right), low.separation(high)
    # The direction of x on the sky; `regions` counts from West through North.
    angles = (left.position_angle(right) + 90 * u.deg).wrap_at(360 * u.deg)
    return [
        RectangleSkyRegion(
            middle[i], Angle(widths[i]), Angle(heights[i]), Angle(angles[i]),
            meta=region.meta, visual=region.visual,
        )
        for i, region in enumerate(regions)
    ]  # fmt: skip


def ds9_text(regions: Sequence[Region], texts: Sequence[str], image: str = "") -> str:
    """Return the text of a DS9 file.

    Parameters
    ----------
    regions : sequence of regions.Region
    texts : sequence of str
        The text of each region.
    image : str
        The name of their image for the first line, or '' for none.
    """
    from regions import Regions

    head = [f"# Filename: {image}"] if image else []
    if not regions:
        return "\n".join([*head, "# Region file format: DS9", ""])
    # 1e-9 degrees are 4e-6 arcsec.
    written = str(Regions(list(regions)).serialize(format="ds9", precision=9))
    lines = written.splitlines()
    first = len(lines) - len(regions)
    # `regions` would write a text that all have in common as a global one, which DS9
    # does not support.
    plain = [re.sub(r"[{}\s]+", " ", text) for text in texts]
    ends = [f" text={{{text}}}" for text in plain]
    rows = [line + end for line, end in zip(lines[first:], ends, strict=True)]
    return "\n".join([*head, *lines[:first], *rows, ""])
