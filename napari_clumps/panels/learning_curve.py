"""The panel "Learning curve": what each training brought, and what more would bring."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
from napari.viewer import Viewer
from qtpy.QtWidgets import QVBoxLayout, QWidget

from clump_detector.models.arms import CHOSEN, RANDOM, arms_in_words
from clump_detector.models.learning_curve import (
    MORE,
    NEEDED,
    Laws,
    Point,
    fit,
    outlook,
    usable,
)
from napari_clumps.plugin.window import controller_of
from napari_clumps.viewer.napari_private import main_window
from napari_clumps.widgets.base.docks import among_tabs
from napari_clumps.widgets.base.parts import fill_dock, text_label
from napari_clumps.widgets.base.signals import listen
from napari_clumps.widgets.plots.training_curves import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PAPER,
    PINK,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Pixels that the chart is high at least and at most.
_LOWEST, _HIGHEST = 200, 380

#: Name of the points that were not measured blind: their marks are empty.
_NOT_BLIND = "not blind"

#: Points of galaxies that an order asked for: arm, name, mark and colour.
_ARMS = (
    (RANDOM, "drawn at random", "s", GREEN),
    (CHOSEN, "chosen", "^", PINK),
)

_WHAT = (
    "F1 of each trained model at its own score, on the held-out galaxies that were "
    "done then, with 95 % intervals. Not blind: reviewed under a model's proposals. "
    "Where an order of a model's asked for galaxies: also on those that it drew at "
    "random and on those that it chose, each by a head that did not learn from it."
)


class LearningPanel(QWidget):
    """Draws the learning curve of the open review with its expected continuation."""

    def __init__(self, napari_viewer: Viewer) -> None:
        from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
        from matplotlib.figure import Figure

        super().__init__()
        self.setObjectName("learning_panel")
        self._controller = controller_of(napari_viewer)
        self._session = self._controller.session
        self._figure = Figure(figsize=(3.2, 3), facecolor=PAPER, layout="constrained")
        self._canvas = FigureCanvasQTAgg(self._figure)
        self._canvas.setObjectName("learning_curve")
        self._canvas.setToolTip(_WHAT)
        self._canvas.setMinimumHeight(_LOWEST)
        self._canvas.setMaximumHeight(_HIGHEST)
        self._axes = self._figure.subplots()
        self._words = text_label("learning_words")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self._canvas, stretch=100)
        layout.addWidget(self._words)
        layout.addStretch(1)
        fill_dock(self)
        window = main_window(self._session.viewer)
        among_tabs(self, window, "review_panel", always=False)
        self._drawn: list[Point] | None = None
        listen(
            self,
            (self._session.review_opened, self.refresh),
            (self._session.models_changed, self.refresh),
        )
        self.refresh()

    def showEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Draw what has come since it was seen last."""
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Read the points and draw them, if they have changed and can be seen."""
        review = self._session.review
        if review is None:
            self._show([], "No review is open.")
        elif self.isVisible():
            every = review.learning_curve
            if every != self._drawn or not every:
                self._show(every, "")

    def _show(self, every: list[Point], words: str) -> None:
        self._drawn = every
        points = usable(every)
        laws = fit(points)
        self._draw(points, laws, [p for p in every if p.get("arms")])
        self._canvas.draw_idle()
        if not words:
            words = escape(outlook(points, laws))
            if points:
                words = f"<b>{words}</b><br>{escape(_newest(points))}"
            else:
                words = f"{escape(NEEDED)} {words}"
            if told := arms_in_words(every):
                words += f"<br>{escape(told)}"
        self._words.setText(words)

    def _draw(self, points: list[Point], laws: Laws | None, told: list[Point]) -> None:
        axes = self._axes
        axes.clear()
        axes.set_facecolor(PAPER)
        axes.set_xlabel("galaxies learned from", color=INK, fontsize=8)
        axes.set_ylabel("F1", color=INK, fontsize=8)
        axes.tick_params(colors=INK, labelsize=7)
        for spine in axes.spines.values():
            spine.set_color(INK)
        most = max((p["galaxies"] for p in points), default=0)
        if laws is not None:
            self._draw_laws(laws, most + max(MORE, most // 2))
        for blind, name in ((True, "blind"), (False, _NOT_BLIND)):
            _draw_points(
                axes, [p for p in points if bool(p.get("blind")) is blind], name
            )
        for arm, name, mark, colour in _ARMS:
            own = [p | {"f1": p["arms"][arm]["f1"]} for p in told if arm in p["arms"]]
            _draw_points(axes, usable(own), name, mark, colour)
            points = [*points, *usable(own)]
        axes.set_xlim(left=0)
        axes.set_ylim(*_range(points))
        if points:
            axes.legend(fontsize=7, frameon=False, labelcolor=INK, loc="lower right")

    def _draw_laws(self, laws: Laws, last: int) -> None:
        n = np.linspace(0, last, 120)
        middle, low, high = laws.curve(n)
        known = n <= laws.galaxies
        self._axes.fill_between(n, low, high, color=ORANGE, alpha=0.18, linewidth=0)
        self._axes.plot(n[known], middle[known], color=ORANGE, linewidth=1.4)
        self._axes.plot(
            n[~known], middle[~known], "--", color=ORANGE, linewidth=1.4,
            label="expected, 95 %",
        )  # fmt: skip


def _draw_points(
    axes: Axes, points: list[Point], name: str, mark: str = "o", colour: str = BLUE
) -> None:
    """Draw points of one kind, with their intervals."""
    if not points:
        return
    values = np.array([p["f1"]["value"] for p in points])
    ends = np.array([p["f1"]["95"] for p in points]).T
    errors = np.clip([values - ends[0], ends[1] - values], 0, None)
    axes.errorbar(
        [p["galaxies"] for p in points], values, yerr=errors, fmt=mark, markersize=5,
        color=colour, markerfacecolor=PAPER if name == _NOT_BLIND else colour,
        capsize=2, elinewidth=1, zorder=3, label=name, clip_on=False,
    )  # fmt: skip


def _range(points: list[Point]) -> tuple[float, float]:
    """Return the shares to be drawn: all points with their intervals."""
    ends = [end for p in points for end in p["f1"]["95"]]
    if not ends:
        return 0.0, 1.0
    return max(min(ends) - 0.05, 0.0), min(max(ends) + 0.05, 1.02)


def _newest(points: list[Point]) -> str:
    """Return what the newest training brought, in a line."""
    p = points[-1]
    low, high = p["f1"]["95"]
    return (
        f"{p.get('model', 'The newest model')}: F1 {p['f1']['value']:.2f} "
        f"({low:.2f} to {high:.2f}) after {p['galaxies']} galaxies and "
        f"{p.get('boxes', '?')} boxes, on {p.get('held_out', '?')} held-out galaxies"
    )
