"""One labelled picture made into many: turned, rescaled, cropped and re-lit.

A clump that the rim of a crop cuts becomes ignored, never background: half a clump is
still no place to learn "nothing here" from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFilter import GaussianBlur

from clump_detector.core.boxes import Boxes, areas, intersections, share_within
from clump_detector.models.network_scale import resize
from clump_detector.simulate.missing import KINDS, missing_pixels

#: A box that loses more than this share of its area to a rim is ignored.
MOST_CUT = 0.2

#: Shares of the pixels that have no data where some are dropped, and the greatest share
#: of a box without data that is still a clump to learn.
DROPPED, MOST_GONE = (0.01, 0.4), 0.3

#: Number of ways to turn and flip a picture.
TURNS = 8


@dataclass(frozen=True)
class Sample:
    """A picture at the network's scale with what is known of it.

    Attributes
    ----------
    name : str
    picture : uint8 array of shape (height, width, 3)
    boxes : array of shape (n, 4)
        In network pixels, (0, 0) at the first pixel's edge, as all boxes here.
    labels : int array of shape (n,)
        Classes, counted from 1.
    weights : array of shape (n,)
        How much each box counts.
    ignored : array of shape (m, 4)
    rejected : array of shape (k, 4)
    complete : bool
    fwhm : float or None
        FWHM of the PSF in network pixels, where the labels give it.
    keys : tuple of str
        Of `clump_detector.images.identity`: samples that share one show the same
        galaxy.
    label_set : str
        The label set that it is of, where several were joined.
    arm : str
        As in `LabelledCutout`.
    """

    name: str
    picture: NDArray[np.uint8]
    boxes: Boxes
    labels: NDArray[np.int64]
    weights: NDArray[np.float64]
    ignored: Boxes
    rejected: Boxes
    complete: bool = True
    fwhm: float | None = None
    keys: tuple[str, ...] = ()
    label_set: str = ""
    arm: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.picture.shape[1], self.picture.shape[0]

    def move(
        self, picture: NDArray[np.uint8], factor: NDArray[np.float64], shift: Boxes
    ) -> Sample:
        """Return a sample with another picture, and boxes times a factor plus a shift.

        Parameters
        ----------
        picture : uint8 array of shape (height, width, 3)
        factor : array of shape (4,)
        shift : array of shape (4,)
            In pixels of the new picture.
        """
        return replace(
            self,
            picture=picture,
            boxes=self.boxes * factor + shift,
            ignored=self.ignored * factor + shift,
            rejected=self.rejected * factor + shift,
        )


def turn(sample: Sample, which: int) -> Sample:
    """Return one of the eight flips and rotations by 90 degrees.

    Parameters
    ----------
    sample : Sample
    which : int
        0 to 7; 0 leaves it as it is.
    """
    picture, flipped = sample.picture, which >= TURNS // 2
    if flipped:
        picture = picture[:, ::-1]
    picture = np.ascontiguousarray(np.rot90(picture, which % 4))
    width, height = sample.size

    def moved(boxes: Boxes) -> Boxes:
        x1, y1, x2, y2 = boxes.T
        if flipped:
            x1, x2 = width - x2, width - x1
        w, h = width, height
        for _ in range(which % 4):  # anticlockwise: (x, y) goes to (y, w - x)
            x1, y1, x2, y2 = y1, w - x2, y2, w - x1
            w, h = h, w
        return np.stack([x1, y1, x2, y2], axis=1)

    return replace(
        sample,
        picture=picture,
        boxes=moved(sample.boxes),
        ignored=moved(sample.ignored),
        rejected=moved(sample.rejected),
    )


def rotate(sample: Sample, angle: float) -> Sample:
    """Return a sample rotated about its middle.

    Boxes stay upright and square about their centres, since a clump is round; an
    ignored one grows to hold the whole of the old one. What comes in from beyond the
    rim is black, as where a survey has no data.

    Parameters
    ----------
    sample : Sample
    angle : float
        In degrees, anticlockwise.
    """
    width, height = sample.size
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    matrix = np.array([[cos, sin], [-sin, cos]])  # y runs down
    middle = np.array([width, height]) / 2
    picture = np.asarray(
        Image.fromarray(sample.picture).rotate(angle, Image.Resampling.BILINEAR)
    )

    def moved(boxes: Boxes, *, grow: bool = False) -> Boxes:
        low, high = boxes[:, :2], boxes[:, 2:]
        centre = ((low + high) / 2 - middle) @ matrix.T + middle
        half = (high - low) / 2
        if grow:
            half = half @ np.abs(matrix).T
        return np.concatenate([centre - half, centre + half], axis=1)

    return cut(
        replace(
            sample,
            picture=picture,
            boxes=moved(sample.boxes),
            ignored=moved(sample.ignored, grow=True),
            rejected=moved(sample.rejected),
        )
    )


def rescale(sample: Sample, factor: float) -> Sample:
    """Return a sample enlarged by a factor.

    Parameters
    ----------
    sample : Sample
    factor : float
    """
    picture, exact = resize(sample.picture, factor)
    return sample.move(picture, np.tile(exact, 2), np.zeros(4))


def crop(sample: Sample, x: int, y: int, width: int, height: int) -> Sample:
    """Return a part of a sample that lies inside it.

    Parameters
    ----------
    sample : Sample
    x, y : int
        First column and row.
    width, height : int
    """
    picture = np.ascontiguousarray(sample.picture[y : y + height, x : x + width])
    shift = -np.array([x, y, x, y], dtype=np.float64)
    return cut(sample.move(picture, np.ones(4), shift))


def cut(sample: Sample) -> Sample:
    """Return a sample whose boxes end at the picture's rim.

    Of boxes that it cuts too much, true ones become ignored and rejected ones go.
    """
    width, height = sample.size
    frame = np.array([[0.0, 0.0, width, height]])
    high = np.array([width, height, width, height], dtype=np.float64)

    def share(boxes: Boxes) -> NDArray[np.float64]:
        return intersections(boxes, frame)[:, 0] / np.maximum(areas(boxes), 1e-9)

    seen, whole = share(sample.boxes) > 0, share(sample.boxes) >= 1 - MOST_CUT
    ignored = np.concatenate(
        [
            sample.ignored[share(sample.ignored) > 0],
            sample.boxes[seen & ~whole],
        ]
    )
    rejected = sample.rejected[share(sample.rejected) >= 1 - MOST_CUT]
    return replace(
        sample,
        boxes=np.clip(sample.boxes[whole], 0, high),
        labels=sample.labels[whole],
        weights=sample.weights[whole],
        ignored=np.clip(ignored, 0, high),
        rejected=np.clip(rejected, 0, high),
    )


def relight(
    picture: NDArray[np.uint8], colour: float, noise: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return a picture with another brightness, contrast, colour, gamma and noise.

    Parameters
    ----------
    picture : array of shape (height, width, 3)
    colour : float
        Greatest relative change.
    noise : float
        Greatest standard deviation, in units of white.
    rng : numpy.random.Generator
    """
    if colour:
        levels = np.linspace(0, 1, 256)
        gamma, gain = np.exp(rng.uniform(-colour, colour, 2))
        tint = np.exp(rng.uniform(-colour / 2, colour / 2, 3))
        offset = rng.uniform(-colour, colour) / 10
        curves = gain * tint[:, None] * levels**gamma + offset
        tables = np.clip(curves * 255 + 0.5, 0, 255).astype(np.uint8)
        picture = np.stack(
            [table[picture[..., i]] for i, table in enumerate(tables)], axis=-1
        )
    if noise:
        sigma = 255 * rng.uniform(0, noise)
        grain = rng.standard_normal(picture.shape, dtype=np.float32) * sigma
        picture = np.clip(picture + grain + 0.5, 0, 255).astype(np.uint8)
    return picture


