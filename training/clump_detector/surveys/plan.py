"""What is to be fetched: which part of the sky, into which file, of how many pixels."""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from clump_detector.astrometry.pixel_scale import doubt, is_plausible
from clump_detector.core.errors import ConfigError
from clump_detector.core.sources import BAND_ORDER
from clump_detector.galaxies.galaxy import Galaxy

from .surveys import Survey

#: Sides of cutouts in effective radii, and of pictures in pixels, if nobody says.
RADII = 12.0
PICTURE_PIXELS = 400

#: Arcsec, whatever the radius; beyond lie wrong radii.
LEAST_SIDE, MOST_SIDE = 20.0, 1200.0
MOST_PIXELS = 4000

_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.I)
_BAND_WORD = re.compile(rf"[-_. ](?=[{BAND_ORDER}](?:[-_. ]|$))")


@dataclass(frozen=True)
class Choices:
    """How cutouts are to be.

    Attributes
    ----------
    survey : Survey
    bands : tuple of str
        Empty for the usual ones.
    picture : {"", "jpg", "png"}
        Colour pictures rather than FITS.
    size : float or None
        Side in arcsec of all cutouts.
    radii : float
        Side in effective radii where no size is given.
    pixels : int or None
        Pixels a side.
    scale : float or None
        Arcsec per pixel, where no number of pixels is given. Without both, FITS has the
        survey's own pixels and a picture `PICTURE_PIXELS`.
    """

    survey: Survey
    bands: tuple[str, ...] = ()
    picture: str = ""
    size: float | None = None
    radii: float = RADII
    pixels: int | None = None
    scale: float | None = None

    def checked(self) -> Choices:
        """Return the choices with the usual bands in place.

        Raises
        ------
        ConfigError
            If they do not fit each other or the survey.
        """
        if self.size is not None and not 1 <= self.size <= 36_000:
            raise ConfigError(
                f"a cutout of {self.size:g} arcsec", None, "Choose 1 to 36,000."
            )
        if not 0.1 <= self.radii <= 1000:
            raise ConfigError(
                f"a cutout of {self.radii:g} effective radii", None, "Try 12."
            )
        if self.pixels is not None and not 16 <= self.pixels <= MOST_PIXELS:
            raise ConfigError(
                f"{self.pixels} pixels a side", None, f"Choose 16 to {MOST_PIXELS}."
            )
        if self.scale is not None and not is_plausible(self.scale):
            raise ConfigError(
                f"--scale {self.scale:g} {doubt(self.scale)}",
                None,
                "Give arcsec per pixel.",
            )
        if self.picture:
            if not self.survey.colour:
                raise ConfigError(
                    f"{self.survey.title} has no colour pictures",
                    None,
                    "Leave out --picture, or choose another survey.",
                )
            return self
        bands = self.bands or self.survey.usual
        unknown = [band for band in bands if band not in self.survey.bands]
        if not bands or unknown:
            there = "".join(self.survey.bands)
            raise ConfigError(
                f"{self.survey.title} has no band {''.join(unknown)}"
                if there
                else f"{self.survey.title} has colour pictures only",
                None,
                f"There is {there}." if there else "Say --picture.",
            )
        in_order = tuple(sorted(dict.fromkeys(bands), key=BAND_ORDER.index))
        return replace(self, bands=in_order)


