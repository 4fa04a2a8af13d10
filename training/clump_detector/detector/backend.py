"""What computes the layers that see every pixel: torch or, if asked for, OpenVINO.

The encoder, the pyramid and the proposal head take most of the time of a detection.
Here is the one place that chooses what computes them when clumps are searched for;
training is torch's alone.
"""

from __future__ import annotations

import copy
import logging
import os
import sys
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from clump_detector.core.errors import ConfigError

from .heads import Encoded
from .network import Detector

#: The environment variable that chooses: torch or openvino. Without it torch is used:
#: OpenVINO was slower on cutouts of many sizes, and hardly faster on those of one.
VARIABLE = "NAPARI_CLUMPS_BACKEND"

TORCH, OPENVINO = "torch", "openvino"

#: The environment variable that chooses a precision: single or bfloat16. Without it, it
#: is bfloat16 where the processor has that.
PRECISION = "NAPARI_CLUMPS_PRECISION"

SINGLE, BFLOAT16 = "single", "bfloat16"

#: From a batch of images to all feature maps, then all objectness, then all box deltas.
Compute = Callable[[Tensor], Sequence[Tensor]]

_log = logging.getLogger(__name__)


class Dense(nn.Module):
    """The layers of a detector that see every pixel.

    Parameters
    ----------
    detector : Detector
        In test mode.
    apart : bool
        Whether the first layer stands apart as ``stem``, and `forward` takes what it
        returns. In bfloat16 it would round away faint clumps on bright galaxies; the
        layers after it do not (measured: scores changed three times as much).
    """

    def __init__(self, detector: Detector, *, apart: bool = False) -> None:
        super().__init__()
        self.backbone, self.head = detector.backbone, detector.rpn.head
        self.stem: nn.Module = nn.Identity()
        if apart:
            self.backbone = copy.deepcopy(self.backbone)
            self.stem = _taken_off(self.backbone.encoder)
        self.eval()

    def forward(self, batch: Tensor) -> tuple[Tensor, ...]:
        """Return all feature maps, all objectness and all box deltas, fine to coarse.

        Parameters
        ----------
        batch : tensor of shape (images, channels, height, width)
        """
        maps = list(self.backbone(batch).values())
        logits, deltas = self.head(maps)
        return (*(one.float() for one in maps), *logits, *deltas)


def _taken_off(encoder: nn.Module) -> nn.Module:
    """Take an encoder's first convolution off, with its normalisation; return them."""
    leaves = [name for name, one in encoder.named_modules() if not list(one.children())]
    modules = [encoder.get_submodule(name) for name in leaves]
    first = next(i for i, one in enumerate(modules) if isinstance(one, nn.Conv2d))
    last = first
    if last + 1 < len(modules) and isinstance(modules[last + 1], nn.BatchNorm2d):
        last += 1
    for name in leaves[first : last + 1]:
        parent, _, own = name.rpartition(".")
        setattr(encoder.get_submodule(parent), own, nn.Identity())
    return nn.Sequential(*modules[first : last + 1])


class Search:
    """A detector that searches images, its dense layers computed by a backend.

    Parameters
    ----------
    detector : Detector
        In test mode.
    compute : callable
        From a batch of images to what `Dense` returns.
    backend : str
        What computes it, for messages.
    """

    def __init__(self, detector: Detector, compute: Compute, backend: str) -> None:
        self.detector, self.compute, self.backend = detector, compute, backend

    def __call__(self, images: Sequence[Tensor]) -> list[dict[str, Tensor]]:
        """Return boxes, labels and scores of each image, the best first.

        Parameters
        ----------
        images : sequence of tensor of shape (3, height, width)
            In 0 to 1.
        """
        return self.detector.find(self.encode(images))

    @property
    def encoder(self) -> nn.Module:
        """The encoder that is run, with torch as the backend."""
        if not isinstance(self.compute, WithTorch):
            raise TypeError(
                f"{self.backend} keeps the encoder's feature maps to itself"
            )
        encoder: nn.Module = self.compute.dense.backbone.encoder
        return encoder

    def encode(self, images: Sequence[Tensor]) -> Encoded:
        """Return the pyramids of images, with their proposals.

        Parameters
        ----------
        images : sequence of tensor of shape (3, height, width)
            In 0 to 1.
        """
        batch, sizes = self.detector.batch_of(images)
        every = self.compute(batch)
        n = len(every) // 3
        maps, logits, deltas = every[:n], every[n : 2 * n], every[2 * n :]
        features = OrderedDict((str(i), one) for i, one in enumerate(maps))
        padded = (int(batch.shape[-2]), int(batch.shape[-1]))
        encoded = Encoded(features, sizes, padded)
        encoded.proposals = self.detector.rpn.select(encoded, logits, deltas)
        return encoded


