"""Measuring clumps: positions, fluxes and errors by band, and quality flags.

`prepare` looks at a cutout's sky, galaxy and PSF; `measure_boxes` measures boxes on it,
and `measure` does both; `segment` gives the pixels of each clump. `post_process` drops
and merges boxes before that, as Popp et al. (2023) do.
"""

from clump_detector.photometry.aperture.psf import Psf, from_image, gaussian, moffat

from .field import Field, prepare
from .flags import MEANING, Quality, flags_in_words
from .measurement import measure, measure_boxes
from .postprocess import MergedBoxes, post_process
from .results import Measured
from .segments import Segments, segment

__all__ = [
    "MEANING",
    "Field",
    "Measured",
    "MergedBoxes",
    "Psf",
    "Quality",
    "Segments",
    "flags_in_words",
    "from_image",
    "gaussian",
    "measure",
    "measure_boxes",
    "moffat",
    "post_process",
    "prepare",
    "segment",
]