@dataclass(frozen=True)
class Wanted:
    """One cutout to be fetched.

    Attributes
    ----------
    galaxy : Galaxy
    file : str
        Its name in the folder, safe on every system.
    size : float
        Side in arcsec.
    pixels : int
        Pixels a side.
    """

    galaxy: Galaxy
    file: str
    size: float
    pixels: int

    @property
    def place(self) -> tuple[float, float]:
        """Right ascension and declination in degrees."""
        if self.galaxy.ra is None or self.galaxy.dec is None:
            raise ValueError("a galaxy without a position was planned for")
        return self.galaxy.ra, self.galaxy.dec

    @property
    def scale(self) -> float:
        """Arcsec per pixel."""
        return self.size / self.pixels

    def request(self, choices: Choices) -> str:
        """Return what tells this cutout from any other of the sky."""
        survey = choices.survey
        what = [
            survey.key, survey.colour if choices.picture else choices.bands,
            choices.picture, self.galaxy.ra, self.galaxy.dec, round(self.size, 4),
            self.pixels,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class DownloadPlan:
    """All cutouts to be fetched into a folder.

    Attributes
    ----------
    wanted : tuple of Wanted
    choices : Choices
    folder : path
    problems : tuple of str
        Galaxies that cannot be fetched, one sentence each.
    said : tuple of str
        What a person should know before.
    """

    wanted: tuple[Wanted, ...]
    choices: Choices
    folder: Path
    problems: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


def make_plan(
    galaxies: Iterable[Galaxy], choices: Choices, folder: Path
) -> DownloadPlan:
    """Decide on the size and the file of each galaxy's cutout.

    Parameters
    ----------
    galaxies : iterable of Galaxy
        With positions; the same galaxy twice is fetched once.
    choices : Choices
    folder : path

    Raises
    ------
    ConfigError
        If the choices do not fit each other.
    """
    choices = choices.checked()
    names = _Names(".fits" if not choices.picture else f".{choices.picture}")
    wanted, problems, seen = [], [], set()
    changed = twice = cut = 0
    for galaxy in galaxies:
        key = (galaxy.name, galaxy.ra, galaxy.dec)
        if key in seen:
            twice += 1
            continue
        seen.add(key)
        side = choices.size or (galaxy.radius and choices.radii * galaxy.radius)
        if galaxy.ra is None or galaxy.dec is None:
            problems.append(f"{galaxy.name}: the list tells no position.")
        elif not side:
            problems.append(
                f"{galaxy.name}: its radius is not known. Give a size in arcsec."
            )
        else:
            within = side if choices.size else min(max(side, LEAST_SIDE), MOST_SIDE)
            cut, side = cut + (within != side), within
            file = names.new(galaxy.name)
            changed += Path(file).stem != galaxy.name
            wanted.append(_sized(galaxy, file, side, choices))
    said = []
    if changed:
        said.append(f"{changed} names were changed to be safe as names of files.")
    if cut:
        said.append(
            f"{cut} cutouts were held between {LEAST_SIDE:g} and {MOST_SIDE:g} arcsec."
        )
    if twice:
        said.append(f"{twice} rows stand twice in the list and are fetched once.")
    return DownloadPlan(tuple(wanted), choices, folder, tuple(problems), tuple(said))


def _sized(galaxy: Galaxy, file: str, side: float, choices: Choices) -> Wanted:
    """Return a cutout of whole pixels; a given pixel scale is kept exactly."""
    if choices.pixels is not None:
        return Wanted(galaxy, file, side, choices.pixels)
    scale = choices.scale or (None if choices.picture else choices.survey.scale)
    if scale is None:
        return Wanted(galaxy, file, side, PICTURE_PIXELS)
    pixels = min(max(math.ceil(side / scale - 1e-9), 16), MOST_PIXELS)
    return Wanted(galaxy, file, pixels * scale, pixels)


class _Names:
    """Names of files that are safe on every system, and no two alike."""

    def __init__(self, suffix: str) -> None:
        self._suffix, self._taken = suffix, {"galaxies"}

    def new(self, name: str) -> str:
        """Return the file of a name."""
        stem, n = safe_stem(name), 1
        while (own := f"{stem}-{n}" if n > 1 else stem).lower() in self._taken:
            n += 1
        self._taken.add(own.lower())
        return own + self._suffix


def safe_stem(name: str) -> str:
    """Return a name as the stem of a file that stays in its folder.

    Letters without accents, digits and ``+-._`` are kept. A letter by itself that would
    name a band is joined to the word before it, or galaxies named after bands would be
    taken for the bands of one.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9+._-]+", "_", plain).strip("._-")[:100].strip("._-")
    stem = _BAND_WORD.sub("", stem)
    if len(stem) == 1 and stem in BAND_ORDER:
        stem = f"galaxy{stem}"
    stem = re.sub(rf"^([{BAND_ORDER}])[-_. ]", r"\1", stem)
    if not stem:
        return "galaxy"
    return f"{stem}_" if _RESERVED.fullmatch(stem) else stem
