"""The score from which each model's proposals are shown.

Scores of two models cannot be compared, so each has a threshold of its own: that of its
card, until the user chooses another.
"""

from __future__ import annotations

from functools import cached_property

from clump_detector.core.errors import ClumpError
from clump_detector.models.card import ModelCard, read_card
from clump_detector.models.registry import list_models, resolve_model

#: The score from which proposals are shown without a model card.
FALLBACK_THRESHOLD = 0.3


class Thresholds:
    """The threshold of each model, by the id that its card gives.

    Cards are read once, until `forget_cards`.
    """

    def __init__(self) -> None:
        self._chosen: dict[str, float] = {}
        self._ids: dict[str, str] = {}

    @cached_property
    def _cards(self) -> dict[str, ModelCard]:
        cards = [entry.card for entry in list_models() if entry.card is not None]
        return {card.model_id: card for card in cards}

    def forget_cards(self) -> None:
        """Read the cards again at the next use: models were added or removed."""
        self.__dict__.pop("_cards", None)
        self._ids.clear()

    def model_id(self, name: str) -> str:
        """Return the id of a model by name or path, or the name if there is none."""
        if name not in self._ids:
            try:
                card = read_card(resolve_model(name))
            except ClumpError:
                return name
            self._ids[name] = card.model_id
            self._cards.setdefault(card.model_id, card)
        return self._ids[name]

    def card(self, model_id: str) -> ModelCard | None:
        """Return a model's card, or None where the model is not on this machine."""
        return self._cards.get(model_id)

    def of(self, model_id: str, fallback: float = FALLBACK_THRESHOLD) -> float:
        """Return the score from which a model's proposals are shown.

        Parameters
        ----------
        model_id : str
        fallback : float
            For a model that is not on this machine and for which none was chosen.
        """
        chosen = self._chosen.get(model_id)
        return self.of_card(model_id, fallback) if chosen is None else chosen

    def of_card(self, model_id: str, fallback: float = FALLBACK_THRESHOLD) -> float:
        """Return the score that a model's card proposes, whatever the user chose.

        Parameters
        ----------
        model_id : str
        fallback : float
            For a model that is not on this machine.
        """
        card = self.card(model_id)
        return fallback if card is None else float(card.default_score)

    def choose(self, model_id: str, score: float | None) -> None:
        """Choose a model's threshold.

        Parameters
        ----------
        model_id : str
        score : float or None
            None goes back to what its card proposes.
        """
        if score is None:
            self._chosen.pop(model_id, None)
        else:
            self._chosen[model_id] = float(score)
