"""What all kinds of sources have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from clump_detector.survey_search.items import Item


class SurveySource(Protocol):
    """Cutouts of a survey, which are found as they are asked for."""

    @property
    def total(self) -> int:
        """How many there are, at most."""

    @property
    def notes(self) -> Sequence[str]:
        """Sentences on what was left out or not understood; complete at the end."""

    def __iter__(self) -> Iterator[Item]:
        """Go through the cutouts, in the same order each time."""
