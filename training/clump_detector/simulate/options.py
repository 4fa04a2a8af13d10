"""What is simulated: how many galaxies, of which size and kind."""

from __future__ import annotations

from dataclasses import dataclass

from clump_detector.core.options import option

KINDS = ("png", "fits", "both")


@dataclass(frozen=True)
class SimulateOptions:
    """What `dataset.simulate` makes.

    Attributes
    ----------
    n, seed : int
    kind : {"png", "fits", "both"}
    size : int
        Side length of an image in pixels; a FITS cube covers the same sky.
    share : float
    clumpy : float or None
    bands : str
    workers : int
    """

    n: int = option(100, "Number of galaxies", label="Galaxies", least=1)
    seed: int = option(0, "Galaxy k depends on the seed and on k alone", least=0)
    kind: str = option("png", "Format of the images", label="Format", choices=KINDS)
    size: int = option(
        400, "Side length in pixels", label="Side length", least=64, most=2048
    )
    share: float = option(
        1.0, "Fraction of real cutouts to use, with --into", least=0, most=1
    )
    clumpy: float | None = option(
        None, "Fraction with clumps (default: observed fraction)", least=0, most=1
    )
    bands: str = option("", "Bands of FITS cubes, such as ugriz (default: three)")
    workers: int = option(2, "Processes", least=1)
