"""Flags and a remark on the cutout that is shown."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QToolButton, QWidget

from napari_clumps.app.controller import Controller
from napari_clumps.review import FLAGS
from napari_clumps.widgets.base.parts import KeyWords


class FlagBar(QWidget):
    """A button with the flags, and a line for a remark."""

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self.setObjectName("flag_bar")
        self._controller = controller
        self._session = self._controller.session
        self._button = QToolButton()
        self._button.setObjectName("flags")
        self._button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        KeyWords(self._button, "flag", "Flags")
        self._menu = QMenu(self._button)
        self._menu.setObjectName("flag_menu")
        self._actions = {flag: self._menu.addAction(_named(flag)) for flag in FLAGS}
        for action in self._actions.values():
            action.setCheckable(True)
            action.triggered.connect(lambda _checked=False: self._set_flags())
        self._button.setMenu(self._menu)
        self._remark = QLineEdit()
        self._remark.setObjectName("remark")
        self._remark.setPlaceholderText("Remark…")
        self._remark.setToolTip("What else there is to say of this cutout")
        self._remark.editingFinished.connect(self._set_remark)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._button)
        layout.addWidget(self._remark, stretch=1)
        self._cutout: int | None = None

    def show_flags(self) -> None:
        """Show what is said of the cutout."""
        cutout = self._session.cutout
        self._cutout = cutout.id if cutout else None
        for flag, action in self._actions.items():
            action.setChecked(cutout is not None and flag in cutout.flags)
        said = ", ".join(cutout.flags) if cutout else ""
        # The name says that there is a menu; its arrow would lie on the key.
        weight = "bold" if said else "normal"
        self._button.setStyleSheet(
            f"QToolButton {{ font-weight: {weight}; }} "
            "QToolButton::menu-indicator { image: none; }"
        )
        remark = cutout.remark if cutout else ""
        if self._remark.text() != remark:
            self._remark.setText(remark)

    def open_menu(self) -> None:
        """Let a person choose flags, by their numbers or first letters."""
        self._button.showMenu()

    def _set_flags(self) -> None:
        chosen = [flag for flag, action in self._actions.items() if action.isChecked()]
        self._controller.decisions.set_flags(chosen)

    def _set_remark(self) -> None:
        cutout = self._session.cutout
        if cutout is not None and self._cutout == cutout.id:
            self._controller.decisions.set_remark(self._remark.text())


def _named(flag: str) -> str:
    """Return a flag with its number as its key in the menu."""
    return f"&{FLAGS.index(flag) + 1}  {flag}"
