"""Downloading cutouts for a list of galaxies from surveys, through astroquery."""

from .download import Ended, Event, Failed, Fetched, Kept, fetch
from .plan import Choices, DownloadPlan, Wanted, make_plan
from .retry import Waits
from .services import Services
from .surveys import SURVEYS, Survey, survey_named

__all__ = [
    "SURVEYS",
    "Choices",
    "DownloadPlan",
    "Ended",
    "Event",
    "Failed",
    "Fetched",
    "Kept",
    "Services",
    "Survey",
    "Waits",
    "Wanted",
    "fetch",
    "make_plan",
    "survey_named",
]
