"""Explaining a box: searching the image again with parts of it replaced."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from clump_detector.core import boxes as geometry
from clump_detector.core.arrays import Floats
from clump_detector.core.progress import CancelToken
from clump_detector.detector.backend import torch_search
from clump_detector.detector.predict import Predictor, as_arrays, as_tensor
from clump_detector.images.cutout import Cutout
from clump_detector.images.rgb import plane_order
from clump_detector.models.explained import Explanation
from clump_detector.models.network_scale import NetworkPicture, tile_side, to_network

from .host_light import BEYOND, Picture, without_clump
from .patches import PATCHES, around, cover

#: The network's score down to which a box counts as found.
LOWEST = 0.005

#: Pixels that go through the network together: a cancelled explanation ends soon.
_PIXELS = 300_000

#: How far beside the clump the other part is replaced, in semi-axes of its ellipse: the
#: two touch, and the clump is whole.
_BESIDE = 2.3

#: Directions in which a place beside the clump is looked for.
_DIRECTIONS = 12


class Explainer:
    """Explains boxes of a model.

    Parameters
    ----------
    predictor : Predictor
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._search = torch_search(predictor.detector, predictor.device)
        self._card = predictor.card

    def explain(
        self,
        cutout: Cutout,
        box: Sequence[float] | Floats,
        cancel: CancelToken | None = None,
    ) -> Explanation:
        """Return how the score of a box depends on what the image shows.

        Parameters
        ----------
        cutout : Cutout
        box : sequence of four floats
            Corners in the cutout's pixels; the model's own box or any other.
        cancel : CancelToken, optional
            Checked before each batch.

        Raises
        ------
        Cancelled
        """
        seen = self._predictor.seen(cutout)
        picture, place, shift = self._view(seen, box)
        bands = channels_of(cutout)
        beside = quiet_place(picture, place, seen.fwhm)
        changed = [
            picture,
            without_clump(picture, place, seen.fwhm),
            *(without_clump(picture, place, seen.fwhm, one) for one in bands.values()),
        ]
        if beside is not None:
            changed.append(without_clump(picture, beside, seen.fwhm))
        scores = self._scores(changed, place, cancel)
        parts = cover(picture, place, seen.fwhm)
        on_part = self._scores([parts.plain, *parts.covered], parts.box, cancel)
        whole, covered = on_part[0], np.array(on_part[1:])
        share = covered / whole if whole > 0 else np.full(len(covered), np.nan)
        scale_x, scale_y = seen.scale
        return Explanation(
            score=scores[0],
            limit=self._card.default_score,
            erased=scores[1],
            beside=None if beside is None else scores[-1],
            without=dict(zip(bands, scores[2:], strict=False)),
            x=(parts.x + shift[0]) / scale_x - 0.5,
            y=(parts.y + shift[1]) / scale_y - 0.5,
            patch=parts.diameter / float(np.sqrt(scale_x * scale_y)),
            covered=share.reshape(PATCHES, PATCHES),
        )

    def erase(
        self,
        cutout: Cutout,
        boxes: geometry.Boxes,
        cancel: CancelToken | None = None,
    ) -> list[tuple[float, float, float | None]]:
        """Return the score of each box, that once it is erased, and that beside it.

        Parameters
        ----------
        cutout : Cutout
        boxes : array of shape (n, 4)
            In the cutout's pixels.
        cancel : CancelToken, optional
            Checked before each batch.

        Returns
        -------
        list of (float, float, float or None)
            As ``score``, ``erased`` and ``beside`` of an `Explanation`.

        Raises
        ------
        Cancelled
        """
        seen = self._predictor.seen(cutout)
        found = []
        for box in boxes:
            picture, place, _ = self._view(seen, box)
            beside = quiet_place(picture, place, seen.fwhm)
            changed = [picture, without_clump(picture, place, seen.fwhm)]
            if beside is not None:
                changed.append(without_clump(picture, beside, seen.fwhm))
            score, erased, *other = self._scores(changed, place, cancel)
            found.append((score, erased, other[0] if other else None))
        return found

    def _view(
        self, seen: NetworkPicture, box: Sequence[float] | Floats
    ) -> tuple[Picture, Floats, Floats]:
        """Return the picture that is searched, the box on it, and where it begins.

        A field of many galaxies is searched about the box only.
        """
        place = to_network(geometry.as_boxes(np.asarray(box)[None]), seen.scale)[0]
        corner, part = around(seen.picture, place, tile_side(self._card.config))
        return part, place - np.tile(corner, 2), corner

    def _scores(
        self, pictures: Sequence[Picture], box: Floats, cancel: CancelToken | None
    ) -> list[float]:
        """Return the best score with its centre in a box, on pictures of one size."""
        cancel = cancel or CancelToken()
        scores: list[float] = []
        height, width = pictures[0].shape[:2]
        step = max(_PIXELS // (height * width), 1)
        for k in range(0, len(pictures), step):
            cancel.check()
            images = [
                as_tensor(one, self._predictor.device) for one in pictures[k : k + step]
            ]
            with torch.inference_mode():
                encoded = self._search.encode(images)
                every = self._search.detector.find(encoded, LOWEST)
            for one in every:
                boxes, found, _ = as_arrays(one)
                scores.append(best_in(boxes, self._card.calibration(found), box))
        return scores


def best_in(boxes: geometry.Boxes, scores: Floats, box: Floats) -> float:
    """Return the best score of the boxes that have their centre in a box, or 0.

    Parameters
    ----------
    boxes : array of shape (n, 4)
    scores : array of shape (n,)
    box : array of shape (4,)
    """
    if not len(boxes):
        return 0.0
    centres = geometry.centres(boxes)
    inside = ((centres >= box[:2]) & (centres <= box[2:])).all(axis=1)
    return float(scores[inside].max()) if inside.any() else 0.0


def quiet_place(picture: Picture, box: Floats, fwhm: float) -> Floats | None:
    """Return the place beside a box, as large, where the picture varies least.

    Parameters
    ----------
    picture : uint8 array of shape (height, width, 3)
    box : array of shape (4,)
        In pixels, from the first one's edge.
    fwhm : float
        FWHM of the PSF in pixels.

    Returns
    -------
    array of shape (4,) or None
        None where no such place lies on the picture.
    """
    height, width = picture.shape[:2]
    reach = (box[2:] - box[:2]) / 2 + BEYOND * fwhm
    best: tuple[float, Floats] | None = None
    for turn in np.arange(_DIRECTIONS) * 2 * np.pi / _DIRECTIONS:
        moved = box + np.tile(_BESIDE * reach * [np.cos(turn), np.sin(turn)], 2)
        if (moved[:2] < 0).any() or moved[2] > width or moved[3] > height:
            continue
        left, top, right, bottom = np.rint(moved).astype(int)
        varies = float(picture[top:bottom, left:right].std(axis=(0, 1)).sum())
        if best is None or varies < best[0]:
            best = varies, moved
    return None if best is None else best[1]


def channels_of(cutout: Cutout) -> dict[str, tuple[int, ...]]:
    """Return which channels of a cutout's picture show each of its bands.

    Parameters
    ----------
    cutout : Cutout

    Returns
    -------
    dict of str to tuple of int
        Empty for one band, which is all there is.
    """
    if cutout.is_picture:
        return {"red": (0,), "green": (1,), "blue": (2,)}
    order = plane_order(cutout)
    if len(order) == 1:
        return {}
    names = [cutout.bands[i] if cutout.bands else f"plane {i + 1}" for i in order]
    channels = (0, 2) if len(order) == 2 else (0, 1, 2)
    return {name: (channel,) for name, channel in zip(names, channels, strict=True)}
