"""Quality flags of a measured clump, as bits of one number and in words."""

from __future__ import annotations

from enum import IntFlag


class Quality(IntFlag):
    """Bits of the column ``clump_flags``; 0 is a clump without a problem."""

    MISSING = 1 << 0
    OVER_EDGE = 1 << 1
    FEW_PIXELS = 1 << 2
    CROWDED = 1 << 3
    NO_CENTROID = 1 << 4
    PSF_GUESSED = 1 << 5
    RELATIVE = 1 << 6
    PICTURE = 1 << 7
    NEGATIVE = 1 << 8
    SATURATED = 1 << 9
    OVERLAPS = 1 << 10
    OUTSIDE_HOST = 1 << 11
    NO_HOST = 1 << 12
    HOST_CUT = 1 << 13
    MERGED = 1 << 14
    NO_FLUX = 1 << 15
    WIDE = 1 << 16
    ON_NUCLEUS = 1 << 17
    MOSTLY_CLUMPS = 1 << 18


#: What each flag means, for the panel, the tables' metadata and the docs.
MEANING = {
    Quality.MISSING: "pixels without data in the aperture; made up for by the PSF",
    Quality.OVER_EDGE: "the box hangs over the edge of the image",
    Quality.FEW_PIXELS: "little of the annulus is left for the background",
    Quality.CROWDED: "other clumps cover more than half of the annulus",
    Quality.NO_CENTROID: "no peak near the box's middle: measured at its middle",
    Quality.PSF_GUESSED: "the PSF is not known: its width is the boxes' side / 2.5",
    Quality.RELATIVE: "fluxes are relative: the file's units are not known",
    Quality.PICTURE: "a picture has no linear flux: only the position is measured",
    Quality.NEGATIVE: "the flux is not positive in some band",
    Quality.SATURATED: "saturated pixels in the aperture",
    Quality.OVERLAPS: "the aperture overlaps a neighbour's, whose light was taken off",
    Quality.OUTSIDE_HOST: "the middle lies outside the galaxy's segment",
    Quality.NO_HOST: "no galaxy was found in the middle: no flux ratio",
    Quality.HOST_CUT: "the galaxy reaches over the edge: its flux is too low",
    Quality.MERGED: "made of several boxes that touched",
    Quality.NO_FLUX: "no flux in some band: too little of the aperture has data",
    Quality.WIDE: "wider than 1.6 PSFs: more than a clump may be in the aperture",
    Quality.ON_NUCLEUS: "on the galaxy's nucleus, whose own light is in it, too",
    Quality.MOSTLY_CLUMPS: "the galaxy's light is mostly in the apertures: how much "
    "lies below the clumps is not known well",
}


def flags_in_words(flags: int) -> list[str]:
    """Return what the bits mean, in sentences without full stops."""
    return [meaning for bit, meaning in MEANING.items() if flags & bit]
