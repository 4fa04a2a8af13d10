"""One simulated cutout in memory, with the truth about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import BandArray, Floats
from clump_detector.core.boxes import SIDE_IN_FWHM, Boxes, centres
from clump_detector.images.cutout import Cutout
from clump_detector.images.rgb import to_rgb

from .priors import Rng
from .render import DOUBTFUL_SNR, VISIBLE_SNR, draw
from .scenes.scene import Scene
from .scenes.sky import draw_scene
from .survey_picture import (
    DOUBTFUL_LEVELS,
    VISIBLE_LEVELS,
    Picture,
    seen_levels,
    to_picture,
)

#: Of a star or a galaxy so near to a clump, in FWHM, nothing is said.
APART = 1.0

#: What is so many half-light radii from every host is not taken for a clump of it.
FAR = 3.0


@dataclass(frozen=True)
class OtherObject:
    """Something that stands out on a host as a clump does, and is none.

    Attributes
    ----------
    kind : {"star", "background galaxy", "nucleus"}
    corners : array of shape (4,)
        Its box in pixels of the picture, as large as that of a clump.
    """

    kind: str
    corners: Floats


@dataclass(frozen=True)
class SimulatedCutout:
    """One simulated galaxy and the truth about it.

    Attributes
    ----------
    scene : Scene
        Everything that was drawn.
    rgb : array of shape (size, size, 3)
        The picture, uint8.
    planes : array of shape (bands, n, n)
        Fluxes in nanomaggies on the survey's own pixels, over the same sky.
    boxes : array of shape (m, 4)
        Boxes of all true clumps in pixels of the picture.
    snr : array of shape (m,)
        Their matched-filter signal-to-noise ratios.
    contrast : array of shape (m,)
        By how many of 255 grey levels they are seen, as `to_picture` gives it.
    classes : tuple of str
    others : tuple of OtherObject
        What an observer could take for clumps.
    """

    scene: Scene
    rgb: Picture
    planes: BandArray
    boxes: Boxes
    snr: NDArray[np.float64]
    contrast: NDArray[np.float64]
    classes: tuple[str, ...]
    others: tuple[OtherObject, ...] = ()

    @property
    def visible(self) -> NDArray[np.bool_]:
        """Which of the true clumps an observer can see, shape (m,)."""
        return (self.snr >= VISIBLE_SNR) & (self.contrast >= VISIBLE_LEVELS)

    @property
    def doubtful(self) -> NDArray[np.bool_]:
        """Which of the others some would see and some not, shape (m,)."""
        maybe = (self.snr >= DOUBTFUL_SNR) & (self.contrast >= DOUBTFUL_LEVELS)
        return maybe & ~self.visible


def simulate_one(
    rng: Rng, *, size: int = 400, clumpy: bool | None = None, bands: str = ""
) -> SimulatedCutout:
    """Simulate one galaxy in memory.

    Parameters
    ----------
    rng : numpy.random.Generator
    size : int
        Side of the picture in pixels.
    clumpy : bool, optional
        With or without clumps; by default as often as real galaxies have them.
    bands : str
        Of the fluxes: of a survey that has these; of any if empty.
    """
    scene = draw_scene(rng, size=size, clumpy=clumpy, bands=bands)
    drawn = draw(scene, rng)
    rgb, contrast = to_picture(scene, drawn, rng)
    inside = [k for k, c in enumerate(scene.clumps) if _inside(scene, c.x, c.y)]
    half = SIDE_IN_FWHM * scene.fwhm_px / 2
    positions = [scene.pixels(scene.clumps[k].x, scene.clumps[k].y) for k in inside]
    boxes = np.array([(x - half, y - half, x + half, y + half) for x, y in positions])
    return SimulatedCutout(
        replace(scene, clumps=tuple(scene.clumps[k] for k in inside)),
        rgb,
        drawn.planes,
        boxes.reshape(-1, 4),
        np.array([drawn.seen[k].snr for k in inside], dtype=np.float64),
        np.asarray(contrast, dtype=np.float64)[inside],
        tuple("odd clump" if scene.clumps[k].odd else "clump" for k in inside),
        tuple(_others(scene, rgb)),
    )


def _others(scene: Scene, picture: Picture) -> Iterator[OtherObject]:
    """Yield stars, background galaxies and nuclei that are seen apart from clumps."""
    found = [
        *(("star", one.x, one.y) for one in scene.stars),
        *(("background galaxy", one.x, one.y) for one in scene.neighbours),
        *(("nucleus", one.x, one.y) for one in scene.hosts),
    ]
    found = [
        (kind, x, y)
        for kind, x, y in found
        if _inside(scene, x, y) and _on_host(scene, x, y)
    ]
    places = np.array([scene.pixels(x, y) for _, x, y in found]).reshape(-1, 2)
    levels = seen_levels(picture, places, scene.fwhm_px)
    clumps = np.array([(c.x, c.y) for c in scene.clumps]).reshape(-1, 2)
    half = SIDE_IN_FWHM * scene.fwhm_px / 2
    for (kind, x, y), place, level in zip(found, places, levels, strict=True):
        alone = (np.hypot(*(clumps - (x, y)).T) > APART * scene.fwhm).all()
        if level >= DOUBTFUL_LEVELS and alone:
            yield OtherObject(kind, np.array([*(place - half), *(place + half)]))


def _inside(scene: Scene, x: float, y: float) -> bool:
    return max(abs(x), abs(y)) < scene.size * scene.scale / 2


def _on_host(scene: Scene, x: float, y: float) -> bool:
    return any(np.hypot(x - h.x, y - h.y) < FAR * h.re for h in scene.hosts)


def galaxy_rng(seed: int, index: int) -> Rng:
    """Return the random generator of one galaxy, independent of all others.

    Parameters
    ----------
    seed : int
        Of the whole simulation.
    index : int
        Number of the galaxy, from 0.
    """
    return np.random.default_rng((seed, index))


def as_cube(made: SimulatedCutout) -> SimulatedCutout:
    """Return the galaxy as it is seen in its cube, through this program's stretch."""
    cube = Cutout("cube", made.planes, bands=tuple(made.scene.bands))
    zoom = made.planes.shape[1] / made.scene.size
    positions = (centres(made.boxes) + 0.5) * zoom - 0.5
    levels = seen_levels(to_rgb(cube), positions, made.scene.fwhm_px * zoom)
    return replace(made, contrast=levels)
