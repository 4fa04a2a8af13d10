"""How a survey is searched, and what of it decides what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clump_detector.config.detection import DetectOptions
from clump_detector.core.options import option


@dataclass(frozen=True)
class SurveyOptions(DetectOptions):
    """How a survey is searched.

    Attributes
    ----------
    model, device
        As for detection.
    score : float or None
        From which boxes are kept; None for half of the model's default score, so that
        there is something to ask for below it.
    photometry : bool
        Whether boxes are measured where a cutout has fluxes.
    embeddings : bool
        Whether the encoder's mean features of each cutout are kept.
    attempts : int
        How often a cutout that fails is tried, over all runs.
    batch : int
        Cutouts that a worker gets at a time.
    bands, unit : str
        Of files that do not name them.
    """

    score: float | None = option(
        None, "Minimum score (default: half of the model's own)", least=0, most=1
    )
    photometry: bool = option(True, "Measure the boxes where a cutout has fluxes")
    embeddings: bool = option(False, "Keep the encoder's mean features of each cutout")
    attempts: int = option(
        1, "How often a cutout that fails is tried, over all runs", least=1
    )
    batch: int = option(32, "Cutouts that a worker gets at a time", least=1, most=1000)
    bands: str = option("", "Bands of files that do not name them, such as grz")
    unit: str = option("", "Flux unit of files without one")

    def deciding(self) -> Mapping[str, object]:
        """Return what decides on the rows of the dataset, beside the model."""
        return {
            "score": self.score,
            "photometry": self.photometry,
            "embeddings": self.embeddings,
            "bands": self.bands,
            "unit": self.unit,
        }
