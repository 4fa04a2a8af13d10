"""The encoder: a timm network of the Zoobot family, cut into feature maps.

Its weights come from Zoobot, from torchvision's ImageNet, from a local folder, from
another model, or from nowhere.

timm's ``features_only`` renames ``stages.0`` to ``stages_0``, and a ``load_state_dict``
that is not strict then loads nothing without a word. Here every tensor has to find its
place, and only heads and later stages may be left over, by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import timm
from torch import Tensor, nn

from clump_detector.config.model import WITH_IMAGENET, ModelConfig, with_encoder
from clump_detector.core.errors import ModelError
from clump_detector.models.card import ModelCard, read_card
from clump_detector.models.registry import resolve_model

from .weights import read_weights

ZOOBOT = "zoobot-"
LOCAL = "local-dir:"
MODEL = "model:"
_HUB = "hf_hub:mwalmsley/zoobot-encoder-"

#: First parts of the names of what comes after the last stage in timm's networks.
HEADS = ("head", "fc", "classifier", "norm", "norm_pre", "bn2", "conv_head")

_STAGE = re.compile(r"^(stages|layer|blocks)[._]?(\d+)\.")

_NAMES = (
    "Give a name of timm such as resnet18, zoobot-X such as zoobot-convnext_nano, "
    "imagenet-resnet50, local-dir:PATH or model:NAME."
)


def architecture(name: str) -> str:
    """Return the name in timm of an encoder's architecture.

    Raises
    ------
    ModelError
        If a local folder has no card of timm, or there is no such model.
    """
    for prefix in (ZOOBOT, WITH_IMAGENET):
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    if name.startswith(MODEL):
        return architecture(_card(name).config.encoder)
    if not name.startswith(LOCAL):
        return name
    card = Path(name.removeprefix(LOCAL)) / "config.json"
    try:
        return str(json.loads(card.read_text(encoding="utf-8"))["architecture"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"this is no encoder that timm can load ({error})", card, _NAMES
        ) from error


def build_encoder(
    name: str, strides: Sequence[int], *, pretrained: bool = True
) -> nn.Module:
    """Build an encoder that returns one feature map per stride, fine to coarse.

    Parameters
    ----------
    name : str
        As in `ModelConfig.encoder`.
    strides : sequence of int
    pretrained : bool
        Load the weights that the name refers to; a plain name of timm always starts
        from random ones.

    Raises
    ------
    ModelError
        If there is no such encoder, it has no feature map of a stride, or its weights
        cannot be had or do not fit.
    """
    network = _features(architecture(name), strides)
    if pretrained and is_pretrained(name):
        load_strictly(network, _weights(name), name)
    return network


def is_pretrained(name: str) -> bool:
    """Return whether a name refers to weights, not only for an architecture."""
    return name.startswith((ZOOBOT, LOCAL, WITH_IMAGENET, MODEL))


def normalisation(name: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the mean and standard deviation that an encoder was trained with.

    Raises
    ------
    ModelError
        If it is that of another model, and there is none.
    """
    config = _card(name).config if name.startswith(MODEL) else ModelConfig()
    if not name.startswith(MODEL):
        config = with_encoder(config, name)
    return config.image_mean, config.image_std


def channels(encoder: nn.Module) -> list[int]:
    """Return the number of channels of each feature map."""
    return list(cast(Any, encoder).feature_info.channels())


def last_stages(encoder: nn.Module, n: int = 2) -> list[nn.Parameter]:
    """Return the parameters of an encoder's last stages.

    Parameters
    ----------
    encoder : torch.nn.Module
    n : int
        Number of stages.
    """
    names = [name for name, _ in encoder.named_parameters()]
    wanted = sorted({_stage(name) for name in names})[-n:]
    return [p for name, p in encoder.named_parameters() if _stage(name) in wanted]


def _features(name: str, strides: Sequence[int]) -> nn.Module:
    try:
        every = cast(Any, timm.create_model(name, pretrained=False, features_only=True))
        reductions = list(every.feature_info.reduction())
        indices = tuple(reductions.index(stride) for stride in strides)
        encoder: nn.Module = timm.create_model(
            name, pretrained=False, features_only=True, out_indices=indices
        )
        return encoder
    except ValueError as error:
        raise ModelError(
            f"the encoder {name!r} has no feature maps of strides {tuple(strides)}",
            remedy="Choose strides that it has, such as 4, 8 and 16.",
        ) from error
    except (RuntimeError, AttributeError, TypeError) as error:
        raise ModelError(
            f"timm has no encoder {name!r} with feature maps ({error})", remedy=_NAMES
        ) from error


