"""The entries of simulated galaxies in a label set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import Floats
from clump_detector.image_files.sources import Source
from clump_detector.labels.label_set import LabelledBox, LabelledCutout

from .cutout import SimulatedCutout
from .inject import Injected
from .priors import BANDS

#: The u flux ratio, and the contrast of an injected clump, of weight 1, and
#: the powers by which weight rises with them: boxes are ranked by score, and of two
#: likely clumps the stronger one should come first.
TYPICAL_RATIO, RATIO_POWER = 0.015, 0.4
TYPICAL_LEVELS, LEVELS_POWER = 50.0, 0.6
WEIGHTS = (0.5, 1.6)

#: Odd clumps are so few that a network would rather never call one.
ODD_WEIGHT = 2.5


def _weight(share: float, power: float) -> float:
    """Return how much a clump counts, by its strength over the typical one."""
    return round(float(np.clip(share**power, *WEIGHTS)), 3)


def labelled_injection(made: Injected, source: Source) -> LabelledCutout:
    """Return the entry of the label set of a picture with injected clumps.

    Parameters
    ----------
    made : Injected
    source : Source
        The picture's file.
    """
    height, width = made.rgb.shape[:2]
    clumps = [
        replace(
            _box(corners, contrast=round(float(level), 1)),
            weight=_weight(float(level) / TYPICAL_LEVELS, LEVELS_POWER),
        )
        for corners, level in zip(made.boxes, made.contrast, strict=True)
    ]
    host = [_box(corners, ignored=True) for corners in made.host]
    return LabelledCutout(
        source,
        width,
        height,
        boxes=(*clumps, *host),
        rejected=tuple(_box(corners, status="rejected") for corners in made.empty),
        fwhm=made.fwhm,
    )


def _box(
    corners: NDArray[np.float64],
    *,
    ignored: bool = False,
    status: str = "accepted",
    **extra: object,
) -> LabelledBox:
    x1, y1, x2, y2 = (float(v) for v in corners)
    return LabelledBox(
        x1, y1, x2, y2, "clump",
        origin="simulation", status=status, ignored=ignored,
        extra={**extra, "kind": "real"},
    )  # fmt: skip


def labelled(made: SimulatedCutout, source: Source, size: int) -> LabelledCutout:
    """Return a galaxy's entry of the label set.

    Clumps that nobody can see are left out, doubtful ones are ignored. What looks like
    a clump and is none is rejected, and its ``object`` says what it is. The attributes
    hold the truth: flux ratio in u, S/N, and the fluxes in nanomaggies by band.

    Parameters
    ----------
    made : SimulatedCutout
    source : Source
        The image's file.
    size : int
        Its side in pixels.
    """
    bands = made.scene.bands
    zoom = size / made.scene.size
    boxes = []
    for k, (corners, clump) in enumerate(
        zip(made.boxes, made.scene.clumps, strict=True)
    ):
        if not (made.visible[k] or made.doubtful[k]):
            continue
        x1, y1, x2, y2 = _zoomed(corners, zoom)
        boxes.append(
            LabelledBox(
                x1, y1, x2, y2, made.classes[k],
                origin="simulation",
                ignored=bool(made.doubtful[k]),
                weight=_weight(clump.ratio / TYPICAL_RATIO, RATIO_POWER)
                * (ODD_WEIGHT if clump.odd else 1.0),
                extra={
                    "flux_ratio": round(clump.ratio, 5),
                    "snr": round(float(made.snr[k]), 2),
                    "flux_nanomaggies": {
                        band: round(float(clump.flux[BANDS.index(band)]), 5)
                        for band in bands
                    },
                    "kind": made.scene.host.kind,
                },
            )
        )  # fmt: skip
    others = tuple(
        LabelledBox(
            *_zoomed(other.corners, zoom), "clump",
            origin="simulation", status="rejected", extra={"object": other.kind},
        )
        for other in made.others
    )  # fmt: skip
    return LabelledCutout(
        source, size, size, True, False, tuple(boxes),
        rejected=others, fwhm=made.scene.fwhm_px * zoom,
    )  # fmt: skip


def _zoomed(corners: Floats, zoom: float) -> tuple[float, float, float, float]:
    """Return a box at another scale.

    Pixels are counted from the first one's centre, so it is about that one's corner.
    """
    x1, y1, x2, y2 = (float(v) for v in (corners + 0.5) * zoom - 0.5)
    return x1, y1, x2, y2
