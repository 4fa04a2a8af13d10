"""Bands and unit that the user gives for images that do not state them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from clump_detector.core.errors import ConfigError
from clump_detector.fluxes.units import chosen_unit
from clump_detector.image_files.sources import Source
from clump_detector.images.pixels.band_names import bands_in


@dataclass(frozen=True)
class Choice:
    """Bands and unit of files whose headers, extensions and names give none.

    Attributes
    ----------
    bands : tuple of str
        The bands of the planes, for files with this number of planes.
    unit : str
        See `units.chosen_unit`.
    """

    bands: tuple[str, ...] = ()
    unit: str = ""

    @classmethod
    def of(cls, bands: str | None = None, unit: str | None = None) -> Choice:
        """Return a choice from texts.

        Parameters
        ----------
        bands : str, optional
            Such as ``grz`` or ``F435W,F606W``.
        unit : str, optional
            Such as ``uJy`` or ``zp=27``.

        Raises
        ------
        ConfigError
            If the bands are not names of bands, or the unit is unknown.
        """
        if unit:
            chosen_unit(unit)
        return cls(_names(bands) if bands else (), unit or "")

    def for_sources(self, sources: Iterable[Source]) -> list[Source]:
        """Return the sources with these bands and unit where they have none."""
        return [
            replace(
                source,
                bands=source.bands or self.bands,
                unit=source.unit or self.unit,
            )
            for source in sources
        ]


NO_CHOICE = Choice()


def _names(text: str) -> tuple[str, ...]:
    for n in (len(text), len(re.findall(r"[^\s,;/|]+", text))):
        names = bands_in(text, n)
        if names and len(set(names)) == n:
            return names
    raise ConfigError(
        f"the bands {text!r} are unknown",
        remedy="Give them in the order of the planes, such as grz or F435W,F606W.",
    )
