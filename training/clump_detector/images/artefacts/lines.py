"""Lines across the sky: trails of satellites and cosmic rays, and edges of exposures.

Trails are found by their straightness: pixels above the noise vote for lines (the Hough
transform of scikit-image), and along each line with many votes the longest stretch that
is brighter than what is beside it is taken. Packages that find trails (acstools,
ASTRiDE) expect linear exposures of one camera, with errors; cutouts are also pictures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from clump_detector.core.arrays import Floats, Mask
from clump_detector.images.segmentation import grown, segments_above

from .image import SearchedImage
from .kinds import Artefact
from .shapes import Group, Place, groups, part_of

#: Angles of lines in the Hough transform.
ANGLES = 240

#: Lines of each image that are looked at along their length, the most votes first, and
#: the least votes above those of chance, in standard deviations.
CANDIDATES, LEAST_VOTES = 4, 10.0

#: A stretch of a line gains what it is brighter than its sides, in units of the noise,
#: less this; values beyond the range do not count more.
USUAL, RANGE = 0.9, (-2.0, 3.0)

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

#: Pixels from the line where it is measured, and where its sides are.
ON, BESIDE = (-1, 0, 1), (-6, -5, -4, 4, 5, 6)

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


@dataclass(frozen=True)
class Stretch:
    """A part of a line that is brighter than its sides.

    Attributes
    ----------
    gain : float
        Sum along it of what it is brighter, in units of the noise, less `USUAL`.
    covered, known : float
        Shares of its length that are brighter, and that are sky.
    step : float
        How much brighter one side is than the other, in units of how much brighter the
        line is.
    ends : (float, float, float, float)
        x, y of its ends in pixels.
    """

    gain: float
    covered: float
    known: float
    step: float
    ends: tuple[float, float, float, float]

    def enlarged(self, side: int) -> Stretch:
        """Return it in pixels, of which bins of a side were searched."""
        x1, y1, x2, y2 = (side * value + (side - 1) / 2 for value in self.ends)
        return replace(self, ends=(x1, y1, x2, y2))

    @property
    def length(self) -> float:
        """Length in pixels."""
        x1, y1, x2, y2 = self.ends
        return float(np.hypot(x2 - x1, y2 - y1))


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
            for one in _along_lines(small, gone):
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


def _along_lines(plane: Floats, gone: Mask) -> Iterator[Stretch]:
    """Yield the best stretch of each line with many votes."""
    from scipy import ndimage
    from skimage.transform import hough_line

    clear = _over_noise(plane, gone)
    ready = ndimage.gaussian_filter(clear, 1.0)
    ready[gone] = 0
    noise = max(1.4826 * float(np.median(np.abs(ready[~gone]))), 0.2)
    angles = _angles()
    votes, _, distances = hough_line(ready > 2.2 * noise, theta=angles)
    chance = _chords(plane.shape) * float((ready > 2.2 * noise).mean())
    votes = (votes - chance) / np.sqrt(chance + 4)
    for _ in range(CANDIDATES):
        row, column = np.unravel_index(int(votes.argmax()), votes.shape)
        if votes[row, column] < LEAST_VOTES:
            return
        stretch = _best_stretch(
            ready / noise, gone, float(angles[column]), float(distances[row])
        )
        if stretch is not None:
            yield stretch
        near = np.s_[max(row - 12, 0) : row + 13, max(column - 8, 0) : column + 9]
        votes[near] = 0


def _over_noise(plane: Floats, gone: Mask) -> Floats:
    """Return a plane above its local sky, in units of its noise, without extremes."""
    from scipy import ndimage

    seen = (~gone).astype(np.float32)
    around = ndimage.uniform_filter(np.where(gone, 0, plane), 15)
    level = around / np.maximum(ndimage.uniform_filter(seen, 15), 0.05)
    clear = plane - level
    spread = clear[~gone]
    noise = 1.4826 * float(np.median(np.abs(spread - np.median(spread))))
    clipped: Floats = np.clip(clear / max(noise, 0.25), -3, 6)
    return clipped


@cache
def _angles() -> Floats:
    return np.linspace(-np.pi / 2, np.pi / 2, ANGLES, endpoint=False)


@cache
def _chords(shape: tuple[int, int]) -> Floats:
    """Return how many pixels of an image lie on each line of the Hough transform."""
    from skimage.transform import hough_line

    votes, _, _ = hough_line(np.ones(shape, dtype=bool), theta=_angles())
    return np.asarray(votes, dtype=np.float64)


def _best_stretch(
    plane: Floats, gone: Mask, angle: float, distance: float
) -> Stretch | None:
    """Return the best stretch of the lines near one of the Hough transform."""
    best, moved = None, 0.0
    for shift in (-1.5, -0.75, 0.0, 0.75, 1.5):
        one = _stretch(plane, gone, angle, distance + shift)
        if one is not None and (best is None or one.gain > best.gain):
            best, moved = one, shift
    for turn in (-0.013, 0.013):
        one = _stretch(plane, gone, angle + turn, distance + moved)
        if one is not None and (best is None or one.gain > best.gain):
            best = one
    return best


def _stretch(
    plane: Floats, gone: Mask, angle: float, distance: float
) -> Stretch | None:
    """Return the stretch of a line that gains most."""
    x, y = _points(plane.shape, angle, distance)
    if len(x) < 20:
        return None
    middle, left, right = (
        _mean_beside(plane, gone, x, y, angle, offsets)
        for offsets in (ON, BESIDE[:3], BESIDE[3:])
    )
    sides = np.nanmean([left, right], axis=0) if len(x) else left
    brighter = middle - sides
    known = np.isfinite(brighter)
    gains = np.where(known, np.clip(np.nan_to_num(brighter), *RANGE) - USUAL, -0.3)
    sums = np.concatenate([[0.0], np.cumsum(gains)])
    last = int((sums[1:] - np.minimum.accumulate(sums)[:-1]).argmax())
    first = int(sums[: last + 1].argmin())
    part = slice(first, last + 1)
    if not known[part].any():
        return None
    pieces = np.array_split(
        np.where(known, brighter, np.nan)[part], max((last - first) // 6, 1)
    )
    covered = [np.nanmean(one) > 0.5 for one in pieces if np.isfinite(one).any()]
    step = abs(float(np.nanmean(left[part] - right[part])))
    ends = (float(x[first]), float(y[first]), float(x[last]), float(y[last]))
    return Stretch(
        float(sums[last + 1] - sums[first]),
        float(np.mean(covered)),
        float(known[part].mean()),
        step / max(float(np.nanmean(brighter[part])), 1e-3),
        ends,
    )


def _points(
    shape: tuple[int, int], angle: float, distance: float
) -> tuple[Floats, Floats]:
    """Return x, y along a line, one point a pixel, inside of an image."""
    height, width = shape
    reach = int(np.hypot(height, width))
    along = np.arange(-reach, reach + 1)
    x = distance * np.cos(angle) - along * np.sin(angle)
    y = distance * np.sin(angle) + along * np.cos(angle)
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return x[inside], y[inside]


def _mean_beside(
    plane: Floats,
    gone: Mask,
    x: Floats,
    y: Floats,
    angle: float,
    offsets: tuple[int, ...],
) -> Floats:
    """Return the mean of a plane along lines beside a line; NaN where it is gone."""
    from scipy import ndimage

    away = np.array(offsets)[:, None]
    places = [y + away * np.sin(angle), x + away * np.cos(angle)]
    values = ndimage.map_coordinates(plane, places, order=1, cval=np.nan)
    lost = ndimage.map_coordinates(gone.astype(np.float32), places, order=0, cval=1.0)
    values[lost > 0] = np.nan
    counts = np.isfinite(values).sum(axis=0)
    sums = np.nansum(values, axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


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
