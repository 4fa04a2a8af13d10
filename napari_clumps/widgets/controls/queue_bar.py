"""Which cutouts are gone through, in which order, and a search by name."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QGridLayout,
    QInputDialog,
    QLineEdit,
    QSizePolicy,
    QWidget,
)

from napari_clumps.app.controller import Controller
from napari_clumps.review import ORDERS, SHOWN, QueuePlan
from napari_clumps.widgets.base.parts import plain_button

_CUSTOM = "custom list"


class QueueBar(QWidget):
    """Two choices and a line to search in."""

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self.setObjectName("queue_bar")
        self._controller = controller
        self._session = self._controller.session
        self._order = _choice("queue_order", ORDERS)
        self._shown = _choice("queue_shown", SHOWN)
        self._search = QLineEdit()
        self._search.setObjectName("queue_search")
        self._search.setPlaceholderText("Search by name…")
        self._search.setToolTip("Enter goes to the next cutout with this in its name")
        self._search.setClearButtonEnabled(True)
        self._list = plain_button(
            "by_hand",
            "Custom list…",
            self._ask_names,
            "Names of cutouts, one on a line",
        )
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        # Orders have longer names than selections.
        grid.setColumnStretch(0, 3)
        grid.setColumnStretch(1, 2)
        grid.addWidget(self._order, 0, 0)
        grid.addWidget(self._shown, 0, 1)
        grid.addWidget(self._search, 1, 0, 1, 2)
        grid.addWidget(self._list, 2, 0, 1, 2)
        self._order.activated.connect(lambda _: self._choose())
        self._shown.activated.connect(lambda _: self._choose())
        self._search.returnPressed.connect(self._find)

    def show_plan(self) -> None:
        """Show the queue of the open review."""
        review = self._session.review
        if review is None:
            return
        plan = review.queue_plan
        self._order.setCurrentText(plan.order)
        self._shown.setCurrentText(plan.shown)
        self._list.setVisible(plan.order == _CUSTOM)

    def _choose(self) -> None:
        plan = QueuePlan(self._order.currentText(), self._shown.currentText())
        if plan.order == _CUSTOM and not self._session.opened.custom_order:
            self._ask_names()
        else:
            self._controller.navigator.choose_queue(plan)
        self.show_plan()

    def _ask_names(self) -> None:
        """Let a person write the names that come first."""
        review = self._session.opened
        names = "\n".join(review.cutout(i).name for i in review.custom_order)
        text, good = QInputDialog.getMultiLineText(
            self, "My list", "Names of cutouts that come first, one on a line:", names
        )
        if good:
            self._controller.navigator.use_custom_order(text.splitlines())
        self.show_plan()

    def _find(self) -> None:
        self._controller.navigator.search(self._search.text())


def _choice(name: str, meanings: dict[str, str]) -> QComboBox:
    box = QComboBox()
    box.setObjectName(name)
    box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    for place, (word, meaning) in enumerate(meanings.items()):
        box.addItem(word)
        box.setItemData(place, meaning, Qt.ItemDataRole.ToolTipRole)
    box.setToolTip("\n".join(f"{word}: {what}" for word, what in meanings.items()))
    return box
