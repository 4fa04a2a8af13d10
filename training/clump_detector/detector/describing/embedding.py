"""One vector for a cutout and one for a box: the mean of the encoder's features."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.ops import roi_align

from clump_detector.detector.backend import Search
from clump_detector.detector.predict import Detections, Predictor
from clump_detector.images.cutout import Cutout
from clump_detector.images.host_mask import host_mask
from clump_detector.images.host_profile import host_profile

#: Hexadecimal digits of the hash that names an encoder.
DIGITS = 12

#: Samples along each side of a box where its features are averaged.
_SAMPLES = 2


def encoder_id(encoder: nn.Module) -> str:
    """Return a name for an encoder's weights: vectors of two can not be compared.

    Parameters
    ----------
    encoder : torch.nn.Module
    """
    digest = hashlib.sha256()
    for key, value in encoder.state_dict().items():
        digest.update(key.encode())
        digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:DIGITS]


@contextmanager
def coarsest_maps(search: Search) -> Iterator[list[Tensor]]:
    """Note the encoder's coarsest feature map of every image that is searched.

    It is taken from the pass that finds the boxes, at no other cost.

    Parameters
    ----------
    search : Search
        With torch as its backend.

    Yields
    ------
    list of tensor of shape (images, channels, rows, columns)
        One is added for every batch.
    """
    seen: list[Tensor] = []

    def note(_: object, __: object, maps: list[Tensor]) -> None:
        seen.append(maps[-1].float())

    hook = search.encoder.register_forward_hook(note)
    try:
        yield seen
    finally:
        hook.remove()


def vector_of(maps: list[Tensor]) -> NDArray[np.float32]:
    """Return the mean of feature maps, each counting alike, of shape (channels,).

    Parameters
    ----------
    maps : list of tensor of shape (images, channels, rows, columns)
    """
    means = torch.stack([one.mean(dim=(0, 2, 3)) for one in maps])
    return means.mean(dim=0).cpu().numpy()


def vector_in(
    features: Tensor, mask: NDArray[np.bool_], padded: tuple[int, int]
) -> NDArray[np.float32]:
    """Return the mean of a feature map where a mask is, shape (channels,).

    Parameters
    ----------
    features : tensor of shape (1, channels, rows, columns)
    mask : bool array of shape (height, width)
        On the picture; where it is empty, all counts.
    padded : (int, int)
        Height and width of the batch that the map is of.
    """
    rows, columns = features.shape[-2:]
    whole = torch.zeros(1, 1, *padded)
    whole[0, 0, : mask.shape[0], : mask.shape[1]] = torch.from_numpy(mask).float()
    share = F.adaptive_avg_pool2d(whole, (rows, columns)).to(features.device)
    if not share.any():
        share = torch.ones_like(share)
    mean = (features * share).sum(dim=(0, 2, 3)) / share.sum()
    return np.asarray(mean.cpu().numpy())


def box_vectors(features: Tensor, boxes: Tensor, stride: int) -> NDArray[np.float32]:
    """Return the mean of a feature map in boxes, shape (n, channels).

    Parameters
    ----------
    features : tensor of shape (1, channels, rows, columns)
    boxes : tensor of shape (n, 4)
        In pixels of the image.
    stride : int
        Pixels per step of the map.
    """
    means = roi_align(
        features, [boxes], 1, 1 / stride, sampling_ratio=_SAMPLES, aligned=True
    )
    return np.asarray(means.flatten(1).cpu().numpy())


def embedding_of(
    predictor: Predictor, cutout: Cutout
) -> tuple[Detections, NDArray[np.float32], NDArray[np.float32] | None]:
    """Search a cutout, and return what tells how much it looks like another.

    Parameters
    ----------
    predictor : Predictor
        With torch as its backend.
    cutout : Cutout

    Returns
    -------
    (Detections, float32 array of shape (channels,), float32 array of shape (VALUES,))
        The boxes; the mean of the encoder's coarsest features, of tiles each counting
        alike; and the profile of the galaxy (see `host_profile`), None of a field of
        many galaxies.
    """
    seen = predictor.seen(cutout)
    with coarsest_maps(predictor.detector) as maps:
        found = predictor.finished(cutout, seen, predictor.find(seen.picture))
    if predictor.in_tiles(seen.picture):
        return found, vector_of(maps), None
    host = host_mask(seen.picture, seen.fwhm)
    profile = host_profile(seen.picture, host, seen.fwhm)
    return found, vector_of(maps), profile.astype(np.float32)
