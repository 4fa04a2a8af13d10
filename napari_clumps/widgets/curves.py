"""Live loss and validation curves of a training."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QVBoxLayout, QWidget

from ..retraining import Curves

# Okabe and Ito's colours, told apart without red and green.
_BLUE, _ORANGE, _GREEN, _PINK = "#56b4e9", "#e69f00", "#009e73", "#cc79a7"
_INK, _PAPER = "#c8ccd2", "#262930"


class CurvesView(QWidget):
    """Two small panels: the losses, and completeness and purity on the validation.

    With few cutouts none are kept for a validation, and each is left out in turn.
    """

    def __init__(self) -> None:
        from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
        from matplotlib.figure import Figure

        super().__init__()
        self.setObjectName("curves")
        self._figure = Figure(
            figsize=(3.2, 3.2), facecolor=_PAPER, layout="constrained"
        )
        self._canvas = FigureCanvasQTAgg(self._figure)
        self._axes: list[Any] = list(self._figure.subplots(2, 1, sharex=True))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._canvas)
        self.setMinimumHeight(230)
        self._drawn: Curves | None = None
        self.show_curves(Curves())

    def show_curves(self, curves: Curves) -> None:
        """Draw the curves anew if they have changed."""
        if curves == self._drawn:
            return
        self._drawn = curves
        losses, shares = self._axes
        tested = "out of fold" if curves.out_of_fold else "validation"
        self._draw(
            losses,
            "loss",
            {
                "training": (curves.train, _BLUE, "-"),
                tested: (curves.validation, _ORANGE, "--"),
            },
        )
        self._draw(
            shares,
            tested,
            {
                "completeness": (curves.completeness, _GREEN, "-"),
                "purity": (curves.purity, _PINK, "--"),
            },
        )
        for axes in self._axes:
            axes.set_xlim(0.5, max(len(curves.train), 5) + 0.5)
        losses.set_ylim(bottom=0)
        shares.set_ylim(0, 1.02)
        shares.set_xlabel("epoch", color=_INK, fontsize=8)
        self._canvas.draw_idle()

    @staticmethod
    def _draw(axes: Any, name: str, lines: dict[str, tuple[Any, str, str]]) -> None:
        axes.clear()
        axes.set_facecolor(_PAPER)
        axes.set_ylabel(name, color=_INK, fontsize=8)
        axes.tick_params(colors=_INK, labelsize=7)
        for spine in axes.spines.values():
            spine.set_color(_INK)
        for label, (values, colour, style) in lines.items():
            epochs = range(1, len(values) + 1)
            axes.plot(
                epochs,
                values,
                style,
                color=colour,
                label=label,
                marker=".",
                markersize=4,
                linewidth=1.4,
            )
        axes.xaxis.get_major_locator().set_params(integer=True)
        if any(values for values, _, _ in lines.values()):
            axes.legend(fontsize=7, frameon=False, labelcolor=_INK, loc="best")
