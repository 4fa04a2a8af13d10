"""Stars that are too bright, by their spikes, lost cores and white discs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .image import SearchedImage
from .kinds import Artefact
from .spikes import Star, best_spikes, polar

#: Bright sources that are looked at, the brightest first, and least brightness above
#: the sky in grey levels of the picture.
MOST_STARS, LEAST_BRIGHTNESS = 8, 60.0

#: Spikes in four directions, or two opposite ones, this many times the noise.
FOUR_SPIKES, TWO_SPIKES = 6.4, 7.0

#: With a white disc of this many pixels fewer spikes do,
DISC, DISC_SPIKES = 210, 3.0

#: and none with a larger one. It is white where all colours reach this grey level.
LARGE_DISC, WHITE, BRIGHTEST = 500, 150, 245

#: Side of what is too small for a galaxy's dark parts, in FWHM, and at most in pixels:
#: a core that is darker than all around it is lost,
CORE, LARGEST_CORE = 3.0, 13

#: where it is surrounded by this grey level and darker by so much, on so many squares
#: of one FWHM.
AROUND, LOST, LOST_AREA = 205, 90, 0.9

#: This share of that grey level is reached in so many of all directions; in so many
#: where the dark part is as large as this many squares of one FWHM, as bleeds are.
CLOSED_LEVEL, CLOSED = 0.7, 0.85
LARGE_AREA, LARGE_CLOSED = 4.0, 0.6

#: Peaks so many FWHM from each other are one star; a nucleus has a white disc, too.
SAME_STAR = 2.5

#: A star on the galaxy has this share of the nucleus's brightness above what is around
#: it, and is not bluer than that by more than so many grey levels: clumps are.
AS_NUCLEUS, BLUER = 1.0, 10.0

#: and at least so many grey levels more than the ring around it.
LEAST_CONTRAST = 75.0

#: The galaxy is around it: this many grey levels above the sky on all sides.
WITHIN = 12.0

#: It lies at least this many FWHM from the nucleus.
OFF_NUCLEUS = 1.5


def _apart(one: Star, other: Star) -> float:
    """Return the distance of two sources in pixels."""
    return float(np.hypot(one.x - other.x, one.y - other.y))


class Discs:
    """The white discs of a picture: where stars are cut off by its brightest level.

    Parameters
    ----------
    image : SearchedImage
    """

    def __init__(self, image: SearchedImage) -> None:
        from scipy import ndimage

        bright = image.picture.max(axis=2) >= BRIGHTEST
        self._numbers, _ = ndimage.label(ndimage.binary_fill_holes(bright))
        self._pixels = np.bincount(self._numbers.ravel())
        self._pixels[0] = 0
        self._white = image.picture.min(axis=2)
        self._reach = max(int(image.fwhm), 3)

    def at(self, star: Star) -> tuple[Star, int]:
        """Return the middle of the disc that a star is on, and its white pixels."""
        x, y, reach = round(star.x), round(star.y), self._reach
        near = np.s_[
            max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1
        ]
        there = np.unique(self._numbers[near])
        best = int(there[self._pixels[there].argmax()])
        pixels = int(self._pixels[best])
        if pixels < 4:
            return star, 0
        rows, columns = np.nonzero(self._numbers == best)
        white = self._white[near].max() >= WHITE
        return Star(columns.mean(), rows.mean()), pixels if white else 0


def find_saturated_stars(image: SearchedImage) -> Iterator[Artefact]:
    """Yield the stars with spikes, a lost core or a wide white disc.

    Parameters
    ----------
    image : SearchedImage
    """
    cores, discs = _lost_cores(image), Discs(image)
    height, width = image.shape
    found: list[Star] = []
    for star in bright_sources(image):
        if any(_apart(star, other) < SAME_STAR * image.fwhm for other in found):
            continue
        reason = _why_saturated(image, star, cores, discs)
        if not reason:
            continue
        found.append(star)
        reach = max(_extent(image, star), image.fwhm)
        yield Artefact(
            "saturated_star",
            reason,
            (
                max(star.x - reach, 0.0),
                max(star.y - reach, 0.0),
                min(star.x + reach, width - 1.0),
                min(star.y + reach, height - 1.0),
            ),
        )


def _why_saturated(
    image: SearchedImage,
    star: Star,
    cores: list[tuple[float, float, int]],
    discs: Discs,
) -> str:
    """Return why a source is a saturated star, or nothing."""
    for x, y, pixels in cores:
        if np.hypot(x - star.x, y - star.y) < _core(image) + image.fwhm:
            return f"a star that lost its core on {pixels} pixels, or bleeds"
    middle, disc = discs.at(star)
    spikes = best_spikes(image, (star, middle))
    if spikes.four >= FOUR_SPIKES or spikes.two >= TWO_SPIKES:
        most = max(spikes.four, spikes.two)
        return f"a star with spikes, {most:.0f} times the noise"
    on_nucleus = _apart(star, Star(*image.nucleus)) < SAME_STAR * image.fwhm
    if on_nucleus or not image.cutout.is_picture:
        return ""
    if disc >= LARGE_DISC or (disc >= DISC and spikes.four >= DISC_SPIKES):
        return f"a star with a white disc of {disc} pixels"
    return ""


def bright_sources(image: SearchedImage) -> list[Star]:
    """Return the brightest compact sources, brightest first.

    Parameters
    ----------
    image : SearchedImage
    """
    from scipy import ndimage

    light = image.luminance
    wide = min(image.fwhm, 9.0)
    smooth = ndimage.gaussian_filter(light, wide / 2)
    peaks = smooth == ndimage.maximum_filter(smooth, size=int(3 * wide) | 1)
    rows, columns = np.nonzero(peaks & (smooth > np.median(light) + LEAST_BRIGHTNESS))
    order = np.argsort(-smooth[rows, columns], kind="stable")[:MOST_STARS]
    return [Star(float(columns[k]), float(rows[k])) for k in order]


def _extent(image: SearchedImage, star: Star) -> float:
    """Return the radius at which a star's light ends in the sky, in pixels."""
    middle = np.nanmedian(polar(image, star, 0.5, 100), axis=1)
    sky = float(np.median(image.luminance))
    over = np.flatnonzero(middle < sky + max(6.0, image.luminance_noise))
    return float(over[0]) if len(over) else 100.0