def _weights(name: str) -> Mapping[str, Tensor]:
    """Return the weights of a pretrained network, its head's included.

    Raises
    ------
    ModelError
        If they cannot be had.
    """
    if name.startswith(WITH_IMAGENET):
        return _from_torchvision(name)
    if name.startswith(MODEL):
        return _from_model(name)
    return _from_zoobot(name).state_dict()


def _from_torchvision(name: str) -> Mapping[str, Tensor]:
    """Return the weights of a classifier of torchvision, trained on ImageNet."""
    from torchvision.models import get_model_weights

    try:
        best: Any = get_model_weights(architecture(name)).DEFAULT
        return cast(Mapping[str, Tensor], best.get_state_dict(progress=False))
    except Exception as error:  # the network raises what it likes
        raise _cannot_be_had(
            name,
            error,
            "Check the name and the network, or put the file that torchvision names "
            "into the folder hub/checkpoints of torch's cache.",
        ) from error


def _cannot_be_had(name: str, error: Exception, remedy: str) -> ModelError:
    reason = (str(error) or type(error).__name__).splitlines()[0][:200]
    what = f"the pretrained encoder {name!r} cannot be had ({reason})"
    return ModelError(what, remedy=remedy)


def _card(name: str) -> ModelCard:
    return read_card(resolve_model(name.removeprefix(MODEL)))


def _from_model(name: str) -> Mapping[str, Tensor]:
    """Return the encoder's weights of another model.

    Raises
    ------
    ModelError
        If there is no such model, or its weights are damaged.
    """
    folder = resolve_model(name.removeprefix(MODEL))
    prefix = "backbone.encoder."
    weights = read_weights(folder, read_card(folder))
    return {
        key.removeprefix(prefix): value
        for key, value in weights.items()
        if key.startswith(prefix)
    }


def _from_zoobot(name: str) -> nn.Module:
    """Return the whole pretrained network, through zoobot's own loader."""
    from zoobot.pytorch.training.representations import ZoobotEncoder

    source = name if name.startswith(LOCAL) else _HUB + name.removeprefix(ZOOBOT)
    try:
        return cast(nn.Module, ZoobotEncoder.load_from_name(source).encoder)
    except Exception as error:  # timm, the hub and the network raise what they like
        raise _cannot_be_had(
            name,
            error,
            "Check the name and the network, set HF_HUB_OFFLINE=1 to use what was "
            "loaded before, or use a copy with local-dir:PATH.",
        ) from error


def load_strictly(network: nn.Module, weights: Mapping[str, Tensor], name: str) -> None:
    """Load a whole network's weights into its feature extractor.

    Parameters
    ----------
    network : torch.nn.Module
        The feature extractor.
    weights : mapping of str to Tensor
        Of the whole network.
    name : str
        Of the encoder, for messages.

    Raises
    ------
    ModelError
        If a tensor of the feature extractor gets no weights, or weights are left over
        that are neither a head's nor a later stage's.
    """
    wanted = network.state_dict()
    mapped: dict[str, Tensor] = {}
    left: list[str] = []
    for key, value in weights.items():
        target = key if key in wanted else key.replace(".", "_", 1)
        if target in wanted:
            mapped[target] = value
        else:
            left.append(key)
    last = max((_stage(key) for key in wanted), default=-1)
    foreign = [k for k in left if k.split(".")[0] not in HEADS and _stage(k) <= last]
    missing = [key for key in wanted if key not in mapped]
    if foreign or missing:
        first = (missing or foreign)[0]
        raise ModelError(
            f"the weights of {name!r} do not fit its architecture: {len(missing)} "
            f"tensors missing, {len(foreign)} left over, the first {first!r}",
            remedy=_NAMES,
        )
    try:
        network.load_state_dict(mapped, strict=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelError(
            f"the weights of {name!r} do not fit its architecture ({reason})",
            remedy=_NAMES,
        ) from error


def _stage(key: str) -> int:
    """Return the number of the stage that a tensor belongs to, -1 for none."""
    found = _STAGE.match(key)
    return int(found[2]) if found else -1
