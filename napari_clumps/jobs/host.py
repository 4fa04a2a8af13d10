"""The interface of the window that background jobs need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from napari_clumps.models.score_limits import ScoreLimits
from napari_clumps.review import CutoutRecord, Review
from napari_clumps.settings.settings import Settings

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_clumps.viewer.canvas import Canvas


class JobHost(Protocol):
    """The session of a window as jobs use it; see `app.session.Session`."""

    @property
    def viewer(self) -> ViewerModel:
        """The viewer of napari."""

    @property
    def canvas(self) -> Canvas:
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
    def settings(self) -> Settings:
        """What the user chose, the device among it."""

    @property
    def scores(self) -> ScoreLimits:
        """From which score each model's proposals are shown."""

    def keeps_back(self, cutout_id: int) -> bool:
        """Return whether a cutout's proposals are hidden until it is marked."""

    def warn(self, message: str) -> None:
        """Show a warning: what went wrong and what to do."""

    def say(self, message: str) -> None:
        """Show a message in the status bar and the panel."""

    def choose(self, **settings: str | bool) -> None:
        """Save settings and apply them."""

    def choose_model(self, name: str) -> None:
        """Make a model the chosen one."""

    def announce_models(self) -> None:
        """Have the panels read the list of models again."""
