"""How clumps are detected: with which model, from which score, on which device."""

from __future__ import annotations

from dataclasses import dataclass

from clump_detector.core.options import option

from .training import DEVICES


@dataclass(frozen=True)
class DetectOptions:
    """How clumps are detected.

    Attributes
    ----------
    model : str
        A model's name, or its folder.
    score : float or None
        From which boxes are kept; None for the default of the model's card.
    device : {"auto", "cpu", "cuda", "mps"}
    """

    model: str = option("starter", "A model's name, or its folder", label="Model")
    score: float | None = option(
        None, "Minimum score (default: the model's own)", label="Score from",
        least=0, most=1,
    )  # fmt: skip
    device: str = option(
        "auto", "Where the model runs: auto (a GPU if there is one), cpu, cuda or mps",
        label="Device", choices=DEVICES,
    )  # fmt: skip
