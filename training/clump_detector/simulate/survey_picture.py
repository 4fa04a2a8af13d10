"""From fluxes to a survey's colour picture, with what goes wrong in real ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import BandArray
from clump_detector.images import rgb
from clump_detector.images.cutout import Cutout
from clump_detector.images.host_mask import background

from .flaws import add_flaws, as_jpeg, lose_strip
from .priors import SIGMA_PER_MAD, Rng
from .render import Drawn
from .scenes.scene import Scene

Picture = NDArray[np.uint8]
Levels = NDArray[np.float64]

#: A clump of less contrast than this (`to_picture`) is not seen, however deep the data
#: are; between the two, observers disagree.
VISIBLE_LEVELS = 24.0
DOUBTFUL_LEVELS = 11.0

#: A visible clump stands out by this many grey levels and by this share of the light
#: around it, which is itself this many levels above the sky.
LEAST_PROMINENCE, LEAST_SHARE, LEAST_HOST = 12.0, 0.1, 20.0

#: Share of pictures of which a strip has no data, or lacks one colour.
MISSING = 0.035

#: Relative weights of the bands in pictures of SDSS and of the Legacy Surveys.
WEIGHTS = {"gri": (9.0, 6.1, 5.2), "grz": (9.0, 5.5, 4.3)}


@dataclass(frozen=True)
class PictureLook:
    """How a picture is made.

    Attributes
    ----------
    noise : float
        Spread of the sky in grey levels of 255.
    offset : float
        Level of the sky in units of that spread.
    centre : float
        Grey level of the host's centre.
    grey : float
        Below this many sigma colours fade to grey.
    colour : float
        Saturation of the colours, 1 as they are.
    white : float
        Of a pixel that would be clipped, 0 keeps the hue and 1 burns out to white.
    """

    noise: float
    offset: float
    centre: float
    grey: float
    colour: float
    white: float


def draw_look(rng: Rng, survey: str) -> PictureLook:
    """Draw a look near that of a survey's public pictures.

    Parameters
    ----------
    rng : numpy.random.Generator
    survey : str
        A key of `clump_detector.simulate.priors.SURVEYS`.
    """
    if survey == "sdss":
        return PictureLook(
            noise=rng.uniform(2.5, 7.0),
            offset=rng.uniform(0.7, 1.5),
            centre=rng.uniform(110, 230),
            grey=rng.uniform(0.0, 1.0),
            colour=rng.uniform(0.8, 1.3),
            white=rng.uniform(0.0, 0.5),
        )
    if survey == "stripe82":
        return PictureLook(
            noise=rng.uniform(9.0, 18.0),
            offset=rng.uniform(0.8, 1.6),
            centre=rng.uniform(120, 220),
            grey=rng.uniform(1.5, 5.0),
            colour=rng.uniform(0.8, 1.4),
            white=rng.uniform(0.2, 1.0),
        )
    return PictureLook(
        noise=rng.uniform(7.0, 21.0),
        offset=rng.uniform(1.0, 1.8),
        centre=rng.uniform(110, 230),
        grey=rng.uniform(0.5, 2.5),
        colour=rng.uniform(0.15, 0.65) if rng.random() < 0.75 else rng.uniform(0.6, 1),
        white=rng.uniform(0.6, 1.0),
    )


def resample(planes: BandArray, size: int, rng: Rng | None = None) -> BandArray:
    """Return planes on another grid over the same sky.

    Real cutouts were interpolated like this from the detector's coarser pixels, so
    their noise is smooth from pixel to pixel.

    Parameters
    ----------
    planes : array of shape (bands, n, n)
    size : int
        New side in pixels.
    rng : numpy.random.Generator, optional
        Draws the interpolation; bicubic unless given.
    """
    from PIL import Image

    modes = (
        Image.Resampling.BICUBIC,
        Image.Resampling.LANCZOS,
        Image.Resampling.BILINEAR,
    )
    mode = modes[0] if rng is None else modes[rng.choice(3, p=[0.45, 0.3, 0.25])]
    return np.stack(
        [np.asarray(Image.fromarray(p).resize((size, size), mode)) for p in planes]
    )


def to_picture(scene: Scene, drawn: Drawn, rng: Rng) -> tuple[Picture, Levels]:
    """Return the picture, uint8 of shape (size, size, 3), and each clump's contrast.

    The contrast is how many grey levels the clump's peak adds, shape (m,), but at most
    what it is seen by in the finished picture (`seen_levels`): light that is added to a
    slope, to pixels without data or far from all that is seen of the host is no clump
    to the eye.

    Parameters
    ----------
    scene : Scene
    drawn : Drawn
        Its fluxes on the detector's pixels.
    rng : numpy.random.Generator
    """
    drawn = drawn.of([scene.bands.index(band) for band in scene.survey.bands])
    planes = add_flaws(drawn.planes, drawn.noise, rng)
    planes = resample(planes, scene.size, rng)
    if rng.random() < 0.12:  # the look of this program's own stretch
        cutout = Cutout("simulated", planes, bands=tuple(scene.survey.bands))
        picture = rgb.to_rgb(cutout)
        levels = np.full(len(scene.clumps), np.inf)
    else:
        weights = np.array(WEIGHTS[scene.survey.bands]) * np.exp(rng.normal(0, 0.03, 3))
        weights = weights[:, None, None].astype(np.float32)
        look = draw_look(rng, scene.survey.name)
        curve = StretchCurve(
            look,
            (planes * weights)[::-1],
            float((drawn.centre * weights[:, 0, 0]).mean()),
        )
        picture = curve.picture
        levels = _contrasts(drawn, curve, weights)
    if rng.random() < MISSING:
        picture = lose_strip(picture, rng)
    picture = as_jpeg(picture, rng)
    positions = np.array([scene.pixels(c.x, c.y) for c in scene.clumps])
    return picture, np.minimum(levels, seen_levels(picture, positions, scene.fwhm_px))


def _contrasts(drawn: Drawn, curve: StretchCurve, weights: BandArray) -> Levels:
    """Return by how many grey levels each clump's peak stands out, shape (m,)."""
    if not drawn.seen:
        return np.zeros(0)
    under = np.stack([s.under for s in drawn.seen], axis=1)[:, None]
    peak = np.stack([s.peak for s in drawn.seen], axis=1)[:, None]
    bare, bright = (curve((p * weights)[::-1]) for p in (under, under + peak))
    return np.asarray(np.abs(bright - bare).max(axis=0)[0])


