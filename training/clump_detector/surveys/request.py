"""What is asked for: which cutouts of a list of galaxies are to be downloaded."""

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
    """What a person says about the cutouts to be fetched.

    Attributes
    ----------
    survey, bands, picture : str
        A key of the surveys or a HiPS; letters; and empty, jpg or png.
    size, radii, pixels, scale
        As in `clump_detector.surveys.Choices`.
    columns : mapping of str to str
        Which column of the list is what, where the guess is wrong.
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
        """Return them as the engine takes them.

        Raises
        ------
        ConfigError
            If they do not fit each other.
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
    """Return what is to be fetched for a list.

    Raises
    ------
    ClumpError
        If nothing can be fetched as requested.
    """
    plan = make_plan(galaxies, request.choices(), folder)
    if not plan.wanted:
        raise ConfigError(
            f"none of the {len(galaxies)} galaxies can be fetched",
            galaxies.path,
            plan.problems[0],
        )
    return plan


def download_in_words(ended: Ended) -> str:
    """Return what a run came to, in a sentence."""
    kept = f", {ended.kept} were there already" if ended.kept else ""
    failed = f", {ended.failed} did not come" if ended.failed else ""
    n = ended.fetched
    return f"{ended.folder}: {n} cutout{'s' * (n != 1)} fetched{kept}{failed}."
