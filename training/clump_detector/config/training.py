"""How a detector is trained: which parts, for how long, on what variants."""

from __future__ import annotations

from dataclasses import dataclass

from clump_detector.core.options import option
from clump_detector.labels.classes.names import as_classes
from clump_detector.metrics.threshold import Goal

from .tables import require

#: What training may change, from the least to the most.
TRAIN_PARTS = ("heads", "fpn", "last stages", "everything")

#: Heads of an ensemble; each leaves out the galaxies of one fold.
ENSEMBLE_FOLDS = 5

DEVICES = ("auto", "cpu", "cuda", "mps")


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
    base_share : float
        Share of the base model's weights in the new ones: their mean, so weighted, has
        learned the new galaxies and forgets less of the old ones (Wortsman et al. 2022,
        "Robust fine-tuning of zero-shot models"). Only where the encoder is trained.
    warm_up : float
        Share of all steps in which the learning rate rises; then it falls as a cosine.
    validation_share : float
        Share of the training cutouts on which the best epoch is chosen.
    validate_on : tuple of str
        Names of the label sets that these cutouts are of, where several teach; empty
        for all of them. What is simulated says little of the sky. Folds take all.
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
    dropped : float
        Share of the variants in which columns, blocks or single pixels have no data.
    psf_known : float
        Share of the cutouts with a known PSF that are scaled by it, not by their size.
    cache_views, cache_variants, cache_megabytes : int
        Where the encoder is frozen, features of this many flips and rotations of each
        cutout are stored in a file, as far as the third and half of the free disk go;
        fewer, but two, where there would be more variants altogether than the second
        says (0 for any number).
    folds : int
        Where the encoder is frozen, calibration and default score come from boxes out
        of fold, with this many folds; no cutout is then set aside for validation. 0
        or 1 for a validation part, which is taken, too, where more than
        ``most_for_folds`` cutouts teach or the encoder is trained.
    most_for_folds : int
    ensemble : bool
        Keep the heads that the folds make beside the model: where they differ, it is
        not sure. Only where nothing but the heads is trained; there are then
        `ENSEMBLE_FOLDS` folds, and all of them are searched.
    goal : str
        What the default score is chosen for: "f1", or such as "purity 0.9" and
        "completeness 0.8", the least that is asked for.
    precision : {"full", "half"}
        Half is bfloat16: up to twice as fast on a processor or card that has it. Other
        processors compute in full precision, and the training says so.
    new_classes : tuple of str
        Classes of the labels that the model is to learn beside those that it has.
    checkpoint : bool
        Write a checkpoint beside the new model, to continue after a break.
    skip_missing : bool
        Leave out cutouts whose images are not there, instead of refusing to train.
    """

    train_parts: str = option(
        "heads", "What to train: the fewer labels, the fewer parts",
        label="Train", choices=TRAIN_PARTS,
    )  # fmt: skip
    epochs: int = option(
        20, "Passes over the labels", label="Epochs", least=1, most=10_000
    )
    steps_per_epoch: int = 0
    least_steps: int = 0
    batch: int = 4
    learning_rate: float = 0.0
    weight_decay: float = 1e-4
    clip: float = 5.0
    base_share: float = 0.0
    warm_up: float = 0.1
    validation_share: float = 0.15
    validate_on: tuple[str, ...] = ()
    patience: int = 0
    minutes: float = 0.0
    seed: int = option(
        0, "The same labels and seed give the same model",
        label="Seed", least=0, most=2**31 - 1,
    )  # fmt: skip
    device: str = option(
        "auto", "Where it runs: auto (a GPU if there is one), cpu, cuda or mps",
        label="Device", choices=DEVICES,
    )  # fmt: skip
    crop: int = 0
    flips: bool = True
    scale_jitter: float = 0.15
    colour_jitter: float = 0.15
    noise: float = 0.02
    any_angle: bool = False
    blur: float = 0.0
    missing: float = 0.0
    dropped: float = 0.0
    psf_known: float = 1.0
    cache_views: int = 4
    cache_variants: int = 0
    cache_megabytes: int = 20_000
    folds: int = 3
    most_for_folds: int = 1000
    ensemble: bool = option(
        False,
        "Keep five heads that learned from different parts: where they differ, a label "
        "teaches most (only if just the heads are trained)",
        label="Ensemble of five heads",
    )
    goal: str = option(
        "f1",
        "What the new model's default score is chosen for: f1, or such as 'purity 0.9' "
        "or 'completeness 0.8', the least that you want",
        label="Threshold for",
    )
    precision: str = "full"
    new_classes: tuple[str, ...] = ()
    checkpoint: bool = False
    skip_missing: bool = False

    def __post_init__(self) -> None:
        parts = self.train_parts in TRAIN_PARTS
        require(parts, "train_parts", self.train_parts, f"one of {TRAIN_PARTS}")
        require(self.device in DEVICES, "device", self.device, f"one of {DEVICES}")
        for name in ("epochs", "batch", "cache_views"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "1 or more")
        require(self.clip > 0, "clip", self.clip, "more than 0")
        Goal.of(self.goal)
        if self.new_classes:
            as_classes(self.new_classes)
        half = self.precision in ("full", "half")
        require(half, "precision", self.precision, "'full' or 'half'")
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
            require(getattr(self, name) >= 0, name, getattr(self, name), "0 or more")
        for name in (
            "base_share",
            "warm_up",
            "validation_share",
            "scale_jitter",
            "colour_jitter",
            "missing",
            "dropped",
        ):
            value = getattr(self, name)
            require(0 <= value < 1, name, value, "0 or more and less than 1")
        require(
            not self.base_share or self.train_parts in TRAIN_PARTS[2:],
            "base_share", self.base_share, "0 where the encoder is not trained",
        )  # fmt: skip
        require(
            not self.ensemble or self.train_parts == "heads",
            "ensemble", self.ensemble, "false where more than the heads is trained",
        )  # fmt: skip
        require(0 <= self.psf_known <= 1, "psf_known", self.psf_known, "0 to 1")
        require(
            self.crop == 0 or self.crop >= 64, "crop", self.crop, "0, or 64 or more"
        )
