"""What the options of an evaluation say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class EvaluateOptions:
    """Options of a plain evaluation.

    Attributes
    ----------
    held_out : bool
        Only the cutouts that are held out.
    score : float or None
        From which boxes count; the cards' defaults by default.
    device : str
    out, picture : path or None
        Where the figures go as JSON, and drawn.
    calibrate : bool
        Keep calibration and best score in the model's card.
    keep : str or None
        Keep the figures there; this says on what they were made.
    baseline : bool
        Compare with a peak finder.
    classes : tuple of str or None
        Only these are looked for.
    """

    held_out: bool = False
    score: float | None = None
    device: str = "auto"
    out: Path | None = None
    picture: Path | None = None
    calibrate: bool = False
    keep: str | None = None
    baseline: bool = False
    classes: tuple[str, ...] | None = None
