"""What a file gives to a cutout: a picture, or planes and what their header says."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.fits_header import HeaderKeys

Values = NDArray[np.float32]


@dataclass(frozen=True)
class ColourImage:
    """A picture: what was stretched before.

    Attributes
    ----------
    path : path
        Of the file.
    pixels : array
        uint8 of shape (height, width, 3).
    words : str
        What it is, for people.
    notes : tuple of str
        What a person should know, in sentences.
    """

    path: Path
    pixels: NDArray[np.uint8]
    words: str = "a picture"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planes:
    """One plane, or a cube of them.

    Attributes
    ----------
    path : path
        Of the file.
    fluxes : array
        float32 of shape (n, height, width), NaN where there is no data.
    keys : HeaderKeys
        Of the header.
    variance : array or None
        float32 of the fluxes' shape.
    wcs : astropy.wcs.WCS or None
    by_header, by_extension : tuple of (str or None)
        What header and extension name call the planes.
    said_by : str
        Where ``by_header`` is from, such as "the header (FILTER)".
    facts : tuple of str
        What was taken from where, in words for one line.
    notes : tuple of str
        What a person should know, in sentences.
    red_first : bool
        Whether planes without names are red, green and blue in this order: the file
        says so, or colours are its last axis.
    """

    path: Path
    fluxes: Values
    keys: HeaderKeys = field(default_factory=HeaderKeys)
    variance: Values | None = None
    wcs: Any = None
    by_header: tuple[str | None, ...] = ()
    by_extension: tuple[str | None, ...] = ()
    said_by: str = ""
    facts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    red_first: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return int(self.fluxes.shape[1]), int(self.fluxes.shape[2])
