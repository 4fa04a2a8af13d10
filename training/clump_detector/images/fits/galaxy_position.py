"""The position and object ids of the galaxy in the headers of a FITS file.

Only headers are read, so that thousands of files take seconds.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from clump_detector.astrometry.wcs import celestial_axes, celestial_wcs, sky_positions
from clump_detector.core.errors import ClumpError
from clump_detector.core.fits_header import HeaderKeys

from .scan import Part, opened, scan

#: Keys of a header that name one object of a survey, and nothing else.
_IDS = ("OBJID", "OBJECTID", "SPECOBJID", "TARGETID", "SOURCEID", "SOURCE_ID")


@dataclass(frozen=True)
class HeaderGalaxy:
    """A galaxy as headers describe it; None or empty where they do not.

    Attributes
    ----------
    position : (float, float) or None
        Right ascension and declination of the image's centre in degrees.
    ids : mapping of str to int
        Object ids by key.
    """

    position: tuple[float, float] | None = None
    ids: Mapping[str, int] = field(default_factory=dict)


def galaxy_in_header(path: Path) -> HeaderGalaxy:
    """Return the galaxy of a file's headers; an empty one if they cannot be read."""
    try:
        with opened(path) as (file, size):
            parts = scan(file, size, path)
        first = parts[0]
        images = [p for p in parts if len(p.shape) > 1]
        on_sky = [p for p in images if celestial_axes(p.header)]  # not a preview
        image = next(iter(on_sky or images), first)
        keys = HeaderKeys(image.header, None if image is first else first.header)
        return HeaderGalaxy(_centre(image), _ids(keys))
    except (ClumpError, OSError, EOFError, ValueError, zlib.error):
        return HeaderGalaxy()


def _centre(image: Part) -> tuple[float, float] | None:
    axes = celestial_axes(image.header)
    if axes is None or max(axes) > len(image.shape):
        return None
    wcs = celestial_wcs(image.header)
    if wcs is None:
        return None
    x, y = ((image.shape[-axis] - 1) / 2 for axis in axes)
    ra, dec = (float(v) for v in sky_positions(wcs, x, y)[0])
    return ra, dec


def _ids(keys: HeaderKeys) -> dict[str, int]:
    found = {}
    for name in _IDS:
        for value in keys.values(name):
            # A float would have lost the last digits.
            text = str(value).strip() if isinstance(value, str | int) else ""
            if text.isascii() and text.isdigit():
                found[name] = int(text)
                break
    return found
