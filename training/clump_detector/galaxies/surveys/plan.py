"""The plan of a download: the sky area, pixels and file of each cutout."""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from clump_detector.astrometry.pixel_scale import doubt, is_plausible
from clump_detector.core.errors import ConfigError
from clump_detector.galaxies.galaxy import Galaxy
from clump_detector.image_files.sources import BAND_ORDER

from .surveys import Survey

#: Default side length of cutouts in effective radii, and of pictures in pixels.
RADII = 12.0
PICTURE_PIXELS = 400

#: Limits of the side length in arcsec, since catalogues contain wrong radii.
LEAST_SIDE, MOST_SIDE = 20.0, 1200.0
MOST_PIXELS = 4000

_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.I)
_BAND_WORD = re.compile(rf"[-_. ](?=[{BAND_ORDER}](?:[-_. ]|$))")


@dataclass(frozen=True)
class Choices:
    """Survey, bands, format and size of the cutouts to download.

    Attributes
    ----------
    survey : Survey
    bands : tuple of str
        Empty for the survey's standard bands.
    picture : {"", "jpg", "png"}
        Format of colour pictures, or '' for FITS.
    size : float or None
        Side length in arcsec of all cutouts.
    radii : float
        Side length in effective radii if no size is given.
    pixels : int or None
        Side length in pixels.
    scale : float or None
        Arcsec per pixel, if no number of pixels is given. Without both, FITS has the
        survey's native pixels and a picture `PICTURE_PIXELS`.
    """

    survey: Survey
    bands: tuple[str, ...] = ()
    picture: str = ""
    size: float | None = None
    radii: float = RADII
    pixels: int | None = None
    scale: float | None = None

    def checked(self) -> Choices:
        """Return the choices with bands from blue to red, by default the standard ones.

        Raises
        ------
        ConfigError
            If they are out of range, or do not fit each other or the survey.
        """
        self._check_sizes()
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
            known = "".join(self.survey.bands)
            raise ConfigError(
                f"{self.survey.title} has no band {''.join(unknown)}"
                if known
                else f"{self.survey.title} has colour pictures only",
                None,
                f"Choose of {known}." if known else "Add --picture.",
            )
        in_order = tuple(sorted(dict.fromkeys(bands), key=BAND_ORDER.index))
        return replace(self, bands=in_order)

    def _check_sizes(self) -> None:
        if self.size is not None and not 1 <= self.size <= 36_000:
            raise ConfigError(
                f"a side length of {self.size:g} arcsec is out of range",
                None,
                "Choose 1 to 36,000.",
            )
        if not 0.1 <= self.radii <= 1000:
            raise ConfigError(
                f"a side length of {self.radii:g} effective radii is out of range",
                None,
                "Try 12.",
            )
        if self.pixels is not None and not 16 <= self.pixels <= MOST_PIXELS:
            raise ConfigError(
                f"a side length of {self.pixels} pixels is out of range",
                None,
                f"Choose 16 to {MOST_PIXELS}.",
            )
        if self.scale is not None and not is_plausible(self.scale):
            raise ConfigError(
                f"--scale {self.scale:g} {doubt(self.scale)}",
                None,
                "Give arcsec per pixel.",
            )


@dataclass(frozen=True)
class Wanted:
    """One cutout to download.

    Attributes
    ----------
    galaxy : Galaxy
    file : str
        Its file name in the folder, valid on every operating system.
    size : float
        Side length in arcsec.
    pixels : int
        Side length in pixels.
    """

    galaxy: Galaxy
    file: str
    size: float
    pixels: int

    @property
    def position(self) -> tuple[float, float]:
        """Right ascension and declination in degrees."""
        if self.galaxy.ra is None or self.galaxy.dec is None:
            raise ValueError("a galaxy of the plan has no position")
        return self.galaxy.ra, self.galaxy.dec

    @property
    def scale(self) -> float:
        """Arcsec per pixel."""
        return self.size / self.pixels

    def request(self, choices: Choices) -> str:
        """Return a hash of this cutout's survey, bands, position, size and pixels."""
        survey = choices.survey
        what = [
            survey.key, survey.colour if choices.picture else choices.bands,
            choices.picture, self.galaxy.ra, self.galaxy.dec, round(self.size, 4),
            self.pixels,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class DownloadPlan:
    """All cutouts to download into a folder.

    Attributes
    ----------
    wanted : tuple of Wanted
    choices : Choices
    folder : path
    problems : tuple of str
        Galaxies that cannot be downloaded, one sentence each.
    notes : tuple of str
        Sentences for the user on changed names and sizes.
    """

    wanted: tuple[Wanted, ...]
    choices: Choices
    folder: Path
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def make_plan(
    galaxies: Iterable[Galaxy], choices: Choices, folder: Path
) -> DownloadPlan:
    """Decide on the size and the file of each galaxy's cutout.

    Parameters
    ----------
    galaxies : iterable of Galaxy
        With positions; a repeated galaxy is downloaded once.
    choices : Choices
    folder : path

    Raises
    ------
    ConfigError
        If the choices are out of range or do not fit each other.
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
            problems.append(f"{galaxy.name}: the list gives no position.")
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
    notes = tuple(_plan_notes(changed, cut, twice))
    return DownloadPlan(tuple(wanted), choices, folder, tuple(problems), notes)


def _plan_notes(changed: int, cut: int, twice: int) -> Iterator[str]:
    """Yield sentences on numbers of changed names, limited sizes and repeated rows."""
    if changed:
        yield f"{changed} names were changed to be valid file names."
    if cut:
        yield (
            f"{cut} cutouts were limited to between {LEAST_SIDE:g} and {MOST_SIDE:g} "
            "arcsec."
        )
    if twice:
        yield f"{twice} rows are repeated in the list and are downloaded once."


def _sized(galaxy: Galaxy, file: str, side: float, choices: Choices) -> Wanted:
    """Return a cutout of a whole number of pixels; a given scale is kept exactly."""
    if choices.pixels is not None:
        return Wanted(galaxy, file, side, choices.pixels)
    scale = choices.scale or (None if choices.picture else choices.survey.scale)
    if scale is None:
        return Wanted(galaxy, file, side, PICTURE_PIXELS)
    pixels = min(max(math.ceil(side / scale - 1e-9), 16), MOST_PIXELS)
    return Wanted(galaxy, file, pixels * scale, pixels)


class _Names:
    """Unique file names that are valid on every operating system."""

    def __init__(self, suffix: str) -> None:
        self._suffix, self._taken = suffix, {"galaxies"}

    def new(self, name: str) -> str:
        """Return the file name for a galaxy's name."""
        stem, n = safe_stem(name), 1
        while (own := f"{stem}-{n}" if n > 1 else stem).lower() in self._taken:
            n += 1
        self._taken.add(own.lower())
        return own + self._suffix


def safe_stem(name: str) -> str:
    """Return a name as the stem of a file name.

    Letters without accents, digits and ``+-._`` are kept. A separate letter that would
    name a band is joined to the word before it, so that such galaxies are not read as
    the bands of one.
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
