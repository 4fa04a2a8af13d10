"""The content of an image file: a colour picture, or planes with their header."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.fits_header import HeaderKeys

if TYPE_CHECKING:
    from astropy.wcs import WCS

Values = NDArray[np.float32]


@dataclass(frozen=True)
class ColourImage:
    """A colour picture, stretched by another program.

    Attributes
    ----------
    path : path
        The file.
    pixels : array
        uint8 of shape (height, width, 3).
    words : str
        What it is, for users.
    notes : tuple of str
        Sentences for the user.
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
        The file.
    fluxes : array
        float32 of shape (n, height, width), NaN where there is no data.
    keys : HeaderKeys
        The keys of the header.
    variance : array or None
        float32 of the fluxes' shape.
    wcs : astropy.wcs.WCS or None
    by_header, by_extension : tuple of (str or None)
        The bands by header and by extension name.
    named_by : str
        The source of ``by_header``, such as "the header (FILTER)".
    facts : tuple of str
        Clauses on what was read from where.
    notes : tuple of str
        Sentences for the user.
    red_first : bool
        Whether planes without names are red, green and blue in this order, as stated by
        the file or because colours are its last axis.
    """

    path: Path
    fluxes: Values
    keys: HeaderKeys = field(default_factory=HeaderKeys)
    variance: Values | None = None
    wcs: WCS | None = None
    by_header: tuple[str | None, ...] = ()
    by_extension: tuple[str | None, ...] = ()
    named_by: str = ""
    facts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    red_first: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return int(self.fluxes.shape[1]), int(self.fluxes.shape[2])
