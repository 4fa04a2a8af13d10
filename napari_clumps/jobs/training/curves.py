"""The choices of a training, and its curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from clump_detector.train.events import EndEvent, EpochEvent


@dataclass(frozen=True)
class RetrainChoices:
    """The choices of the user: base model, parts to train, epochs, seed and goal.

    ``classes`` has what classes of the labels are taken for that the base model does
    not know: themselves, to be learned, another one, or None for boxes to ignore.
    """

    base: str
    parts: str = "heads"
    epochs: int = 10
    seed: int = 0
    goal: str = "f1"
    classes: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Curves:
    """Losses per epoch, and the validation's completeness and purity where known."""

    train: tuple[float, ...] = ()
    validation: tuple[float, ...] = ()
    completeness: tuple[float, ...] = ()
    purity: tuple[float, ...] = ()
    #: Whether boxes out of fold are used instead of a validation set.
    out_of_fold: bool = False
    #: Score, completeness and purity to expect, known at the end of a training.
    expected: tuple[tuple[float, float, float], ...] = ()
    #: The default score that was chosen from them.
    score: float | None = None

    def after(self, event: EpochEvent) -> Curves:
        """Return the curves with one more epoch."""
        return replace(
            self,
            train=_longer(self.train, event.train_loss),
            validation=_longer(self.validation, event.validation_loss),
            completeness=_longer(self.completeness, event.completeness),
            purity=_longer(self.purity, event.purity),
        )

    def with_expected(self, event: EndEvent) -> Curves:
        """Return the curves with what the end of the training gives."""
        rows = tuple(
            (row["score"], row["completeness"], row["purity"])
            for row in event.expected.get("curve", ())
            if None not in row.values()
        )
        return replace(self, expected=rows, score=event.score)


def _longer(values: tuple[float, ...], value: float | None) -> tuple[float, ...]:
    return values if value is None else (*values, float(value))