def seen_levels(picture: Picture, positions: Levels, fwhm: float) -> Levels:
    """Return how well positions of a picture are seen as spots on a galaxy.

    Parameters
    ----------
    picture : array of shape (height, width, 3)
    positions : array of shape (m, 2)
        x, y in pixels.
    fwhm : float
        FWHM of the PSF in pixels.

    Returns
    -------
    array of shape (m,)
        In the grey levels of `VISIBLE_LEVELS`. The least of what a position stands out
        by, in units of `LEAST_PROMINENCE` levels and of `LEAST_SHARE` of the light
        around it, and what is around by above the sky, in units of `LEAST_HOST` levels:
        a spot on black sky may be anything.
    """
    from scipy import ndimage

    positions = np.asarray(positions, dtype=np.float64).reshape(-1, 2)
    smooth = ndimage.gaussian_filter(
        picture.astype(np.float32), (0.25 * fwhm, 0.25 * fwhm, 0)
    )
    here, around = _at(smooth, positions), _opposite(smooth, positions, 1.25 * fwhm)
    # Against the brightest pair neither a slope nor a ridge, such as an arm or a disc
    # seen from its side, stands out by itself.
    apart = here - around.max(axis=1)
    colour = apart.argmax(axis=1)[:, None]
    prominence = np.take_along_axis(apart, colour, axis=1)[:, 0]
    level = np.take_along_axis(around.max(axis=1), colour, axis=1)[:, 0]
    # Further out, where there is little of a bright spot's own light.
    sky, _ = background(picture.mean(axis=2, dtype=np.float32))
    host = _opposite(smooth, positions, 2 * fwhm).mean(axis=2).max(axis=1) - sky
    parts = (
        prominence / LEAST_PROMINENCE,
        prominence / np.maximum(level, 1) / LEAST_SHARE,
        host / LEAST_HOST,
    )
    return np.asarray(VISIBLE_LEVELS * np.min(parts, axis=0), np.float64)


