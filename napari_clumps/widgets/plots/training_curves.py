"""Live loss and validation curves of a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_clumps.jobs.training.curves import Curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, told apart without red and green.
BLUE, ORANGE, GREEN, PINK = "#56b4e9", "#e69f00", "#009e73", "#cc79a7"
INK, PAPER = "#c8ccd2", "#262930"

#: Values of the epochs, colour and style.
Line = tuple[Sequence[float], str, str]


class CurvesView(QWidget):
    """Two small panels: the losses, and completeness and purity on the validation.

    With few cutouts none are kept for a validation, and each is left out in turn.
    """

    def __init__(self) -> None:
        from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
        from matplotlib.figure import Figure

        super().__init__()
        self.setObjectName("curves")
        self._figure = Figure(figsize=(3.2, 3.2), facecolor=PAPER, layout="constrained")
        self._canvas = FigureCanvasQTAgg(self._figure)
        self._axes: list[Axes] = list(self._figure.subplots(2, 1))
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
                "training": (curves.train, BLUE, "-"),
                tested: (curves.validation, ORANGE, "--"),
            },
        )
        losses.set_xlim(0.5, max(len(curves.train), 5) + 0.5)
        losses.set_ylim(bottom=0)
        if curves.expected:
            self._draw_expected(shares, curves, tested)
        else:
            self._draw_epochs(shares, curves, tested)
        shares.set_ylim(0, 1.02)
        self._canvas.draw_idle()

    def _draw_epochs(self, axes: Axes, curves: Curves, tested: str) -> None:
        """Draw completeness and purity after each epoch."""
        lines = {
            "completeness": (curves.completeness, GREEN, "-"),
            "purity": (curves.purity, PINK, "--"),
        }
        self._draw(axes, tested, lines)
        axes.set_xlim(0.5, max(len(curves.train), 5) + 0.5)
        axes.set_xlabel("epoch", color=INK, fontsize=8)
        if curves.out_of_fold and curves.train and not curves.completeness:
            axes.text(
                0.5, 0.5, "known at the end of the training", color=INK, fontsize=8,
                ha="center", va="center", transform=axes.transAxes,
            )  # fmt: skip

    def _draw_expected(self, axes: Axes, curves: Curves, tested: str) -> None:
        """Draw completeness and purity to expect at each score."""
        self._draw(axes, tested, {})
        scores, completeness, purity = zip(*curves.expected, strict=True)
        axes.plot(scores, completeness, "-", color=GREEN, label="completeness", lw=1.4)
        axes.plot(scores, purity, "--", color=PINK, label="purity", lw=1.4)
        if curves.score is not None:
            axes.axvline(curves.score, color=INK, lw=1, ls=":", label="default score")
        axes.locator_params(axis="x", integer=False)
        axes.set_xlim(0, 1)
        axes.set_xlabel("score", color=INK, fontsize=8)
        axes.legend(fontsize=7, frameon=False, labelcolor=INK, loc="lower center")

    @staticmethod
    def _draw(axes: Axes, name: str, lines: Mapping[str, Line]) -> None:
        axes.clear()
        axes.set_facecolor(PAPER)
        axes.set_ylabel(name, color=INK, fontsize=8)
        axes.tick_params(colors=INK, labelsize=7)
        for spine in axes.spines.values():
            spine.set_color(INK)
        for label, (values, colour, style) in lines.items():
            if not values:
                continue
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
        axes.locator_params(axis="x", integer=True)
        if any(values for values, _, _ in lines.values()):
            axes.legend(fontsize=7, frameon=False, labelcolor=INK, loc="best")
