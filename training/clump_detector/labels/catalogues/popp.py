"""The published detections of Popp et al. (2023), ``FRCNN_Zoobot_SDSS_GZ2_detections``.

One row is one clump. ``clump_px_x1`` and the others are pixels of its galaxy's
400 x 400 PNG in torchvision's convention, from the corner; ``clump_centre_ra`` and
``clump_centre_dec`` are degrees. The galaxy is given by two object ids.
"""

from __future__ import annotations

from collections.abc import Mapping

from clump_detector.labels.coordinates import corners_of, share, sky_position
from clump_detector.labels.external import ForeignBox, ForeignLabels, Losses, Size

from .table import LabelTable

ORIGIN = "Popp et al. 2023"

#: The pixels are those of the authors' PNG.
FITS: Mapping[Size, tuple[float, float]] = {(400, 400): (0.0, 0.0)}

_CORNERS = ("clump_px_x1", "clump_px_y1", "clump_px_x2", "clump_px_y2")
_IDS = ("dr7objid", "specobjid")


def is_popp(grid: LabelTable) -> bool:
    """Return whether a table is this catalogue or a part of it, by its columns."""
    pixels = all(grid.find(name) for name in _CORNERS)
    sky = grid.find("clump_centre_ra") and grid.find("clump_centre_dec")
    # A catalogue of this program has the same columns and also names the image.
    own = grid.find("file", "galaxy_name")
    return bool((pixels or sky) and any(grid.find(n) for n in _IDS) and not own)


def read_popp(grid: LabelTable) -> ForeignLabels:
    """Return the labels of the catalogue."""
    losses = Losses()
    classes = grid.words(grid.find("clump_label_name", "clump_label_id"))
    scores = grid.numbers(grid.find("clump_score"))
    ids = {name: grid.integers(grid.find(name)) for name in _IDS}
    columns = [grid.numbers(grid.find(name)) for name in _CORNERS]
    ra, dec, host_ra, host_dec = (
        grid.numbers(grid.find(name))
        for name in ("clump_centre_ra", "clump_centre_dec", "galaxy_ra", "galaxy_dec")
    )
    boxes = []
    for i, row in enumerate(zip(*columns, strict=True)):
        corners = corners_of(row)
        sky = sky_position(ra[i], dec[i], host=(host_ra[i], host_dec[i]))
        known = {k: v for k, column in ids.items() if (v := column[i]) is not None}
        if corners is None and sky is None:
            example = str(next(iter(known.values()), ""))
            losses.add("a clump without a position", example)
            continue
        boxes.append(
            ForeignBox(
                cls=classes[i],
                corners=corners,
                sky=sky,
                ids=known,
                score=share(scores[i]),
                model=ORIGIN,
            )
        )
    return ForeignLabels("popp", ORIGIN, grid.path, tuple(boxes), FITS, losses)