def blank(sample: Sample, rng: np.random.Generator) -> Sample:
    """Return a sample in which a strip along one rim has no data.

    Boxes that it covers become ignored, as those cut by a rim.

    Parameters
    ----------
    sample : Sample
    rng : numpy.random.Generator
    """
    width, height = sample.size
    share = float(rng.uniform(0.03, 0.3))
    x1, y1, x2, y2 = 0, 0, width, height
    side = int(rng.integers(4))
    if side == 0:
        x1 = round(share * width)
    elif side == 1:
        x2 = width - round(share * width)
    elif side == 2:
        y1 = round(share * height)
    else:
        y2 = height - round(share * height)
    picture = np.zeros_like(sample.picture)
    picture[y1:y2, x1:x2] = sample.picture[y1:y2, x1:x2]
    left = crop(sample, x1, y1, x2 - x1, y2 - y1)
    return left.move(picture, np.ones(4), np.array([x1, y1, x1, y1], dtype=float))


def drop(sample: Sample, rng: np.random.Generator) -> Sample:
    """Return a sample of which dead columns, blocks or single pixels have no data.

    Boxes of which more than `MOST_GONE` has none become ignored, rejected ones go.

    Parameters
    ----------
    sample : Sample
    rng : numpy.random.Generator
    """
    width, height = sample.size
    kind = list(KINDS)[int(rng.integers(len(KINDS)))]
    share = float(rng.uniform(*DROPPED))
    gone = missing_pixels(kind, (height, width), share, rng)
    picture = np.where(gone[..., None], np.uint8(0), sample.picture)

    def seen(boxes: Boxes) -> NDArray[np.bool_]:
        return share_within(gone, boxes) <= MOST_GONE

    kept = seen(sample.boxes)
    return replace(
        sample,
        picture=picture,
        boxes=sample.boxes[kept],
        labels=sample.labels[kept],
        weights=sample.weights[kept],
        ignored=np.concatenate([sample.ignored, sample.boxes[~kept]]),
        rejected=sample.rejected[seen(sample.rejected)],
    )


