"""Curves against a galaxy's semi-major axis, one below the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFontMetricsF, QPainter, QPalette, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from clump_detector.core.arrays import Floats
from napari_clumps.render.galaxy.isophote_readout import Curve

#: Of the points: neither ink nor paper in light and dark themes.
_DOT = QColor("#1f83c4")

_MARGIN, _RADIUS = 8.0, 2.4

#: Lines of text that a curve is high.
_LINES = 5.5


class ProfilePlot(QWidget):
    """Plots some curves over the logarithm of the radius."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("profile_plot")
        self.setAccessibleName("Brightness, ellipticity and angle against radius")
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Fixed)
        self.curves: tuple[Curve, ...] = ()
        self._radii: Floats = np.zeros(0)
        self._unit = ""

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Be high enough for the curves."""
        line = QFontMetricsF(self.font()).height()
        return QSize(240, round((_LINES * max(len(self.curves), 1) + 2.5) * line))

    def show_curves(self, radii: Floats, unit: str, curves: Sequence[Curve]) -> None:
        """Show curves, or nothing.

        Parameters
        ----------
        radii : array of shape (n,)
            Semi-major axes.
        unit : str
            Of them.
        curves : sequence of Curve
        """
        self._radii, self._unit, self.curves = radii, unit, tuple(curves)
        self.setVisible(len(radii) > 1)
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def paintEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Draw the curves and the axis of the radii below the last one."""
        if len(self._radii) < 2:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = QFontMetricsF(self.font())
        line = metrics.height()
        left = _MARGIN + metrics.horizontalAdvance("0.0000")
        width = self.width() - left - _MARGIN
        for k, curve in enumerate(self.curves):
            top = k * _LINES * line + line
            frame = QRectF(left, top, width, (_LINES - 1.4) * line)
            self._draw_curve(painter, frame, curve)
        bottom = len(self.curves) * _LINES * line
        self._draw_radii(painter, QRectF(left, bottom, width, line))
        painter.end()

    def _x(self, frame: QRectF, radius: float) -> float:
        low, high = np.log(self._radii[0]), np.log(self._radii[-1])
        return float(
            frame.left() + (np.log(radius) - low) / (high - low) * frame.width()
        )

    def _draw_curve(self, painter: QPainter, frame: QRectF, curve: Curve) -> None:
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        faint = QColor(ink)
        faint.setAlpha(90)
        metrics = QFontMetricsF(self.font())
        painter.setPen(ink)
        painter.drawText(QPointF(frame.left(), frame.top() - 3), curve.title)
        painter.setPen(QPen(faint, 1))
        painter.drawRect(frame)
        known = np.isfinite(curve.values)
        if not known.any():
            return
        low, high = _bounds(curve.values[known])
        for value in (low, high):
            text = f"{value:.1f}" if abs(value) >= 10 else f"{value:.2g}"
            y = self._y(frame, value, low, high, curve.falls)
            painter.setPen(ink)
            painter.drawText(
                QPointF(
                    frame.left() - metrics.horizontalAdvance(text) - 4,
                    min(max(y + metrics.capHeight() / 2, frame.top() + 8),
                        frame.bottom()),
                ),
                text,
            )  # fmt: skip
        for k in np.flatnonzero(known):
            x = self._x(frame, float(self._radii[k]))
            value, error = float(curve.values[k]), float(curve.errors[k])
            y = self._y(frame, value, low, high, curve.falls)
            fitted = np.isfinite(error)
            if fitted:
                ends = (value - error, value + error)
                first, last = (
                    self._y(frame, min(max(v, low), high), low, high, curve.falls)
                    for v in ends
                )
                painter.setPen(QPen(_DOT, 1.2))
                painter.drawLine(QPointF(x, first), QPointF(x, last))
            painter.setPen(QPen(_DOT, 1.2))
            filled = Qt.BrushStyle.SolidPattern if fitted else Qt.BrushStyle.NoBrush
            painter.setBrush(filled)
            if fitted:
                painter.setBrush(_DOT)
            painter.drawEllipse(QPointF(x, y), _RADIUS, _RADIUS)
            painter.setBrush(Qt.BrushStyle.NoBrush)

    @staticmethod
    def _y(frame: QRectF, value: float, low: float, high: float, falls: bool) -> float:
        share = (value - low) / (high - low)
        share = share if falls else 1 - share
        return float(frame.top() + share * frame.height())

    def _draw_radii(self, painter: QPainter, frame: QRectF) -> None:
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        metrics = QFontMetricsF(self.font())
        painter.setPen(ink)
        first, last = float(self._radii[0]), float(self._radii[-1])
        y = frame.top() + metrics.ascent()
        steps = (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
        for value in (v for v in steps if first <= v <= last):
            text = f"{value:g}"
            x = self._x(frame, value) - metrics.horizontalAdvance(text) / 2
            painter.drawText(QPointF(x, y), text)
        words = f"semi-major axis, {self._unit}"
        x = frame.center().x() - metrics.horizontalAdvance(words) / 2
        painter.drawText(QPointF(x, y + metrics.height()), words)


def _bounds(values: Floats) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = 0.08 * (high - low) or 0.5
    return low - margin, high + margin
