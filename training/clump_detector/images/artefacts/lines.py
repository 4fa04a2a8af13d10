"""Lines across the sky: trails of satellites and cosmic rays, and edges of exposures.

Trails are found by their straightness (`stretches`), or by being in one band only.
Packages that find trails (acstools, ASTRiDE) expect linear exposures of one camera,
with errors; cutouts are also pictures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from clump_detector.core.arrays import Floats, Mask
from clump_detector.images.segmentation import grown, segments_above

from .image import SearchedImage
from .kinds import Artefact, Place
from .shapes import Group, groups, part_of
from .stretches import Stretch, along_lines

#: The stretch is a trail from this gain on, if this share of it is brighter than its
#: sides, and known,
LEAST_GAIN, COVERED, KNOWN = 75.0, 0.8, 0.4

#: and it is the edge of an exposure where one side is brighter than the other by this
#: share of what the line is brighter.
STEP = 0.35

#: So many FWHM beside it the picture is at most this many grey levels, and this many
#: times the noise, brighter than the darkest parts.
SIDES, DARK_SIDE, DARK_NOISES = 3.0, 25.0, 2.0

#: The darkest parts, as a percentile.
DARKEST = 5

#: Images are searched in bins of so many pixels for 4 pixels of FWHM: thin lines, and
#: broad faint ones.
BINS = (1, 3)

#: Half the width of a bright trail, in FWHM.
THIN = 1.5

#: Nothing is searched where less than this share of the cutout is sky.
LEAST_SKY = 0.3

#: A trail in one band: this many times the noise, and so many times the other bands.
ONE_BAND, OTHERS = 3.0, 1.3

#: It is so many times longer than wide, and this share of the side long.
ASPECT, LONG = 6.0, 0.06

#: Where half of it lies on the galaxy's faint light, it is this many times longer than
#: wide.
ASPECT_ON_GALAXY = 20.0


def find_lines(image: SearchedImage, stars: Sequence[Place] = ()) -> Iterator[Artefact]:
    """Yield trails, and edges of exposures, the clearest of each.

    Parameters
    ----------
    image : SearchedImage
    stars : sequence of (float, float, float, float)
        Places of saturated stars: lines through their middles are spikes.
    """
    found = [one for one in _stretches(image) if not _is_spike(one, stars, image)]
    for kind in ("trail", "seam"):
        there = [one for one in found if (one.step > STEP) == (kind == "seam")]
        if there:
            yield _artefact(kind, max(there, key=lambda one: one.gain))
    if all(one.step > STEP for one in found):
        yield from _in_one_band(image, stars)


def _is_spike(found: Stretch, stars: Sequence[Place], image: SearchedImage) -> bool:
    """Return whether a line goes through the middle of a star."""
    x1, y1, x2, y2 = found.ends
    for left, top, right, bottom in stars:
        x, y = (left + right) / 2 - x1, (top + bottom) / 2 - y1
        across = abs(x * (y2 - y1) - y * (x2 - x1)) / max(found.length, 1)
        if across < 2 * image.fwhm:
            return True
    return False


def _artefact(kind: str, found: Stretch) -> Artefact:
    x1, y1, x2, y2 = found.ends
    words = {
        "trail": f"a bright line of {found.length:.0f} pixels",
        "seam": f"the sky changes along a line of {found.length:.0f} pixels",
    }
    corners = (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
    return Artefact(kind, words[kind], corners)


def _stretches(image: SearchedImage) -> Iterator[Stretch]:
    """Yield the stretches of lines that count, of all planes and bins."""
    hidden = _hidden(image)
    if image.filled or hidden.mean() > 1 - LEAST_SKY:
        return
    planes = [*image.signal]
    if len(planes) > 1:
        planes.append(image.total * np.float32(np.sqrt(len(planes))))
    pixels = max(round(image.fwhm / 4), 1)
    for side in (pixels * bins for bins in BINS):
        if image.side / side < 30:
            continue
        for plane in planes:
            small, gone = _binned(np.clip(plane, -3, 8), hidden, side)
            for one in along_lines(small, gone):
                whole = one.enlarged(side)
                if _counts(whole, image):
                    yield whole


def _counts(found: Stretch, image: SearchedImage) -> bool:
    """Return whether a stretch is a line, and no rim of the cutout."""
    x1, y1, x2, y2 = found.ends
    height, width = image.shape
    rim = 0.03 * image.side
    along_rim = (
        max(x1, x2) < rim or max(y1, y2) < rim
        or min(x1, x2) > width - rim or min(y1, y2) > height - rim
    )  # fmt: skip
    clear = found.gain >= LEAST_GAIN and found.covered >= COVERED
    return clear and found.known >= KNOWN and not along_rim and _in_sky(found, image)


def _in_sky(found: Stretch, image: SearchedImage) -> bool:
    """Return whether it is as dark as the sky on one side of a line at least."""
    from scipy import ndimage

    x1, y1, x2, y2 = found.ends
    along = np.linspace(0, 1, 50)
    away = SIDES * image.fwhm / max(found.length, 1)
    sides = []
    for way in (-away, away):
        x = x1 + along * (x2 - x1) + way * (y2 - y1)
        y = y1 + along * (y2 - y1) - way * (x2 - x1)
        light = ndimage.map_coordinates(
            image.luminance, [y, x], order=1, mode="nearest"
        )
        sides.append(float(np.median(light)))
    darkest = float(np.percentile(image.luminance, DARKEST))
    limit = max(DARK_SIDE, DARK_NOISES * image.luminance_noise)
    return min(sides) - darkest < limit


def _hidden(image: SearchedImage) -> Mask:
    """Return where no line can be seen: on sources, but not on thin drawn-out parts."""
    segments = segments_above(image.smooth, 3.0, max(int(image.fwhm**2), 5))
    mask = (segments > 0) | image.host
    reach = THIN * image.fwhm
    thick = grown(~grown(~mask, reach), reach + 3)
    thin, apart = mask & ~thick, mask & ~image.host
    for part in (thin, apart):  # a trail that touches a galaxy, and a broad one
        for group in groups(part, 5):
            if group.length > max(0.1 * image.side, 6 * group.width):
                mask[group.rows, group.columns] = False
    mask = grown(mask | image.galaxy, 2) | image.missing
    mask[:4] = mask[-4:] = True
    mask[:, :4] = mask[:, -4:] = True
    return mask


def _binned(plane: Floats, hidden: Mask, side: int) -> tuple[Floats, Mask]:
    """Return means of what is not hidden in squares, and where most is hidden."""
    rows, columns = (n // side for n in plane.shape)
    whole = np.s_[: rows * side, : columns * side]
    shape = (rows, side, columns, side)
    seen = (~hidden[whole]).reshape(shape)
    sums = np.where(seen, plane[whole].reshape(shape), 0).sum(axis=(1, 3))
    counts = seen.sum(axis=(1, 3))
    gone = counts < side * side / 2
    return np.where(gone, 0, sums / np.maximum(counts, 1)), gone


def _in_one_band(image: SearchedImage, stars: Sequence[Place]) -> Iterator[Artefact]:
    """Yield the longest trail that is in one band only.

    Bands are exposed one after the other, so that a satellite crosses one of them.
    """
    from scipy import ndimage

    best, found = 0.0, None
    blur = max(image.fwhm / 4, 1.0)
    for k, plane in enumerate(image.signal):
        others = np.delete(image.signal, k, axis=0)
        if not len(others):
            return
        bright = ndimage.gaussian_filter(np.clip(plane, -5, 60), blur)
        other = ndimage.gaussian_filter(np.clip(others.max(axis=0), 0, 40), blur)
        clear = (bright - OTHERS * other > ONE_BAND) & ~image.galaxy
        for group in groups(clear, 12):
            if group.length > best and _is_trail(group, image, stars):
                best, found = group.length, group
    if found is not None:
        where = part_of(found.place, image.shape)
        yield Artefact(
            "trail",
            f"a line of {best:.0f} pixels in one band only, {where}",
            found.place,
        )


def _is_trail(group: Group, image: SearchedImage, stars: Sequence[Place]) -> bool:
    on_galaxy = image.host[group.rows, group.columns].mean() > 0.5
    aspect = ASPECT_ON_GALAXY if on_galaxy else ASPECT
    if group.length < max(aspect * group.width, LONG * image.side):
        return False
    x, y = group.columns, group.rows
    return not any(
        ((x >= x1) & (x <= x2) & (y >= y1) & (y <= y2)).any()
        for x1, y1, x2, y2 in stars
    )
