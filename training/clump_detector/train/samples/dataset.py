"""A label set as samples for training: decoded once, at the network's scale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from clump_detector.config.model import ModelConfig
from clump_detector.core import boxes as geometry
from clump_detector.core.errors import (
    ClumpError,
    ConfigError,
    LabelError,
    TrainingError,
)
from clump_detector.core.progress import CancelToken
from clump_detector.core.text import plural
from clump_detector.detector.targets import LossTarget
from clump_detector.images.cutout import read_cutout
from clump_detector.images.identity import (
    believed,
    groups,
    image_keys,
    keys_at_hand,
    pixels_key,
    with_pixels,
)
from clump_detector.labels.classes.mapping import unknown_classes
from clump_detector.labels.classes.names import known_class
from clump_detector.labels.label_set import (
    LabelledBox,
    LabelledCutout,
    LabelSet,
    missing_files,
)
from clump_detector.models.network_scale import network_picture, to_network

from .augment import Sample, cut

#: With fewer cutouts than this none can be spared for validation.
FEWEST_TO_SPLIT = 10

#: Fewest cutouts for validation where there are any.
FEWEST_VALIDATION = 3


@dataclass(frozen=True)
class Samples:
    """Samples to learn from and to validate on.

    Attributes
    ----------
    train, validation : list of Sample
    problems : tuple of str
        Cutouts that were left out, and why.
    """

    train: list[Sample]
    validation: list[Sample]
    problems: tuple[str, ...] = ()


def load_samples(
    labels: LabelSet,
    path: Path,
    config: ModelConfig,
    *,
    share: float,
    seed: int,
    psf_known: float = 1.0,
    validate_on: Sequence[str] = (),
    skip_missing: bool = False,
    cancel: CancelToken | None = None,
) -> Samples:
    """Read every cutout that teaches something; held-out ones are left alone.

    Parameters
    ----------
    labels : LabelSet
    path : path
        The label set's file, for messages.
    config : ModelConfig
    share : float
        Share of the cutouts for validation.
    seed : int
    psf_known : float
        Share of the cutouts with a known PSF that are scaled by it.
    validate_on : sequence of str
        Names of the label sets that cutouts for validation are of; empty for all.
    skip_missing : bool
        Leave out images that are missing or cannot be read.
    cancel : CancelToken, optional
        Checked before each cutout.

    Raises
    ------
    Cancelled
    LabelError
        If a box has a class that the model does not know, or an image has another size
        than its labels state.
    TrainingError
        If nothing is left to learn from, or images are missing.
    """
    cancel = cancel or CancelToken()
    chosen = [c for c in labels.subset(held_out=False).cutouts if teaches(c)]
    _check_classes(chosen, config, path)
    if not skip_missing:
        _refuse_missing(labels, chosen, path)
    rng = np.random.default_rng([seed, 1])
    samples: list[Sample] = []
    problems: list[str] = []
    for cutout in chosen:
        cancel.check()
        by_psf = rng.random() < psf_known
        try:
            samples.append(load_sample(cutout, config, path, by_psf=by_psf))
        except LabelError:
            raise
        except ClumpError as error:
            if not skip_missing:
                raise TrainingError(
                    error.what, error.path, "Mend it, or leave such images out."
                ) from error
            problems.append(error.message)
    if not any(len(s.boxes) or len(s.rejected) for s in samples):
        raise TrainingError(
            "there is no box to learn from",
            path,
            "Accept or draw some boxes on cutouts that are not held out.",
        )
    held_out = [c for c in labels.cutouts if c.held_out]
    samples, said = _without_twins(samples, held_out, cancel)
    problems += said
    if not any(len(s.boxes) or len(s.rejected) for s in samples):
        raise TrainingError(
            "every galaxy with a box is held out as well, under another name",
            path,
            "Take the copies out of the label set.",
        )
    validating = _validating(samples, validate_on, path)
    return _split(samples, share, seed, tuple(problems), validating)


def _validating(
    samples: Sequence[Sample], names: Sequence[str], path: Path
) -> list[bool]:
    """Return which samples are of the label sets that validation is to be on."""
    known = sorted({sample.label_set for sample in samples if sample.label_set})
    for name in sorted(set(names) - set(known)):
        raise ConfigError(
            f"train.validate_on names {name!r}, and no cutout is of a label set that "
            f"is called so",
            path,
            f"Named ones are: {', '.join(known) or 'none, for there is a single one'}.",
        )
    return [not names or sample.label_set in names for sample in samples]


def _without_twins(
    samples: list[Sample],
    held_out: Sequence[LabelledCutout],
    cancel: CancelToken,
) -> tuple[list[Sample], list[str]]:
    """Leave out what shows a galaxy that is held out, such as a copy by another name.

    Keys that most images share, of a header that was copied, do not count.
    """
    others = []
    for cutout in held_out:
        cancel.check()
        known = dict.fromkeys((*cutout.keys, *keys_at_hand(cutout.source)))
        others.append(with_pixels(cutout.source, tuple(known)))
    every = believed([*(s.keys for s in samples), *others])
    samples = [replace(s, keys=k) for s, k in zip(samples, every, strict=False)]
    which = groups([own or (f"name:{i}",) for i, own in enumerate(every)])
    tested = set(which[len(samples) :])
    kept = [s for s, group in zip(samples, which, strict=False) if group not in tested]
    names = [s.name for s, g in zip(samples, which, strict=False) if g in tested]
    if not names:
        return samples, []
    few = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return kept, [
        f"{len(names)} of the cutouts show galaxies that are held out for testing, and "
        f"were not learned from: {few}."
    ]


def teaches(cutout: LabelledCutout) -> bool:
    """Return whether a cutout has anything to learn from."""
    counted = any(not b.ignored for b in cutout.boxes)
    return cutout.done or counted or bool(cutout.rejected)


def counts(samples: Sequence[Sample]) -> dict[str, int]:
    """Return the numbers of ``cutouts``, ``boxes`` and ``rejected`` boxes."""
    return {
        "cutouts": len(samples),
        "boxes": sum(len(s.boxes) for s in samples),
        "rejected": sum(len(s.rejected) for s in samples),
    }


def _check_classes(
    cutouts: Sequence[LabelledCutout], config: ModelConfig, path: Path
) -> None:
    unknown = unknown_classes(LabelSet(tuple(cutouts)), config.classes)
    if not unknown:
        return
    known = ", ".join(repr(c) for c in config.classes)
    said = ", ".join(f"{cls!r} ({plural(n, 'box', 'boxes')})"
                     for cls, n in unknown.items())  # fmt: skip
    first = next(iter(unknown))
    raise LabelError(
        f"classes of its boxes are none of the model's, which are {known}: {said}",
        path,
        f'Say what each is, with --classes: "{first}={first}" for a class that the '
        f'model is to learn, "{first}={config.classes[0]}" where it is the same as '
        f'that, "{first}=" for boxes to ignore.',
    )


def _refuse_missing(
    labels: LabelSet, chosen: Sequence[LabelledCutout], path: Path
) -> None:
    missing = missing_files(LabelSet(tuple(chosen), labels.classes))
    if missing:
        named = sum(len(c.source.files) for c in chosen)
        raise TrainingError(
            f"{len(missing)} of the {named} images it names are not there, the first "
            f"{missing[0].as_posix()}",
            path,
            "Put them back, or train with skip_missing = true in a recipe.",
        )


def load_sample(
    labelled: LabelledCutout, config: ModelConfig, path: Path, *, by_psf: bool = True
) -> Sample:
    """Read one cutout and bring it to the network's scale.

    Parameters
    ----------
    labelled : LabelledCutout
    config : ModelConfig
    path : path
        The label set's file, for messages.
    by_psf : bool
        Whether it is scaled by its PSF, where that is known, or as one of unknown PSF.

    Raises
    ------
    ImageError
        If its image cannot be read.
    LabelError
        If the image has another size than its labels state.
    """
    cutout = read_cutout(labelled.source)
    found = cutout.width, cutout.height
    _refuse_other_size(labelled, found, path)
    fwhm = (labelled.fwhm or cutout.fwhm) if by_psf else None
    seen = network_picture(cutout, fwhm, config)
    counted = [b for b in labelled.boxes if not b.ignored]
    known = [known_class(b.cls, config.classes) or b.cls for b in counted]
    numbers = [config.classes.index(cls) + 1 for cls in known]
    ignored = [b for b in labelled.boxes if b.ignored]
    keys = (
        *labelled.keys, *image_keys(labelled.source), pixels_key(cutout.pixels)
    )  # fmt: skip

    def moved(boxes: Sequence[LabelledBox]) -> geometry.Boxes:
        corners = geometry.as_boxes([b.corners for b in boxes])
        return to_network(geometry.clip(corners, *found), seen.scale)

    return cut(
        Sample(
            labelled.source.name,
            seen.picture,
            moved(counted),
            np.array(numbers, dtype=np.int64),
            np.array([b.weight for b in counted], dtype=np.float64),
            moved(ignored),
            moved(labelled.rejected),
            labelled.done,
            None if labelled.fwhm is None else labelled.fwhm * seen.scale[0],
            tuple(dict.fromkeys(keys)),
            labelled.label_set,
            labelled.arm,
        )
    )


def _refuse_other_size(
    labelled: LabelledCutout, found: tuple[int, int], path: Path
) -> None:
    """Refuse labels that were made on an image of another width and height."""
    stated = labelled.width, labelled.height
    if stated != found:
        raise LabelError(
            f"the labels of {labelled.source.name!r} are for {stated[0]} x {stated[1]} "
            f"pixels, and its image has {found[0]} x {found[1]}",
            path,
            "Give the image the labels were made on.",
        )


def _split(
    samples: list[Sample],
    share: float,
    seed: int,
    problems: tuple[str, ...],
    validating: Sequence[bool],
) -> Samples:
    """Set some cutouts apart at random, of those that show how well a model does.

    Only complete cutouts can: on others a box that is not labelled may be a clump. Of
    two images of one galaxy none is set apart: the other would give it away.
    """
    n = round(share * sum(validating))
    if share > 0 and sum(validating) >= FEWEST_TO_SPLIT:
        n = max(n, FEWEST_VALIDATION)
    else:
        n = 0
    order = np.random.default_rng([seed, 2]).permutation(len(samples))
    which = groups([s.keys for s in samples])
    sizes = Counter(which)
    alone = [sizes[g] == 1 for g in which]
    fit = [int(i) for i in order if samples[i].complete and alone[i] and validating[i]]
    apart = set(_with_boxes_among(fit, samples, n))
    train = [s for i, s in enumerate(samples) if i not in apart]
    if not any(len(s.boxes) or len(s.rejected) for s in train):
        return Samples(samples, [], problems)
    return Samples(train, [samples[i] for i in sorted(apart)], problems)


def _with_boxes_among(order: list[int], samples: list[Sample], n: int) -> list[int]:
    """Return the first n, or with the last replaced so that one at least has a box."""
    chosen = order[:n]
    if n and not any(len(samples[i].boxes) for i in chosen):
        others = [i for i in order[n:] if len(samples[i].boxes)]
        chosen = chosen[:-1] + others[:1] if others else chosen
    return chosen


def to_target(sample: Sample, device: torch.device | str = "cpu") -> LossTarget:
    """Return what the loss needs to know of a sample.

    Parameters
    ----------
    sample : Sample
    device : torch.device or str
    """

    def tensor(boxes: NDArray[np.float64]) -> torch.Tensor:
        return torch.as_tensor(boxes, dtype=torch.float32, device=device).reshape(-1, 4)

    return {
        "boxes": tensor(sample.boxes),
        "labels": torch.as_tensor(sample.labels, dtype=torch.int64, device=device),
        "weights": torch.as_tensor(sample.weights, dtype=torch.float32, device=device),
        "ignored": tensor(sample.ignored),
        "rejected": tensor(sample.rejected),
        "complete": sample.complete,
    }
