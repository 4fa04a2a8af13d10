"""The chosen model, and from which score the proposals on the screen are shown."""

from __future__ import annotations

from collections.abc import Callable

from psygnal import Signal

from clump_detector.models.registry import resolve_model
from napari_clumps.review import Box
from napari_clumps.settings.settings import change_settings

from .thresholds import Thresholds


class ScoreLimits:
    """Limits on the score of proposals, each by its own model.

    Parameters
    ----------
    model_name : str
        Of the model that the user chose for detection.
    shown_model : callable
        Returns the id of the model of the shown proposals, or None.

    Attributes
    ----------
    model_name : str
    thresholds : Thresholds

    Signals
    -------
    changed(score): a model's proposals are shown from another score up.
    """

    changed = Signal(float)

    def __init__(self, model_name: str, shown_model: Callable[[], str | None]) -> None:
        self.model_name = model_name
        self.thresholds = Thresholds()
        self._shown_model = shown_model

    @property
    def scoring_model(self) -> str:
        """Id of the model of the shown proposals, or else of the chosen one."""
        return self._shown_model() or self.chosen_model

    @property
    def chosen_model(self) -> str:
        """Id of the model that detects."""
        return self.thresholds.model_id(self.model_name)

    @property
    def threshold(self) -> float:
        """The score from which proposals of `scoring_model` are shown."""
        return self.least(self.scoring_model)

    def least(self, model_id: str) -> float:
        """Return the score from which a model's proposals are shown.

        For a model that is not on this machine it is that of the chosen one.
        """
        chosen = self.thresholds.of(self.chosen_model)
        return self.thresholds.of(model_id, chosen)

    def is_weak(self, box: Box) -> bool:
        """Return whether a box has a score below the threshold of its model."""
        model = box.model or self.scoring_model
        return box.score is not None and box.score < self.least(model)

    def show_from(self, score: float, model_id: str) -> None:
        """Show a model's proposals from another score up.

        Parameters
        ----------
        score : float
        model_id : str
        """
        if score != self.least(model_id):
            self.thresholds.choose(model_id, score)
            self.changed.emit(self.threshold)

    def choose_model(self, name: str) -> None:
        """Make a model the chosen one, here and in later sessions.

        Raises
        ------
        ModelError
            If there is none of this name.
        """
        resolve_model(name)
        self.model_name = name
        change_settings(model=name)

    def use_card_threshold(self) -> None:
        """Go back to the threshold that the chosen model's card proposes."""
        self.thresholds.choose(self.chosen_model, None)
        self.changed.emit(self.threshold)
