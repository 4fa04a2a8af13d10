"""How a cutout is displayed: view, stretch, black and white point. No Qt, no napari.

The detector never sees any of it: it is fed from the file, by `images.rgb.to_rgb`. The
default rendering shows exactly that picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.errors import ClumpError
from clump_detector.images.cutout import Cutout
from clump_detector.images.rgb import (
    SOFTENING,
    Plane,
    Stretch,
    asinh_curve,
    red_green_blue,
    sample,
    stretched,
    to_rgb,
)

from .smooth_light import host_light

COLOUR = "colour"
RESIDUAL = "residual"

#: Names of the bands of a picture.
PICTURE_BANDS = ("red", "green", "blue")

AS_DETECTED = "as detected"

#: The smallest distance of black and white.
NARROWEST = 0.02

#: How steep the log is: DS9's 1000 turns the sky of most cutouts grey.
_LOG_RANGE = 100.0

#: "asinh" turns logarithmic at 2 sigma instead of 6: fainter arms, more noise.
_FAINTER = 3.0

#: The residual is white (or black) from this quantile on: the 1 % above are stars and
#: nuclei, and knots are below.
_BRIGHTEST_LEFT = 0.99

#: Softening of a picture's tones, whose own curve is not known.
_PICTURE_SOFTENING = 0.3


def _linear(intensity: Plane, _softening: float, brightest: float) -> Plane:
    return np.asarray(intensity / np.float32(brightest), np.float32)


def _square_root(intensity: Plane, softening: float, brightest: float) -> Plane:
    return _above_toe(lambda x: np.sqrt(x / brightest), intensity, softening)


def _log(intensity: Plane, softening: float, brightest: float) -> Plane:
    def curve(x: Plane) -> Plane:
        tones = np.log1p(x * (_LOG_RANGE / brightest)) / np.log1p(_LOG_RANGE)
        return np.asarray(tones, np.float32)

    return _above_toe(curve, intensity, softening)


def _asinh(intensity: Plane, softening: float, brightest: float) -> Plane:
    return asinh_curve(intensity, softening / _FAINTER, brightest)


def _above_toe(curve: Callable[[Plane], Plane], x: Plane, softening: float) -> Plane:
    """Return a steep curve, made linear below the noise, which it would amplify."""
    toe = np.float32(softening / SOFTENING)
    return np.asarray(curve(np.maximum(x, toe)) * np.minimum(x / toe, 1), np.float32)


_CURVES: dict[str, Stretch] = {
    AS_DETECTED: asinh_curve,
    "linear": _linear,
    "square root": _square_root,
    "log": _log,
    "asinh": _asinh,
}

STRETCHES = tuple(_CURVES)


@dataclass(frozen=True)
class Rendering:
    """View, stretch and levels of a displayed cutout.

    Attributes
    ----------
    view : str
        ``colour``, a band's name, or ``residual``: the image minus the smooth light of
        the galaxy.
    stretch : str
        One of `STRETCHES`.
    black, white : float
        Shares of the stretched range that become black and white.
    """

    view: str = COLOUR
    stretch: str = AS_DETECTED
    black: float = 0.0
    white: float = 1.0

    def __post_init__(self) -> None:
        if self.stretch not in _CURVES:
            raise ClumpError(
                f"there is no stretch “{self.stretch}”",
                remedy=f"Choose one of {', '.join(STRETCHES)}.",
            )
        apart = self.white - self.black >= 0.999 * NARROWEST  # but for rounding
        if not (self.black >= 0 and self.white <= 1 and apart):
            raise ClumpError(
                f"black at {self.black:g} and white at {self.white:g} leave no greys",
                remedy=f"Keep them {NARROWEST} apart, between 0 and 1.",
            )

    @property
    def words(self) -> str:
        """The rendering in words; empty for the default one."""
        if self == Rendering():
            return ""
        words = [self.view if len(self.view) > 1 else f"band {self.view}"]
        if self.stretch != AS_DETECTED:
            words.append(self.stretch)
        if (self.black, self.white) != (0, 1):
            words.append(f"{self.black:.2f} to {self.white:.2f}")
        text = ", ".join(words)
        return text[0].upper() + text[1:]


def views_of(cutout: Cutout) -> tuple[str, ...]:
    """Return the views that a cutout has, colour first."""
    return (COLOUR, *_bands_of(cutout), RESIDUAL)


def note_of(cutout: Cutout, rendering: Rendering) -> str | None:
    """Return a sentence where a cutout lacks the chosen band, else None.

    Parameters
    ----------
    cutout : Cutout
    rendering : Rendering
    """
    if rendering.view in views_of(cutout):
        return None
    name = (
        rendering.view
        if rendering.view.startswith("band ")
        else f"band {rendering.view}"
    )
    return f"This cutout has no {name}: it is shown in colour."


def render(cutout: Cutout, rendering: Rendering) -> NDArray[np.uint8]:
    """Return a cutout in a rendering.

    A view that the cutout lacks becomes colour; `note_of` reports it.

    Parameters
    ----------
    cutout : Cutout
    rendering : Rendering

    Returns
    -------
    uint8 array of shape (height, width, 3)
    """
    if note_of(cutout, rendering) is not None:
        rendering = replace(rendering, view=COLOUR)
    if rendering == Rendering():
        return to_rgb(cutout)
    if rendering.view == RESIDUAL:
        return _residual(cutout, rendering)
    if cutout.is_picture:
        return _picture(cutout.pixels, rendering)
    if rendering.view != COLOUR:
        index = _bands_of(cutout).index(rendering.view)
        cutout = replace(cutout, pixels=cutout.pixels[index : index + 1], bands=())
    return stretched(red_green_blue(cutout), _curve_of(rendering))


def _bands_of(cutout: Cutout) -> tuple[str, ...]:
    if cutout.is_picture:
        return PICTURE_BANDS
    n = len(cutout.pixels)
    if n == 1:
        return ()  # colour shows it in grey already
    if len(set(cutout.bands)) == n and not {COLOUR, RESIDUAL} & set(cutout.bands):
        return cutout.bands
    return tuple(f"band {i + 1}" for i in range(n))


def _curve_of(rendering: Rendering) -> Stretch:
    """Return the curve of the stretch, between the black and the white point."""
    stretch = _CURVES[rendering.stretch]

    def curve(intensity: Plane, softening: float, brightest: float) -> Plane:
        return _levelled(stretch(intensity, softening, brightest), rendering)

    return curve


def _levelled(tones: Plane, rendering: Rendering) -> Plane:
    tones = (tones - np.float32(rendering.black)) / np.float32(
        rendering.white - rendering.black
    )
    return np.maximum(tones, np.float32(0))


def _picture(pixels: NDArray[np.uint8], rendering: Rendering) -> NDArray[np.uint8]:
    """Return a picture in other tones; hues stay, as in `rgb.stretched`."""
    if rendering.view in PICTURE_BANDS:
        band = pixels[..., PICTURE_BANDS.index(rendering.view)]
        pixels = np.repeat(band[..., None], 3, axis=2)
    # A picture has 766 intensities only: each one's gain is worked out once.
    intensity = np.linspace(0, 1, 766).astype(np.float32)
    tones = _levelled(_picture_tones(intensity, rendering), rendering)
    gain = np.divide(tones, intensity, out=np.zeros_like(tones), where=intensity > 0)
    planes = np.moveaxis(pixels, 2, 0).astype(np.float32)
    planes *= gain[pixels.sum(axis=2, dtype=np.int32)]
    planes /= np.maximum(planes.max(axis=0) / 255, 1)
    planes += 0.5
    return np.ascontiguousarray(np.moveaxis(planes.astype(np.uint8), 0, 2))


def _picture_tones(intensity: Plane, rendering: Rendering) -> Plane:
    if rendering.stretch == AS_DETECTED:
        return intensity
    return _CURVES[rendering.stretch](intensity, _PICTURE_SOFTENING, 1.0)


def _residual(cutout: Cutout, rendering: Rendering) -> NDArray[np.uint8]:
    """Return the residual without the galaxy's smooth light; zero is mid-grey.

    Each colour is stretched by itself, both ways from zero, so a blue knot is blue
    and dust is dark; noise has no colour. Pixels without data are
    black.
    """
    planes = _planes_of(cutout)
    missing = ~np.isfinite(planes).all(axis=0)
    planes[:, missing] = np.nan
    planes -= host_light(planes, cutout.fwhm)
    left = planes.mean(axis=0)
    softening, brightest = _residual_levels(left)
    planes[:, missing] = left[missing] = 0
    planes -= left
    planes *= np.minimum(np.abs(left) / np.float32(softening), 1)
    planes += left
    far = np.minimum(np.abs(planes), np.float32(brightest))
    tones = _CURVES[rendering.stretch](far, softening, brightest)
    greys = _levelled(np.copysign(tones, planes) * np.float32(0.5) + 0.5, rendering)
    pixels = (np.minimum(greys, 1) * 255 + 0.5).astype(np.uint8)
    pixels[:, missing] = 0
    return np.ascontiguousarray(np.moveaxis(pixels, 0, 2))


def _planes_of(cutout: Cutout) -> Plane:
    """Return red, green and blue, of a picture from 0 to 1, as an own copy."""
    if not cutout.is_picture:
        return red_green_blue(cutout)
    planes = np.moveaxis(cutout.pixels, 2, 0).astype(np.float32)
    planes /= 255
    return planes


def _residual_levels(residual: Plane) -> tuple[float, float]:
    """Return (softening, brightest) of the residual, from its spread around zero."""
    far = np.sort(np.abs(sample(residual)))
    if far.size == 0 or far[-1] <= 0:
        return 1.0, 1.0
    brightest = float(np.quantile(far, _BRIGHTEST_LEFT)) or float(far[-1])
    noise = 1.4826 * float(np.median(far))
    return float(np.clip(SOFTENING * noise, brightest / 100, brightest)), brightest
