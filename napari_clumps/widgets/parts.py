"""Small parts that several widgets are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from qtpy.QtWidgets import (
    QFormLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from ..keys import BY_ACTION
from ..layers import colour_hex
from ..review import Status

STATUS_WORDS = {
    Status.PROPOSAL: "proposal",
    Status.ACCEPTED: "accepted",
    Status.REJECTED: "rejected",
    Status.EDITED: "edited",
    Status.DRAWN: "drawn",
}


def key_button(
    action: str, text: str, clicked: Callable[[], object], tooltip: str = ""
) -> QPushButton:
    """Return a button that shows its action's key and never takes the keyboard."""
    key = BY_ACTION[action]
    button = QPushButton(f"{text}  ({key.shown})")
    button.setObjectName(f"button_{action}")
    button.setToolTip(tooltip or f"{key.what}  ({key.shown})")
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.clicked.connect(lambda _checked=False: clicked())
    return button


def plain_button(
    name: str, text: str, clicked: Callable[[], object], tooltip: str
) -> QPushButton:
    """Return a button without a key."""
    button = QPushButton(text)
    button.setObjectName(f"button_{name}")
    button.setToolTip(tooltip)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.clicked.connect(lambda _checked=False: clicked())
    return button


def text_label(name: str, *, wrap: bool = True) -> QLabel:
    """Return a label that wraps and can be copied from."""
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(wrap)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return label


def fill_dock(panel: QWidget) -> None:
    """Let a panel take the whole height of its dock, and enough width for its words."""
    panel.setMinimumWidth(330)
    policy = QSizePolicy.Policy
    panel.setSizePolicy(policy.Preferred, policy.Expanding)


def form_of(panel: str, fields: dict[str, Any]) -> QFormLayout:
    """Lay out magicgui widgets as a form, named ``<panel>_<key>``."""
    form = QFormLayout()
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
    for name, field in fields.items():
        field.native.setObjectName(f"{panel}_{name}")
        field.native.setSizePolicy(
            QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed
        )
        form.addRow(field.label, field.native)
    return form


class ElidedLabel(QLabel):
    """One line whose middle gives way when there is no room; the tooltip has it all."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._whole = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def setText(self, text: str | None) -> None:  # noqa: N802 - Qt's name
        """Show a text."""
        self._whole = text or ""
        self.setToolTip(self._whole)
        self._elide()

    def whole_text(self) -> str:
        """Return the text as it was set."""
        return self._whole

    def resizeEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Elide anew."""
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        metrics = self.fontMetrics()
        middle = Qt.TextElideMode.ElideMiddle
        super().setText(metrics.elidedText(self._whole, middle, self.width()))


def status_icon(status: Status, size: int = 18) -> QIcon:
    """Draw a small box as the canvas draws boxes of this status."""
    pixmap = QPixmap(QSize(size, size))
    pixmap.fill(QColor("#10141c"))
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    thin = status in (Status.PROPOSAL, Status.REJECTED)
    pen = QPen(QColor(colour_hex(status)), 1.4 if thin else 2.2)
    if status is Status.PROPOSAL:
        pen.setDashPattern([2.0, 1.6])
    painter.setPen(pen)
    margin = 4.0
    box = QRectF(margin, margin, size - 2 * margin, size - 2 * margin)
    painter.drawRect(box)
    if status is Status.REJECTED:
        painter.drawLine(box.topLeft(), box.bottomRight())
        painter.drawLine(box.topRight(), box.bottomLeft())
    if status is Status.EDITED:
        for corner in (box.topLeft(), box.topRight(), box.bottomRight()):
            outwards = QPointF(corner.x() - size / 2, corner.y() - size / 2) * 0.6
            painter.drawLine(corner, corner + outwards)
    painter.end()
    return QIcon(pixmap)