def _at(smooth: BandArray, positions: Levels) -> Levels:
    """Return the levels at positions (..., 2), shape (..., 3)."""
    from scipy import ndimage

    where = np.moveaxis(positions[..., ::-1], -1, 0)
    planes = np.moveaxis(smooth, 2, 0)
    levels = [
        ndimage.map_coordinates(p, where, order=1, mode="nearest") for p in planes
    ]
    return np.stack(levels, axis=-1)


def _opposite(smooth: BandArray, positions: Levels, far: float) -> Levels:
    """Return means of opposite positions ``far`` away, 8 directions: (m, 8, 3)."""
    angles = np.arange(8) * np.pi / 8
    step = far * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    both = (_at(smooth, positions[:, None] + sign * step) for sign in (1, -1))
    return np.asarray(sum(both) / 2)


class StretchCurve:
    """A look fitted to an image: weighted planes, red first, to grey levels.

    The curve is ``a * asinh(I / (k * sigma))`` in grey levels, with I counted from the
    look's offset below the sky, ``a`` such that the sky's spread is ``look.noise`` and
    k such that an intensity ``centre`` comes out at ``look.centre``.

    Parameters
    ----------
    look : PictureLook
    planes : array of shape (3, height, width)
        Weighted fluxes, red first.
    centre : float
        Brightness of the host's centre, in the same units.
    """

    def __init__(self, look: PictureLook, planes: BandArray, centre: float) -> None:
        self.look = look
        sky = np.median(planes[:, ::4, ::4], axis=(1, 2), keepdims=True)
        planes = planes - sky
        intensity = planes[:, ::3, ::3].mean(axis=0)
        below = intensity[intensity < 0]
        self.sigma = float(SIGMA_PER_MAD * np.median(np.abs(below))) or 1e-6
        self.softening = _softening(centre / self.sigma, look)
        levels = self(planes) + 0.5
        self.picture: Picture = np.ascontiguousarray(
            np.moveaxis(np.clip(levels, 0, 255).astype(np.uint8), 0, 2)
        )

    def __call__(self, planes: NDArray[np.floating]) -> BandArray:
        """Return grey levels, not rounded, of sky-subtracted planes (3, h, w)."""
        look, k = self.look, self.softening
        planes = (planes / self.sigma + look.offset).astype(np.float32)
        intensity = planes.mean(axis=0)
        curve = look.noise * np.hypot(k, look.offset) * np.arcsinh(intensity / k)
        gain = np.where(
            intensity > 0.05, curve / np.maximum(intensity, 0.05), look.noise
        )
        power = np.clip(intensity - look.offset, 0, None) ** 2
        colour = look.colour * power / (power + look.grey**2 + 1e-6)
        levels = np.clip((intensity + colour * (planes - intensity)) * gain, 0, None)
        held = levels * (255 / np.maximum(levels.max(axis=0), 255))
        clipped = np.minimum(levels, 255)
        return np.asarray(held + look.white * (clipped - held), np.float32)


def _softening(centre: float, look: PictureLook) -> float:
    """Return k so that ``centre`` sigma comes out at the look's central grey level."""
    low, high = np.log(0.7), np.log(80.0)
    for _ in range(25):
        middle = (low + high) / 2
        k = np.exp(middle)
        reached = np.hypot(k, look.offset) * np.arcsinh((centre + look.offset) / k)
        if look.noise * reached < look.centre:
            low = middle
        else:
            high = middle
    return float(np.exp(low))