def augment(
    sample: Sample,
    rng: np.random.Generator,
    *,
    which: int = 0,
    scale: float = 0.0,
    colour: float = 0.0,
    noise: float = 0.0,
    angle: bool = False,
    blur: float = 0.0,
    missing: float = 0.0,
    dropped: float = 0.0,
    side: int = 0,
) -> Sample:
    """Return a random variant of a sample.

    Parameters
    ----------
    sample : Sample
    rng : numpy.random.Generator
    which : int
        How it is turned, 0 to 7.
    scale, colour, noise : float
        Greatest change of scale (relative), of light, and greatest noise.
    angle : bool
        Turn it by any angle as well.
    blur : float
        Greatest standard deviation of a Gaussian that widens the PSF, in pixels.
    missing : float
        Chance of a strip without data.
    dropped : float
        Chance of columns, blocks or pixels without data.
    side : int
        Side of a random crop in pixels; 0 for the whole.
    """
    sample = turn(sample, which)
    if angle:
        sample = rotate(sample, float(rng.uniform(-45, 45)))
    if scale:
        sample = rescale(sample, float(np.exp(rng.uniform(-scale, scale))))
    width, height = sample.size
    if side and (side < width or side < height):
        wide, tall = min(side, width), min(side, height)
        # The galaxy is in the middle, and there is most to learn.
        x, y = (
            round(rng.triangular(0, n / 2, n)) if n else 0
            for n in (width - wide, height - tall)
        )
        sample = crop(sample, x, y, wide, tall)
    picture = sample.picture
    if blur and rng.random() < 0.5:
        light = Image.fromarray(picture)
        picture = np.asarray(light.filter(GaussianBlur(rng.uniform(0, blur))))
    if colour or noise:
        picture = relight(picture, colour, noise, rng)
    sample = replace(sample, picture=picture)
    if rng.random() < missing:
        sample = blank(sample, rng)
    if dropped and rng.random() < dropped:  # else the other variants would change
        sample = drop(sample, rng)
    return sample
