"""The surveys that cutouts can be downloaded from.

HiPS conserve the surface brightness of a survey's native pixels: where those are
fluxes, a cutout with other pixels is multiplied by the ratio of the areas, so that it
holds fluxes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from clump_detector.core.errors import ConfigError
from clump_detector.image_files.sources import BAND_ORDER


@dataclass(frozen=True)
class Survey:
    """A survey and the identifiers of its images.

    Attributes
    ----------
    key : str
        Its name in options.
    title : str
    bands : mapping of str to str
        Identifiers of the HiPS by band.
    usual : tuple of str
        The standard bands, from blue to red, which are downloaded by default.
    colour : str
        Identifier of the HiPS of colour pictures, '' if there is none.
    scale : float
        Arcsec per pixel of the survey's native images.
    unit : str
        FITS unit of their pixels, '' if fluxes are relative.
    frames : bool
        Whether the survey's native images are downloaded rather than HiPS.
    """

    key: str
    title: str
    bands: Mapping[str, str] = field(default_factory=dict)
    usual: tuple[str, ...] = ()
    colour: str = ""
    scale: float = 0.4
    unit: str = ""
    frames: bool = False


def _bands(stem: str, letters: str) -> dict[str, str]:
    return {band: f"{stem}{band}" for band in letters}


#: Pan-STARRS has no bands here: all but g of its HiPS are stretched (asinh), and g is
#: in counts with a zero point that varies across the sky.
SURVEYS = {
    survey.key: survey
    for survey in (
        Survey(
            "sdss",
            "SDSS DR9",
            _bands("CDS/P/SDSS9/", "ugriz"),
            ("g", "r", "i"),
            "CDS/P/SDSS9/color",
            0.396,
            "nanomaggy",
        ),
        Survey(
            "sdss-frames",
            "SDSS DR17, its own images",
            _bands("", "ugriz"),
            ("g", "r", "i"),
            "",
            0.396,
            "nanomaggy",
            frames=True,
        ),
        Survey(
            "legacy",
            "DESI Legacy Surveys DR10",
            _bands("CDS/P/DESI-Legacy-Surveys/DR10/", "griz"),
            ("g", "r", "z"),
            "CDS/P/DESI-Legacy-Surveys/DR10/color",
            0.262,
            "nanomaggy",
        ),
        Survey(
            "panstarrs",
            "Pan-STARRS DR1",
            colour="CDS/P/PanSTARRS/DR1/color-i-r-g",
            scale=0.25,
        ),
        Survey("dss2", "DSS2", colour="CDS/P/DSS2/color", scale=1.0),
    )
}


def survey_named(name: str) -> Survey:
    """Return a survey by its key, or one of a HiPS by its identifier.

    Parameters
    ----------
    name : str
        A key of `SURVEYS`, or the identifier of any HiPS, such as ``CDS/P/DES-DR2/g``.

    Raises
    ------
    ConfigError
        If it is neither.
    """
    found = SURVEYS.get(name.strip().lower())
    if found is not None:
        return found
    if re.fullmatch(r"(ivo://)?\w[\w.+-]*(/\w[\w.+-]*)+", name.strip()):
        hips = name.strip().removeprefix("ivo://")
        band = hips.rpartition("/")[2]
        band = band if band in BAND_ORDER else "r"
        return Survey(hips, hips, {band: hips}, (band,), hips)
    raise ConfigError(
        f"there is no survey {name!r}",
        None,
        f"Choose {', '.join(SURVEYS)}, or give the identifier of a HiPS, such as "
        "CDS/P/DES-DR2/g.",
    )
