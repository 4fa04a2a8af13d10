"""What a model card records of a training: from what, how, and how well it does."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version

from clump_detector.core.json_types import JsonObject
from clump_detector.images.identity import telling
from clump_detector.labels.label_set import LabelSet
from clump_detector.models.card import ModelCard

from .operating_point import OperatingPoint
from .request import TrainRequest
from .samples.dataset import counts
from .setup import Setup


def make_card(
    request: TrainRequest,
    setup: Setup,
    point: OperatingPoint,
    *,
    best_epoch: int,
    minutes: float,
) -> ModelCard:
    """Return the card of a new model.

    Parameters
    ----------
    request : TrainRequest
    setup : Setup
    point : OperatingPoint
        Its calibration and default score.
    best_epoch : int
        The epoch whose weights the model has.
    minutes : float
        Duration of the training.
    """
    return ModelCard(
        name=request.out.name,
        config=setup.model,
        learned_from={
            **_origin(request, setup, best_epoch, minutes),
            **_ancestry(setup.base),
        },
        performance=_performance(point),
        default_score=point.score,
        calibration=point.calibration,
        expected=point.as_table(),
        # It mends a score by what colours add to it, and those are as before.
        source_classifier={} if setup.base is None else setup.base.source_classifier,
    )


def _origin(
    request: TrainRequest, setup: Setup, best_epoch: int, minutes: float
) -> JsonObject:
    """Return what the model learned from, and how."""
    samples, labels, base = setup.samples, setup.labels, setup.base
    every = [*samples.train, *samples.validation]
    return {
        **counts(every),
        "validation": len(samples.validation),
        "label_set": labels.hash(),
        "label_set_info": _without_paths(labels),
        "encoder": setup.model.encoder.split("/")[-1],
        "parent": None if base is None else base.model_id,
        "recipe": request.recipe,
        "seed": request.config.seed,
        "best_epoch": best_epoch,
        "minutes": round(minutes, 2),
        "processes": setup.processes.size,
        "train": asdict(request.config),
        "versions": _versions(),
        "images": sorted({key for one in every for key in telling(one.keys)}),
    }


def _ancestry(base: ModelCard | None) -> JsonObject:
    """Return what the models before it learned from."""
    if base is None:
        return {}
    return {
        "ancestor_images": sorted(base.learned_keys),
        "unknown_ancestors": list(base.unknown_ancestors),
        "parent_learned_from": {
            key: value
            for key, value in base.learned_from.items()
            if key not in ("images", "ancestor_images", "unknown_ancestors")
        },
    }


def _performance(point: OperatingPoint) -> JsonObject:
    """Return how well a model does at its score, on galaxies it did not learn from."""
    completeness, purity = point.values
    if completeness is None or purity is None:
        return {}
    return {
        "on": f"{point.galaxies} cutouts, {point.method}",
        "completeness": completeness,
        "purity": purity,
        "score": point.score,
        "boxes": point.n_true,
    }


def _without_paths(labels: LabelSet) -> JsonObject:
    """Return where the labels come from, without paths of this computer."""
    return {k: v for k, v in labels.info.items() if k not in ("path", "folder", "file")}


def _versions() -> dict[str, str]:
    found = {}
    for name in ("napari-clumps", "torch", "torchvision", "timm"):
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
