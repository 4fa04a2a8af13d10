"""How well a detector does on samples that are set apart, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from clump_detector.core.progress import CancelToken
from clump_detector.detector.targets import LossTarget
from clump_detector.metrics import matching

from .fitter import Fitter, sum_losses
from .views import SampleView

#: With fewer validation boxes than this the loss selects the best epoch.
FEWEST_FOR_F1 = 100


@dataclass(frozen=True)
class ValidationResult:
    """How well a detector does on samples.

    Attributes
    ----------
    loss : float
        Mean over the samples.
    completeness, purity : float or None
        At ``score``; None where not defined.
    score : float or None
        The score with the highest F1 on these samples.
    n_boxes : int
        Number of true boxes.
    """

    loss: float
    completeness: float | None
    purity: float | None
    score: float | None
    n_boxes: int

    @property
    def selection_loss(self) -> float:
        """What the best epoch has least of: 1 - F1, or the loss with few boxes.

        A network grows surer with time, and its loss with it, while it still finds
        more. On few boxes F1 is a matter of luck, and the loss is the better guide.
        """
        if self.n_boxes < FEWEST_FOR_F1:
            return self.loss
        if not self.completeness or not self.purity:
            return 1.0
        both = self.completeness + self.purity
        return 1 - 2 * self.completeness * self.purity / both


@dataclass
class BestEpoch:
    """The best weights so far, and how well they do: less ``selection_loss`` is better.

    Attributes
    ----------
    state : dict of str to Tensor
    epoch : int
        From 1; 0 before the first.
    selection_loss : float
    result : ValidationResult or None
        None where nothing is set apart for validation.
    """

    state: dict[str, Tensor]
    epoch: int = 0
    selection_loss: float = math.inf
    result: ValidationResult | None = None


def validate(
    fitter: Fitter, views: Sequence[SampleView], cancel: CancelToken | None = None
) -> ValidationResult:
    """Return the loss on views, and how many of their boxes are found.

    Parameters
    ----------
    fitter : Fitter
    views : sequence of SampleView
        At least one.
    cancel : CancelToken, optional
        Checked before each view.

    Raises
    ------
    Cancelled
    """
    cancel = cancel or CancelToken()
    matches, losses = [], []
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # which proposals are sampled
        for view in views:
            cancel.check()
            for found, loss, target in _searched(fitter, view):
                losses.append(loss)
                matches.append(_match(found, target))
    score = matching.best_score(matches)
    at = 0.5 if score is None else score
    completeness, purity = matching.completeness_purity(matches, at)
    n_boxes = sum(m.n_true for m in matches)
    return ValidationResult(
        float(np.mean(losses)), completeness, purity, score, n_boxes
    )


def _searched(
    fitter: Fitter, view: SampleView
) -> Iterator[tuple[dict[str, Tensor], float, LossTarget]]:
    """Yield what is found on a view, the loss there, and the target."""
    detector = fitter.detector
    detector.eval()
    for pyramid, targets in fitter.pyramids([view]):
        with fitter.precision():
            found = detector.find(pyramid)[0]
            fitter.learning_mode()
            detector.backbone.eval()
            loss = float(sum_losses(detector.losses(pyramid, targets)))
        yield found, loss, targets[0]


def _match(found: dict[str, Tensor], target: LossTarget) -> matching.Match:
    def array(tensor: Tensor) -> np.ndarray:
        return tensor.double().cpu().numpy()

    return matching.match(
        array(target["boxes"]),
        array(found["boxes"]),
        array(found["scores"]),
        ignored=array(target["ignored"]),
    )
