"""The rows above the clump gallery: what it is sorted by, and what of it is shown."""

from __future__ import annotations

from collections.abc import Sequence

from psygnal import Signal
from qtpy.QtCore import QSize, Qt, QTimer
from qtpy.QtGui import QIcon, QPainter, QPixmap
from qtpy.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_clumps.review import SORTS, Arrangement, Status
from napari_clumps.widgets.base.parts import STATUS_WORDS, status_icon

#: Milliseconds after the last letter or step until the gallery follows.
PAUSE = 250

_ALL = "all classes"


class GalleryFilter(QWidget):
    """Chooses an arrangement and forwards it.

    Signals
    -------
    arrange_requested(arrangement)
    """

    arrange_requested = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("gallery_filter")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE)
        self._timer.timeout.connect(self._tell)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        first = QHBoxLayout()
        first.addLayout(self._sort_row(), 1)
        first.addLayout(self._status_row(), 1)
        layout.addLayout(first)
        layout.addLayout(self._score_row())

    # -- layout -------------------------------------------------------------

    def _sort_row(self) -> QHBoxLayout:
        self._sort = QComboBox()
        self._sort.setObjectName("gallery_sort")
        self._sort.setToolTip("What the crops are sorted by")
        # The mouse leaves the keys with the crops.
        self._sort.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for place, (sort, words) in enumerate(SORTS.items()):
            self._sort.addItem(sort)
            self._sort.setItemData(place, words, Qt.ItemDataRole.ToolTipRole)
        self._turned = QToolButton()
        self._turned.setObjectName("gallery_turned")
        self._turned.setCheckable(True)
        self._turned.setToolTip("Turn the order round: the last first")
        self._turned.toggled.connect(self._show_turned)
        self._show_turned(False)
        row = QHBoxLayout()
        row.addWidget(QLabel("Sort by"))
        row.addWidget(self._sort, stretch=1)
        row.addWidget(self._turned)
        self._sort.currentIndexChanged.connect(self._tell)
        self._turned.toggled.connect(self._tell)
        return row

    def _show_turned(self, turned: bool) -> None:
        self._turned.setText("▲" if turned else "▼")

    def _status_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2)
        self._statuses = {status: _status_button(status) for status in STATUS_WORDS}
        for button in self._statuses.values():
            button.toggled.connect(self._tell)
            row.addWidget(button)
        self._class = QComboBox()
        self._class.setObjectName("gallery_class")
        self._class.setToolTip("Show boxes of this class only")
        self._class.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._class.addItem(_ALL)
        self._class.currentIndexChanged.connect(self._tell)
        row.addSpacing(6)
        row.addWidget(self._class, stretch=1)
        return row

    def _score_row(self) -> QHBoxLayout:
        self._low = _score_box("gallery_low", 0.0, "Show boxes from this score up")
        self._high = _score_box(
            "gallery_high",
            1.0,
            "Show boxes up to this score; below 1 those without a score are hidden",
        )
        for box in (self._low, self._high):
            box.valueChanged.connect(self._tell_soon)
        self._name = QLineEdit()
        self._name.setObjectName("gallery_name")
        self._name.setPlaceholderText("Cutout's name")
        self._name.setToolTip("Show boxes of cutouts whose name has this in it")
        self._name.setClearButtonEnabled(True)
        self._name.textChanged.connect(self._tell_soon)
        row = QHBoxLayout()
        row.addWidget(QLabel("Score"))
        row.addWidget(self._low)
        row.addWidget(QLabel("to"))
        row.addWidget(self._high)
        row.addWidget(self._name, stretch=1)
        return row

    # -- wiring -------------------------------------------------------------

    def show_classes(self, classes: Sequence[str]) -> None:
        """Offer the classes of another review; the chosen one stays if it has it."""
        chosen = self._class.currentText()
        self._class.blockSignals(True)
        self._class.clear()
        self._class.addItems([_ALL, *classes])
        self._class.setCurrentText(chosen if chosen in classes else _ALL)
        self._class.blockSignals(False)
        if self._class.currentText() != chosen:
            self._tell_soon()

    def show_sort(self, sort: str) -> None:
        """Show what the crops are sorted by, without asking for it.

        Parameters
        ----------
        sort : str
            One of `SORTS`.
        """
        self._sort.blockSignals(True)
        self._sort.setCurrentText(sort)
        self._sort.blockSignals(False)

    def arrangement(self) -> Arrangement:
        """Return what is chosen."""
        cls = self._class.currentText()
        return Arrangement(
            sort=self._sort.currentText(),
            turned=self._turned.isChecked(),
            statuses=frozenset(s for s, b in self._statuses.items() if b.isChecked()),
            cls=cls if self._class.currentIndex() > 0 else None,
            low=round(self._low.value(), 2),
            high=round(self._high.value(), 2),
            name=self._name.text().strip(),
        )

    def _tell_soon(self) -> None:
        self._timer.start()

    def _tell(self) -> None:
        self._timer.stop()
        self.arrange_requested.emit(self.arrangement())


def _status_button(status: Status) -> QToolButton:
    """Return a button that shows a status's box, faded where it is switched off."""
    button = QToolButton()
    side = round(1.3 * button.fontMetrics().height())
    on = status_icon(status, 2 * side).pixmap(2 * side, 2 * side)
    off = QPixmap(on.size())
    off.fill(Qt.GlobalColor.transparent)
    painter = QPainter(off)
    painter.setOpacity(0.25)
    painter.drawPixmap(0, 0, on)
    painter.end()
    icon = QIcon()
    icon.addPixmap(on, QIcon.Mode.Normal, QIcon.State.On)
    icon.addPixmap(off, QIcon.Mode.Normal, QIcon.State.Off)
    button.setObjectName(f"gallery_status_{status.value}")
    button.setIcon(icon)
    button.setIconSize(QSize(side, side))
    button.setCheckable(True)
    button.setChecked(True)
    button.setToolTip(f"Show boxes that are {STATUS_WORDS[status]}, or hide them")
    return button


def _score_box(name: str, value: float, tip: str) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setObjectName(name)
    box.setRange(0.0, 1.0)
    box.setSingleStep(0.05)
    box.setDecimals(2)
    box.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)  # area is scarce
    box.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    box.setStyleSheet("min-width: 0px;")  # napari's would take the name's area
    box.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    box.setValue(value)
    box.setToolTip(tip)
    return box
