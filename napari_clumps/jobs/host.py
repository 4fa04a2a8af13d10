"""The interface of the window that background jobs need."""

from __future__ import annotations

from typing import Any, Protocol

from napari_clumps.models.thresholds import Thresholds
from napari_clumps.review import CutoutRecord, Review


class JobHost(Protocol):
    """The session of a window as jobs use it; see `app.session.Session`."""

    @property
    def viewer(self) -> Any:
        """The viewer of napari."""

    @property
    def canvas(self) -> Any:
        """The canvas, which owns the layers of the review."""

    @property
    def review(self) -> Review | None:
        """The open review."""

    @property
    def opened(self) -> Review:
        """The open review; `ClumpError` if none is."""

    @property
    def cutout(self) -> CutoutRecord | None:
        """The current cutout."""

    @property
    def device(self) -> str:
        """Device for detection and training."""

    @property
    def model_name(self) -> str:
        """The chosen model."""

    @property
    def thresholds(self) -> Thresholds:
        """From which score each model's proposals are shown."""

    @property
    def threshold_changed(self) -> Any:
        """Signal: proposals are shown from another score up."""

    @property
    def threshold(self) -> float:
        """The score from which proposals of `scoring_model` are shown."""

    @property
    def scoring_model(self) -> str:
        """Id of the model whose proposals are shown."""

    def least(self, model_id: str) -> float:
        """Return the score from which a model's proposals are shown."""

    def keeps_back(self, cutout_id: int) -> bool:
        """Return whether a cutout's proposals are hidden until it is marked."""

    def warn(self, message: str) -> None:
        """Show a warning: what went wrong and what to do."""

    def say(self, message: str) -> None:
        """Show a message in the status bar and the panel."""

    def choose(self, **settings: Any) -> None:
        """Save settings and apply them."""

    def choose_model(self, name: str) -> None:
        """Make a model the chosen one."""

    def announce_models(self) -> None:
        """Have the panels read the list of models again."""
