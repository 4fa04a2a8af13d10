"""The user's request to download the cutouts of a list of galaxies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from clump_detector.core.errors import ConfigError
from clump_detector.core.options import option
from clump_detector.galaxies.read import GalaxyList

from .download import Ended
from .plan import RADII, Choices, DownloadPlan, make_plan
from .surveys import survey_named


@dataclass(frozen=True)
class DownloadRequest:
    """The user's choices for the cutouts to download.

    Attributes
    ----------
    survey : str
        A key of `SURVEYS`, or the identifier of a HiPS.
    bands : str
        Letters, such as ``gri``; empty for the survey's standard bands.
    picture : {"", "jpg", "png"}
        Format of colour pictures, or '' for FITS.
    size, radii, pixels, scale
        As in `clump_detector.galaxies.surveys.Choices`.
    columns : mapping of str to str
        Columns of the list by role, where the guess is wrong.
    """

    survey: str = option(
        "sdss",
        "Where the images come from: sdss, sdss-frames, legacy, panstarrs, dss2, or "
        "any HiPS",
        label="Survey",
    )
    bands: str = option(
        "", "Such as ugriz; default: the survey's standard three", label="Bands"
    )
    picture: str = option(
        "", "FITS, or a colour image", label="Format", choices=("", "jpg", "png")
    )
    size: float | None = option(
        None, "Side length in arcsec: the same for all", label="Side"
    )
    radii: float = option(
        RADII,
        "Without a side in arcsec: side length in effective radii of each galaxy",
        label="Side",
    )
    pixels: int | None = option(
        None,
        "Side length in pixels (default: native pixels for FITS, 400 for colour "
        "images)",
        label="Pixels",
        least=1,
        most=4000,
    )
    scale: float | None = option(
        None, "Arcsec per pixel, instead of the number of pixels", label="Scale"
    )
    columns: Mapping[str, str] = field(default_factory=dict)

    def choices(self) -> Choices:
        """Return the choices, checked.

        Raises
        ------
        ConfigError
            If the survey is unknown, or the choices do not fit each other.
        """
        return Choices(
            survey_named(self.survey),
            tuple(self.bands.replace(",", "").replace(" ", "")),
            self.picture,
            self.size,
            self.radii,
            self.pixels,
            self.scale,
        ).checked()


def plan_for(
    galaxies: GalaxyList, request: DownloadRequest, folder: Path
) -> DownloadPlan:
    """Return the plan of a download for a list of galaxies.

    Parameters
    ----------
    galaxies : GalaxyList
    request : DownloadRequest
    folder : path
        The folder for the cutouts.

    Raises
    ------
    ConfigError
        If the choices do not fit each other, or no galaxy can be downloaded.
    """
    plan = make_plan(galaxies, request.choices(), folder)
    if not plan.wanted:
        raise ConfigError(
            f"none of the {len(galaxies)} galaxies can be downloaded",
            galaxies.path,
            plan.problems[0],
        )
    return plan


def download_in_words(ended: Ended) -> str:
    """Return a sentence on the result of a download."""
    kept = f", {ended.kept} existed already" if ended.kept else ""
    failed = f", {ended.failed} failed" if ended.failed else ""
    n = ended.fetched
    return f"{ended.folder}: {n} cutout{'s' * (n != 1)} downloaded{kept}{failed}."