def _core(image: SearchedImage) -> int:
    """Return the side of what may be a lost core, in pixels; it is odd."""
    return min(int(CORE * image.fwhm), LARGEST_CORE) | 1


def _lost_cores(image: SearchedImage) -> list[tuple[float, float, int]]:
    """Return x, y and pixels of small dark parts inside of bright sources."""
    from scipy import ndimage

    lost, side = np.zeros(image.shape, dtype=bool), _core(image)
    for plane in np.moveaxis(image.picture, 2, 0):
        around = ndimage.grey_closing(plane, size=(side, side)).astype(np.int16)
        lost |= (around >= AROUND) & (around - plane >= LOST)
    rim = side // 2 + 1
    lost[:rim] = lost[-rim:] = False
    lost[:, :rim] = lost[:, -rim:] = False
    numbers, n = ndimage.label(lost)
    least = LOST_AREA * image.fwhm**2
    counts = np.bincount(numbers.ravel(), minlength=n + 1)
    large = [k for k in range(1, n + 1) if counts[k] >= least]
    middles = ndimage.center_of_mass(lost, numbers, large) if large else []
    places = [Star(x, y) for y, x in middles]
    return [
        (place.x, place.y, int(counts[k]))
        for k, place in zip(large, places, strict=True)
        if _closed(image, place)
        >= (CLOSED if counts[k] < LARGE_AREA * image.fwhm**2 else LARGE_CLOSED)
    ]


def _closed(image: SearchedImage, place: Star) -> float:
    """Return in how many directions a dark part is bright around, as a share.

    A gap between the arms of a galaxy is open to two sides.
    """
    around = polar(image, place, 0.5, _core(image))
    brightest = np.nanmax(around, axis=0)
    inside = np.isfinite(around[-1])
    if not inside.any():
        return 0.0
    return float(np.mean(brightest[inside] >= CLOSED_LEVEL * AROUND))


def find_stars_on_galaxy(image: SearchedImage) -> Iterator[Artefact]:
    """Yield the brightest compact source on the galaxy that outshines its nucleus.

    Parameters
    ----------
    image : SearchedImage
    """
    if not image.galaxy.any():
        return
    x, y = image.nucleus
    core = _contrast(image, Star(x, y))[0]
    for star in bright_sources(image):
        row, column = round(star.y), round(star.x)
        far = np.hypot(star.x - x, star.y - y)
        if not image.galaxy[row, column] or far < OFF_NUCLEUS * image.fwhm:
            continue
        contrast, blueness, around = _contrast(image, star)
        within = around > max(WITHIN, 2 * image.luminance_noise)
        if (
            within
            and contrast > max(AS_NUCLEUS * core, LEAST_CONTRAST)
            and blueness < BLUER
        ):
            reach = 1.5 * image.fwhm
            yield Artefact(
                "star_on_galaxy",
                f"a compact source as bright as {contrast / max(core, 1):.1f} of the "
                "nucleus",
                (star.x - reach, star.y - reach, star.x + reach, star.y + reach),
            )
            return


def _contrast(image: SearchedImage, star: Star) -> tuple[float, float, float]:
    """Return how much brighter and bluer a place is than the ring around it.

    And how much brighter the darker parts of the ring are than the sky.
    """
    height, width = image.shape
    rows, columns = np.mgrid[0:height, 0:width]
    far = np.hypot(columns - star.x, rows - star.y) / image.fwhm
    inner, ring = far <= 0.5, (far > 1.5) & (far < 2.5)
    if not inner.any() or not ring.any():
        return 0.0, 0.0, 0.0
    blue = image.picture[..., 2].astype(float) - image.picture[..., 0]
    light = image.luminance
    return (
        float(light[inner].mean() - np.median(light[ring])),
        float(blue[inner].mean() - np.median(blue[ring])),
        float(np.percentile(light[ring], 25) - np.median(light)),
    )
