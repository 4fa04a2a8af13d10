"""What the user says of images that do not say it themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from clump_detector.core.errors import ConfigError
from clump_detector.core.sources import Source
from clump_detector.fluxes.units import chosen_unit
from clump_detector.images.pixels.band_names import bands_in


@dataclass(frozen=True)
class Choice:
    """Bands and unit of files whose headers, extensions and names tell none.

    Attributes
    ----------
    bands : tuple of str
        Of the planes of each file that holds as many.
    unit : str
        See `units.chosen_unit`.
    """

    bands: tuple[str, ...] = ()
    unit: str = ""

    @classmethod
    def of(cls, bands: str | None = None, unit: str | None = None) -> Choice:
        """Return a choice in words, such as ``grz`` and ``zp=27``.

        Raises
        ------
        ConfigError
            If the bands are no names of bands, or the unit is unknown.
        """
        if unit:
            chosen_unit(unit)
        return cls(_names(bands) if bands else (), unit or "")

    def for_sources(self, sources: Iterable[Source]) -> list[Source]:
        """Return the sources with what is said of them; names of files come first."""
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
        remedy="Say them in the order of the planes, such as grz or F435W,F606W.",
    )
