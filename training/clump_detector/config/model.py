"""What a detector is made of and how it is trained.

Every option has one place, here: a model card, a recipe, a form and a call fill the
same dataclasses, and a name or value that does not belong is refused by name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, TypeVar

from clump_detector.core.errors import ConfigError
from clump_detector.labels.label_set import DEFAULT_CLASSES
from clump_detector.metrics.threshold import Goal

#: What training may change, from the least to the most.
TRAIN_PARTS = ("heads", "fpn", "last stages", "everything")

DEVICES = ("auto", "cpu", "cuda", "mps")

T = TypeVar("T")

#: Mean and standard deviation of red, green and blue that ImageNet's networks expect.
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

#: Encoders whose names begin so were trained with those.
WITH_IMAGENET = "imagenet-"


@dataclass(frozen=True)
class ModelConfig:
    """What is needed to build a detector and to feed it.

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
    anchors : tuple of tuples of int
        Sides of the anchors in network pixels, one tuple per level of the pyramid.
    ratios : tuple of float
        Height over width of the anchors; clumps are round.
    pooled_level : bool
        The pyramid has one level more, of twice the last stride, for proposals only,
        as torchvision's own detectors have.
    input_size : int
        Longest side in network pixels of a cutout whose PSF is unknown.
    pixels_per_fwhm : float
        Network pixels per FWHM of the PSF, where that is known.
    most_enlarged : float
        No image is enlarged more than this.
    largest_cutout : int
        An image whose PSF is unknown and whose longest side has more pixels is taken
        for a field of many galaxies, and searched in tiles of this size.
    mean, std : tuples of float
        Normalisation of red, green and blue in 0 to 1. Zoobot was trained without any.
    proposals_before, proposals : int
        Proposals per level before, and in all after, suppression of doubles.
    roi_samples : int
        Samples along each side of a cell where a proposal's features are pooled. A
        clump is a few cells across and needs one; torchvision's detectors take two.
    score_floor : float
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

    encoder: str = "resnet18"
    classes: tuple[str, ...] = DEFAULT_CLASSES
    strides: tuple[int, ...] = (4, 8, 16)
    anchors: tuple[tuple[int, ...], ...] = ((6, 8, 10), (12, 16, 20), (24, 32, 40))
    ratios: tuple[float, ...] = (1.0,)
    pooled_level: bool = False
    input_size: int = 320
    pixels_per_fwhm: float = 5.0
    most_enlarged: float = 4.0
    largest_cutout: int = 1024
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    fpn_channels: int = 96
    head_channels: int = 256
    proposals_before: int = 300
    proposals: int = 150
    most_boxes: int = 100
    roi_samples: int = 1
    score_floor: float = 0.05
    nms_iou: float = 0.2
    host_only: bool = True
    stretch: str = "asinh"

    def __post_init__(self) -> None:
        _require(bool(self.encoder), "encoder", self.encoder, "a name")
        _require(bool(self.classes), "classes", self.classes, "at least one name")
        distinct = len(set(self.classes)) == len(self.classes)
        _require(distinct, "classes", self.classes, "different names")
        _require(bool(self.strides), "strides", self.strides, "at least one stride")
        rising = list(self.strides) == sorted(set(self.strides))
        _require(rising, "strides", self.strides, "rising numbers")
        good = len(self.anchors) == len(self.strides) + self.pooled_level and all(
            sizes and min(sizes) > 0 for sizes in self.anchors
        )
        _require(good, "anchors", self.anchors, "a list of sides per level")
        positive = bool(self.ratios) and min(self.ratios) > 0
        _require(positive, "ratios", self.ratios, "numbers greater than 0")
        equal = len({len(sizes) for sizes in self.anchors}) == 1
        _require(equal, "anchors", self.anchors, "as many sides for each stride")
        for name in ("mean", "std"):
            value = getattr(self, name)
            _require(len(value) == 3, name, value, "three numbers")
        _require(min(self.std) > 0, "std", self.std, "numbers greater than 0")
        _require(
            32 <= self.input_size <= 4096, "input_size", self.input_size, "32-4096"
        )
        for name in ("pixels_per_fwhm", "most_enlarged", "largest_cutout"):
            _require(getattr(self, name) > 0, name, getattr(self, name), "more than 0")
        for name in (
            "fpn_channels",
            "head_channels",
            "proposals_before",
            "proposals",
            "most_boxes",
            "roi_samples",
        ):
            _require(getattr(self, name) >= 1, name, getattr(self, name), "1 or more")
        for name in ("score_floor", "nms_iou"):
            _require(0 <= getattr(self, name) < 1, name, getattr(self, name), "0 to 1")
        _require(self.stretch == "asinh", "stretch", self.stretch, "'asinh'")


