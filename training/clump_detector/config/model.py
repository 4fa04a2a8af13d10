"""What a detector is made of: the encoder, its classes, anchors and scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar

from clump_detector.core.errors import ConfigError
from clump_detector.labels.classes.names import DEFAULT_CLASSES

from .tables import require

#: Keys that say how a picture comes to the network, not how that is built: a recipe may
#: change them for a model that it starts from.
SCALE_KEYS = (
    "input_size",
    "pixels_per_fwhm",
    "psf_from_noise",
    "most_enlarged",
    "largest_cutout",
)

#: Mean and standard deviation of red, green and blue that ImageNet's networks expect.
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

_AS_IT_IS = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))

#: Encoders whose names begin so were trained with those.
WITH_IMAGENET = "imagenet-"


@dataclass(frozen=True)
class ModelConfig:
    """What is needed to build a detector and to feed it.

    A key that means the same as an argument of torchvision's detectors has its name.
    ``nms_iou`` does not: it is compared across classes, ``box_nms_thresh`` within one.

    Attributes
    ----------
    encoder : str
        A name of timm (without pretrained weights), ``zoobot-X`` for the Zoobot
        encoder X of the Hugging Face hub, ``imagenet-resnet50`` for torchvision's,
        ``local-dir:PATH``, a folder that timm can load, or ``model:NAME``, the encoder
        of another model.
    strides : tuple of int
        Pixels per step of the encoder's feature maps that are used, fine to coarse.
        Later stages of the encoder are left out.
    anchor_sizes : tuple of tuples of int
        Sides of the anchors in network pixels, one tuple per level of the pyramid.
    aspect_ratios : tuple of float
        Height over width of the anchors; clumps are round.
    pooled_level : bool
        The pyramid has one level more, of twice the last stride, for proposals only,
        as torchvision's own detectors have.
    input_size : int
        Longest side in network pixels of a cutout whose PSF is unknown.
    pixels_per_fwhm : float
        Network pixels per FWHM of the PSF, where that is known.
    psf_from_noise : bool
        Where the PSF is not known its width is taken from the noise of the picture, if
        that tells it; see `clump_detector.images.psf_width`.
    most_enlarged : float
        No image is enlarged more than this.
    largest_cutout : int
        An image whose PSF is unknown and whose longest side has more pixels is taken
        for a field of many galaxies, and searched in tiles of this size.
    image_mean, image_std : tuples of float
        Normalisation of red, green and blue in 0 to 1. Zoobot was trained without any.
    fpn_channels, representation_size : int
        Channels of the feature pyramid, and of the two layers of the box head.
    rpn_pre_nms_top_n, rpn_post_nms_top_n : int
        Proposals per level before, and in all after, non-maximum suppression.
    box_detections_per_img : int
        No more boxes than these are reported of one image or tile.
    sampling_ratio : int
        Samples along each side of a cell where a proposal's features are pooled. A
        clump is a few cells across and needs one; torchvision's detectors take two.
    box_score_thresh : float
        Boxes with a lower score are never reported.
    nms_iou : float
        Of two boxes with a greater IoU, of whatever class, the better one stays.
    host_only : bool
        Of a cutout of one galaxy, only boxes on the galaxy are reported; see
        `clump_detector.images.host_mask`. A field that is searched in tiles has no such
        galaxy.
    stretch : str
        The curve that makes a picture of fluxes; see `clump_detector.images.rgb`.
    """

    #: Names of keys in cards and recipes before version 2, which are read on.
    OLD_KEYS: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "anchors": "anchor_sizes",
            "ratios": "aspect_ratios",
            "mean": "image_mean",
            "std": "image_std",
            "head_channels": "representation_size",
            "proposals_before": "rpn_pre_nms_top_n",
            "proposals": "rpn_post_nms_top_n",
            "most_boxes": "box_detections_per_img",
            "roi_samples": "sampling_ratio",
            "score_floor": "box_score_thresh",
        }
    )

    encoder: str = "resnet18"
    classes: tuple[str, ...] = DEFAULT_CLASSES
    strides: tuple[int, ...] = (4, 8, 16)
    anchor_sizes: tuple[tuple[int, ...], ...] = ((6, 8, 10), (12, 16, 20), (24, 32, 40))
    aspect_ratios: tuple[float, ...] = (1.0,)
    pooled_level: bool = False
    input_size: int = 320
    pixels_per_fwhm: float = 5.0
    psf_from_noise: bool = False
    most_enlarged: float = 4.0
    largest_cutout: int = 1024
    image_mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    image_std: tuple[float, ...] = (1.0, 1.0, 1.0)
    fpn_channels: int = 96
    representation_size: int = 256
    rpn_pre_nms_top_n: int = 300
    rpn_post_nms_top_n: int = 150
    box_detections_per_img: int = 100
    sampling_ratio: int = 1
    box_score_thresh: float = 0.05
    nms_iou: float = 0.2
    host_only: bool = True
    stretch: str = "asinh"

    def __post_init__(self) -> None:
        require(bool(self.encoder), "encoder", self.encoder, "a name")
        require(bool(self.classes), "classes", self.classes, "at least one name")
        distinct = len(set(self.classes)) == len(self.classes)
        require(distinct, "classes", self.classes, "different names")
        require(bool(self.strides), "strides", self.strides, "at least one stride")
        rising = list(self.strides) == sorted(set(self.strides))
        require(rising, "strides", self.strides, "rising numbers")
        good = len(self.anchor_sizes) == len(self.strides) + self.pooled_level and all(
            sizes and min(sizes) > 0 for sizes in self.anchor_sizes
        )
        require(good, "anchor_sizes", self.anchor_sizes, "a list of sides per level")
        positive = bool(self.aspect_ratios) and min(self.aspect_ratios) > 0
        require(positive, "aspect_ratios", self.aspect_ratios, "numbers greater than 0")
        equal = len({len(sizes) for sizes in self.anchor_sizes}) == 1
        require(
            equal, "anchor_sizes", self.anchor_sizes, "as many sides for each stride"
        )
        for name in ("image_mean", "image_std"):
            value = getattr(self, name)
            require(len(value) == 3, name, value, "three numbers")
        require(
            min(self.image_std) > 0,
            "image_std",
            self.image_std,
            "numbers greater than 0",
        )
        require(32 <= self.input_size <= 4096, "input_size", self.input_size, "32-4096")
        for name in ("pixels_per_fwhm", "most_enlarged", "largest_cutout"):
            require(getattr(self, name) > 0, name, getattr(self, name), "more than 0")
        for name in (
            "fpn_channels",
            "representation_size",
            "rpn_pre_nms_top_n",
            "rpn_post_nms_top_n",
            "box_detections_per_img",
            "sampling_ratio",
        ):
            require(getattr(self, name) >= 1, name, getattr(self, name), "1 or more")
        for name in ("box_score_thresh", "nms_iou"):
            require(0 <= getattr(self, name) < 1, name, getattr(self, name), "0 to 1")
        require(self.stretch == "asinh", "stretch", self.stretch, "'asinh'")


def with_encoder(config: ModelConfig, encoder: str) -> ModelConfig:
    """Return a configuration with another encoder and the normalisation it expects.

    Zoobot's encoders were trained on red, green and blue in 0 to 1 as they are, and
    networks from random weights have no habits. The normalisation of another model's
    encoder is in its card: `clump_detector.train.run` takes it from there.

    Parameters
    ----------
    config : ModelConfig
    encoder : str
        As in `ModelConfig.encoder`.
    """
    mean, std = IMAGENET if encoder.startswith(WITH_IMAGENET) else _AS_IT_IS
    return replace(config, encoder=encoder, image_mean=mean, image_std=std)


def with_scale(
    config: ModelConfig, wanted: ModelConfig, keys: Sequence[str]
) -> ModelConfig:
    """Return a base model's configuration, with what a recipe changes of it.

    Parameters
    ----------
    config : ModelConfig
        The base model's.
    wanted : ModelConfig
        The recipe's.
    keys : sequence of str
        What the recipe says of it; all else stays as it is in the base.

    Raises
    ------
    ConfigError
        If it asks for a network that is built otherwise than the base.
    """
    changed = {
        key: getattr(wanted, key)
        for key in keys
        if getattr(wanted, key) != getattr(config, key)
    }
    for key, value in changed.items():
        if key not in SCALE_KEYS:
            raise ConfigError(
                f"model.{key} is {value!r}, and the base model has "
                f"{getattr(config, key)!r}",
                remedy="Take it out of the recipe, or start from an encoder.",
            )
    return replace(config, **changed)