def search_of(detector: Detector, device: torch.device) -> Search:
    """Return the fastest search with a detector on a device.

    Where OpenVINO cannot take the detector, torch is used, and the log says so.

    Parameters
    ----------
    detector : Detector
        In test mode, on the device.
    device : torch.device

    Raises
    ------
    ConfigError
        If an environment variable asks for a backend or a precision that there is none
        of.
    """
    wanted, half = wanted_backend(), wanted_precision() == BFLOAT16
    if wanted == TORCH or device.type != "cpu":
        return Search(detector, WithTorch(detector, device, half=half), TORCH)
    try:
        return Search(detector, _WithOpenVINO(detector, half=half), OPENVINO)
    except Exception as error:  # OpenVINO raises what it likes
        reason = (str(error) or type(error).__name__).splitlines()[0][:200]
        _log.warning(
            "OpenVINO cannot be used (%s): detection goes on with torch. "
            "Set %s=%s to choose that.",
            reason, VARIABLE, TORCH,
        )  # fmt: skip
        return Search(detector, WithTorch(detector, device, half=half), TORCH)


def torch_search(search: Search, device: torch.device) -> Search:
    """Return a search whose encoder's feature maps can be had: one with torch.

    Parameters
    ----------
    search : Search
        Returned as it is if it is with torch.
    device : torch.device
        On which its detector is.
    """
    if search.backend == TORCH:
        return search
    half = wanted_precision() == BFLOAT16
    return Search(search.detector, WithTorch(search.detector, device, half=half), TORCH)


def wanted_backend() -> str:
    """Return what the environment asks for on a CPU: torch, where it says nothing.

    Raises
    ------
    ConfigError
        If it asks for something that there is not.
    """
    return _asked(VARIABLE, TORCH, OPENVINO)


def wanted_precision() -> str:
    """Return bfloat16 where the processor has it and the environment does not refuse.

    Raises
    ------
    ConfigError
        If the environment asks for a precision that there is none of.
    """
    asked = _asked(PRECISION, BFLOAT16, SINGLE)
    return asked if has_bfloat16() else SINGLE


def _asked(variable: str, *choices: str) -> str:
    """Return what an environment variable chooses, without it the first choice."""
    value = os.environ.get(variable, choices[0])
    if value not in choices:
        known = " or ".join(choice for choice in choices if choice)
        raise ConfigError(f"{variable} is {value!r}", remedy=f"Set it to {known}.")
    return value


def has_bfloat16() -> bool:
    """Return whether this processor multiplies in bfloat16; others only imitate it."""
    tests = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in tests)


class WithTorch:
    """A detector's dense layers in torch.

    Parameters
    ----------
    detector : Detector
        In test mode.
    device : torch.device
    half : bool
        Whether it computes in bfloat16; only on a CPU.
    """

    def __init__(self, detector: Detector, device: torch.device, *, half: bool) -> None:
        self._half = half and device.type == "cpu"
        self.dense, self._device = Dense(detector, apart=self._half), device

    def __call__(self, batch: Tensor) -> Sequence[Tensor]:
        """Return what `Dense` does."""
        begun = self.dense.stem(batch)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._half):
            found: Sequence[Tensor] = self.dense(begun)
        return found


class _WithOpenVINO:
    """A detector's dense layers, converted to OpenVINO for images of any size.

    Parameters
    ----------
    detector : Detector
        On the CPU, in test mode.
    half : bool
        Whether it computes in bfloat16.
    """

    def __init__(self, detector: Detector, *, half: bool) -> None:
        self._precision = "bf16" if half else "f32"
        with _without_telemetry():
            import openvino

        side = 4 * max(detector.config.strides)
        dense = Dense(detector, apart=half)
        self._stem = dense.stem
        with torch.no_grad(), _without_telemetry(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # OpenVINO uses what torch will drop
            example = self._stem(torch.zeros(1, 3, side, side))
            self._model = openvino.convert_model(dense, example_input=example)
        self._core = openvino.Core()
        self._compile()

    def __call__(self, batch: Tensor) -> Sequence[Tensor]:
        """Return what `Dense` does; it is valid until this thread's next call."""
        if self._threads != torch.get_num_threads():
            self._compile()
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        found = self._own.request.infer(
            {0: self._stem(batch).contiguous().numpy()},
            share_inputs=True,
            share_outputs=True,
        )
        return [torch.from_numpy(one) for one in found.values()]

    def _compile(self) -> None:
        """Compile for as many threads as torch has."""
        self._threads = torch.get_num_threads()
        settings: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": self._threads,
            "INFERENCE_PRECISION_HINT": self._precision,
        }
        self._compiled = self._core.compile_model(self._model, "CPU", settings)
        self._own = threading.local()


@contextmanager
def _without_telemetry() -> Iterator[None]:
    """Hide the package by which OpenVINO tells its maker that it is used."""
    name = "openvino_telemetry"
    before = sys.modules.get(name)
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]
        if before is not None:
            sys.modules[name] = before