@dataclass(frozen=True)
class TrainConfig:
    """How a detector is trained.

    Attributes
    ----------
    train_parts : {"heads", "fpn", "last stages", "everything"}
        What changes; the rest stays as it is in the base model.
    epochs : int
    steps_per_epoch : int
        0 for as many as go through all cutouts once.
    least_steps : int
        Steps per epoch at least: few cutouts are gone through more than once.
    batch : int
        Cutouts per step.
    learning_rate, weight_decay, clip : float
        Of AdamW; the gradient's norm is cut to ``clip``. A learning rate of 0 stands
        for one that suits what is trained and from where.
    warm_up : float
        Share of all steps in which the learning rate rises; then it falls as a cosine.
    validation_share : float
        Share of the training cutouts on which the best epoch is chosen.
    patience : int
        Training ends after this many epochs without a better one; 0 for never.
    minutes : float
        It also ends after this time, the best so far kept; 0 for no limit.
    crop : int
        Side in network pixels of random crops; 0 for whole cutouts.
    scale_jitter, colour_jitter, noise : float
        Greatest relative change of scale, of brightness, contrast, colour and gamma,
        and the greatest standard deviation of added noise in units of white.
    any_angle : bool
        Turn each variant by any angle, not only by quarters.
    blur : float
        Greatest widening of the PSF, as the standard deviation of a Gaussian in
        network pixels.
    missing : float
        Share of the variants in which a strip has no data.
    psf_known : float
        Share of the cutouts with a known PSF that are scaled by it, not by their size.
    cache_views, cache_variants, cache_megabytes : int
        Where the encoder is frozen, features of this many flips and rotations of each
        cutout are kept in a file, as far as the third and half of the free disk go;
        fewer, but two, where there would be more variants altogether than the second
        says (0 for any number).
    folds : int
        Where the encoder is frozen, calibration and default score come from boxes out
        of fold, with so many folds; no cutout is then set apart for validation. 0 or 1
        for a validation part, which is taken, too, where more than ``most_for_folds``
        cutouts teach or the encoder is trained.
    most_for_folds : int
    goal : str
        What the default score is chosen for: "f1", or such as "purity 0.9" and
        "completeness 0.8", the least that is asked for.
    precision : {"full", "half"}
        Half is bfloat16: up to twice as fast on a processor or card that has it.
    checkpoint : bool
        Keep a checkpoint beside the new model, to go on after a break.
    skip_missing : bool
        Leave out cutouts whose images are not there, instead of refusing to train.
    """

    train_parts: str = "heads"
    epochs: int = 20
    steps_per_epoch: int = 0
    least_steps: int = 0
    batch: int = 4
    learning_rate: float = 0.0
    weight_decay: float = 1e-4
    clip: float = 5.0
    warm_up: float = 0.1
    validation_share: float = 0.15
    patience: int = 0
    minutes: float = 0.0
    seed: int = 0
    device: str = "auto"
    crop: int = 0
    flips: bool = True
    scale_jitter: float = 0.15
    colour_jitter: float = 0.15
    noise: float = 0.02
    any_angle: bool = False
    blur: float = 0.0
    missing: float = 0.0
    psf_known: float = 1.0
    cache_views: int = 4
    cache_variants: int = 0
    cache_megabytes: int = 20_000
    folds: int = 3
    most_for_folds: int = 1000
    goal: str = "f1"
    precision: str = "full"
    checkpoint: bool = False
    skip_missing: bool = False

    def __post_init__(self) -> None:
        parts = self.train_parts in TRAIN_PARTS
        _require(parts, "train_parts", self.train_parts, f"one of {TRAIN_PARTS}")
        _require(self.device in DEVICES, "device", self.device, f"one of {DEVICES}")
        for name in ("epochs", "batch", "cache_views"):
            _require(getattr(self, name) >= 1, name, getattr(self, name), "1 or more")
        _require(self.clip > 0, "clip", self.clip, "more than 0")
        Goal.of(self.goal)
        half = self.precision in ("full", "half")
        _require(half, "precision", self.precision, "'full' or 'half'")
        for name in (
            "learning_rate",
            "steps_per_epoch",
            "least_steps",
            "cache_variants",
            "weight_decay",
            "patience",
            "minutes",
            "seed",
            "crop",
            "noise",
            "blur",
            "cache_megabytes",
            "folds",
            "most_for_folds",
        ):
            _require(getattr(self, name) >= 0, name, getattr(self, name), "0 or more")
        for name in (
            "warm_up",
            "validation_share",
            "scale_jitter",
            "colour_jitter",
            "missing",
        ):
            value = getattr(self, name)
            _require(0 <= value < 1, name, value, "0 or more and less than 1")
        _require(0 <= self.psf_known <= 1, "psf_known", self.psf_known, "0 to 1")
        _require(
            self.crop == 0 or self.crop >= 64, "crop", self.crop, "0, or 64 or more"
        )


