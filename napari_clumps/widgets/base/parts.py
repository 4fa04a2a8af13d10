"""Small parts that several widgets are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from qtpy.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from clump_detector.core.options import option_of
from napari_clumps.render.box_style import colour_hex
from napari_clumps.review import Status
from napari_clumps.settings.shortcuts import BOOK, BY_ACTION

from .docks import label_tab
from .signals import listen

if TYPE_CHECKING:
    from magicgui.widgets import Widget

#: No panel is narrower, in pixels.
_NARROWEST = 330

#: No field of a form is narrower, in pixels.
_NARROWEST_FIELD = 90

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
    button = plain_button(action, text, clicked, "")
    KeyWords(button, action, text, tooltip)
    return button


class KeyWords:
    """A button's text with its action's key, whatever key that will be.

    Parameters
    ----------
    button : QAbstractButton
    action : str
    text : str
        ``{key}`` in it is where the key stands, or else it stands at the end.
    tooltip : str
        What the key does, unless given.
    """

    def __init__(
        self, button: QAbstractButton, action: str, text: str, tooltip: str = ""
    ) -> None:
        self._button, self._action, self._tooltip = button, action, tooltip
        self.show(text)
        button.key_words = self  # lives as long as its button
        listen(button, (BOOK.changed, self._write))

    def show(self, text: str) -> None:
        """Show another text."""
        self._text = text if "{key}" in text else text + "  ({key})"
        self._write()

    def _write(self) -> None:
        key = BOOK.key(self._action)
        self._button.setText(self._text.format(key=key))
        what = f"{BY_ACTION[self._action].what}  ({key})"
        self._button.setToolTip(self._tooltip or what)


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


def check_box(name: str, text: str, tooltip: str) -> QCheckBox:
    """Return a check box that leaves the keys to the canvas."""
    box = QCheckBox(text)
    box.setObjectName(name)
    box.setToolTip(tooltip)
    box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return box


def menu_button(name: str, text: str = "", tooltip: str = "") -> QToolButton:
    """Return a button that opens its menu, which is empty still."""
    button = QToolButton()
    button.setObjectName(name)
    button.setText(text)
    button.setToolTip(tooltip)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.setMenu(QMenu(button))
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
    """Give a panel the whole height, width for its words, and a readable tab.

    Its layout is a `QBoxLayout` from top to bottom.
    """
    panel.layout().addStrut(_NARROWEST)  # the words of a large font may need more
    policy = QSizePolicy.Policy
    panel.setSizePolicy(policy.Preferred, policy.Expanding)
    label_tab(panel)


class Scrolled(QScrollArea):
    """The content of a panel, scrolled on a short screen.

    Parameters
    ----------
    name : str
        Its object name.
    content : QWidget
    lines : int
        Lines of text shown at least.
    """

    def __init__(self, name: str, content: QWidget, lines: int) -> None:
        super().__init__()
        self.setObjectName(name)
        self._lines = lines
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(content)

    def resizeEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Keep the content beside the bar: Qt lets wrapped words run below it.

        But never narrower than its words, which in a large font need more.
        """
        super().resizeEvent(event)
        content = self.widget()
        least = content.minimumSizeHint().width()
        content.setMaximumWidth(max(self.viewport().width(), least))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Have the panel as wide as its content, which may get longer words."""
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the height of the lines, and the content's whole width."""
        bar = self.verticalScrollBar().sizeHint().width()
        # napari's style draws the bar a little wider than it says.
        width = self.widget().minimumSizeHint().width() + bar + 4
        return QSize(width, self._lines * self.fontMetrics().height())

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the content's, so that nothing is scrolled where it fits."""
        return self.widget().sizeHint().expandedTo(self.minimumSizeHint())


def button_row(first: QPushButton, *others: QPushButton) -> QHBoxLayout:
    """Return buttons in a row, the first one twice as wide as each of the others."""
    row = QHBoxLayout()
    row.addWidget(first, stretch=2)
    for button in others:
        row.addWidget(button, stretch=1)
    return row


def described(owner: type, name: str, **more: object) -> dict[str, object]:
    """Return label, tooltip and range of a form's field as its dataclass has them.

    Parameters
    ----------
    owner : type
        A dataclass with fields made by `clump_detector.core.options.option`.
    name : str
        Of one of them.
    more
        What magicgui's widget gets besides, or instead.
    """
    found = option_of(owner, name)
    limits = {"min": found.least, "max": found.most}
    return {
        "label": found.label,
        "tooltip": found.help,
        **{key: value for key, value in limits.items() if value is not None},
        **more,
    }


def form_of(panel: str, fields: Mapping[str, Widget]) -> QFormLayout:
    """Lay out magicgui widgets as a form, named ``<panel>_<key>``."""
    form = QFormLayout()
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
    for name, field in fields.items():
        field.native.setObjectName(f"{panel}_{name}")
        field.native.setSizePolicy(
            QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed
        )
        field.native.setMinimumWidth(_NARROWEST_FIELD)  # rather than cut its name
        form.addRow(field.label, field.native)
    return form


class ElidedLabel(QLabel):
    """One line whose middle gives way when it does not fit; the tooltip has it all."""

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


def draw_box(painter: QPainter, box: QRectF, status: Status, unit: float = 1.4) -> None:
    """Draw a box as the canvas draws boxes of this status.

    Parameters
    ----------
    painter : QPainter
    box : QRectF
    status : Status
    unit : float
        Width of a thin line.
    """
    thin = status in (Status.PROPOSAL, Status.REJECTED)
    pen = QPen(QColor(colour_hex(status)), unit if thin else 1.6 * unit)
    if status is Status.PROPOSAL:
        pen.setDashPattern([2.0, 1.6])
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(box)
    if status is Status.REJECTED:
        painter.drawLine(box.topLeft(), box.bottomRight())
        painter.drawLine(box.topRight(), box.bottomLeft())
    if status is Status.EDITED:
        middle = box.center()
        for corner in (box.topLeft(), box.topRight(), box.bottomRight()):
            painter.drawLine(corner, corner + (corner - middle) * 0.6)


def status_icon(status: Status, size: int = 18) -> QIcon:
    """Draw a small box as the canvas draws boxes of this status."""
    pixmap = QPixmap(QSize(size, size))
    pixmap.fill(QColor("#10141c"))
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    margin = 4.0
    side = size - 2 * margin
    draw_box(painter, QRectF(margin, margin, side, side), status)
    painter.end()
    return QIcon(pixmap)