def with_encoder(config: ModelConfig, encoder: str) -> ModelConfig:
    """Return a configuration with another encoder and the normalisation it expects.

    Zoobot's encoders were trained on red, green and blue in 0 to 1 as they are, and
    networks from random weights have no habits. The normalisation of another model's
    encoder stands in its card: `clump_detector.train.run` takes it from there.
    """
    mean, std = IMAGENET if encoder.startswith(WITH_IMAGENET) else _AS_IT_IS
    return replace(config, encoder=encoder, mean=mean, std=std)


_AS_IT_IS = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def fill(cls: type[T], values: Any, prefix: str = "") -> T:
    """Make a dataclass of a mapping; lists become tuples.

    Raises
    ------
    ConfigError
        If a key is unknown, or a value is of another kind than its default.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(f"{prefix.rstrip('.')} is no table of keys and values")
    defaults = {f.name: getattr(cls(), f.name) for f in fields(cls)}  # type: ignore[arg-type]
    for key in values:
        if key not in defaults:
            known = ", ".join(sorted(defaults))
            raise ConfigError(
                f"there is no key '{prefix}{key}'", remedy=f"The keys are: {known}."
            )
    try:
        return cls(**{k: _like(defaults[k], v, prefix + k) for k, v in values.items()})
    except ConfigError as error:
        if prefix and not error.what.startswith(prefix):
            raise ConfigError(prefix + error.what, remedy=error.remedy) from error
        raise


def settings_table(config: ModelConfig | TrainConfig) -> dict[str, Any]:
    """Return a dataclass as a dictionary that JSON and TOML can hold."""
    return asdict(config)


def _like(default: Any, value: Any, key: str) -> Any:
    """Return a value in the kind of its default.

    Raises
    ------
    ConfigError
        If it is of another kind.
    """
    if isinstance(default, tuple) and isinstance(value, list | tuple):
        pattern = default[0] if default else ""
        return tuple(_like(pattern, item, key) for item in value)
    if isinstance(default, bool) or isinstance(value, bool):
        good = isinstance(default, bool) and isinstance(value, bool)
    elif isinstance(default, float):
        good = isinstance(value, int | float) and math.isfinite(value)
        value = float(value) if good else value
    else:
        good = isinstance(value, type(default))
    if not good:
        kind = {"str": "text", "int": "a whole number", "float": "a finite number"}
        name = type(default).__name__
        wanted = kind.get(name, {"bool": "true or false"}.get(name, "a list"))
        raise ConfigError(f"{key} is {value!r}, not {wanted}", remedy="Change it.")
    return value


def _require(condition: bool, key: str, value: Any, wanted: str) -> None:
    if not condition:
        raise ConfigError(f"{key} is {value!r}", remedy=f"It has to be {wanted}.")
