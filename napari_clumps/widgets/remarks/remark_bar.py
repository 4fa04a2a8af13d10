"""Flags, interest, tags and a remark on the cutout that is shown."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QWidget

from clump_detector.images.artefacts.kinds import Artefact
from napari_clumps.app.controller import Controller
from napari_clumps.review import FLAGS, INTERESTS
from napari_clumps.settings.shortcuts import BOOK
from napari_clumps.viewer.overlays.artefacts import COLOUR
from napari_clumps.widgets.base.parts import KeyWords, menu_button, text_label
from napari_clumps.widgets.base.tag_line import TagLine

from .artefact_menu import ArtefactMenu

#: Shown where the user has not said how interesting a cutout is.
_UNSAID = "–"


class RemarkBar(QWidget):
    """Buttons with the flags and the interest, and lines for tags and a remark.

    Parameters
    ----------
    controller : Controller

    Attributes
    ----------
    found : QLabel
        Says which artefacts the program found; whoever has the bar lays it out.
    """

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self.setObjectName("remark_bar")
        self._remarks, self._session = controller.remarks, controller.session
        self._cutout: int | None = None
        self._flags = menu_button("flags")
        KeyWords(self._flags, "flag", "Flags")
        menu = self._flags.menu()
        menu.setObjectName("flag_menu")
        self._actions = {flag: menu.addAction(_named(flag)) for flag in FLAGS}
        for action in self._actions.values():
            action.setCheckable(True)
            action.triggered.connect(lambda _checked=False: self._set_flags())
        self._artefacts = ArtefactMenu(controller, menu)
        self._interest = menu_button("interest")
        self._fill_interest()
        self._tags = TagLine("tags", lambda: list(self._tags_of_review()))
        self._tags.setPlaceholderText("Tags…")
        self._tags.editingFinished.connect(self._set_tags)
        self._remark = QLineEdit()
        self._remark.setObjectName("remark")
        self._remark.setPlaceholderText("Remark…")
        self._remark.setToolTip("What else there is to say of this cutout")
        self._remark.editingFinished.connect(self._set_remark)
        for line in (self._tags, self._remark):
            # After Enter the keys are the review's again.
            line.returnPressed.connect(line.clearFocus)
        self.found = text_label("found_artefacts")
        self.found.setStyleSheet(f"color: {COLOUR};")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._flags)
        layout.addWidget(self._interest)
        layout.addWidget(self._tags, stretch=1)
        layout.addWidget(self._remark, stretch=1)

    def _fill_interest(self) -> None:
        menu = self._interest.menu()
        menu.setObjectName("interest_menu")
        for n in INTERESTS:
            action = menu.addAction(f"&{n}" + ("  plain" if n == 0 else ""))
            action.triggered.connect(lambda _=False, n=n: self._remarks.rate(n))
        menu.addAction(f"{_UNSAID}  not said").triggered.connect(
            lambda _=False: self._remarks.rate(None)
        )

    def _tags_of_review(self) -> dict[str, int]:
        review = self._session.review
        return {} if review is None else review.tags()

    def show_cutout(self) -> None:
        """Show what is said of the cutout."""
        cutout = self._session.cutout
        self._cutout = cutout.id if cutout else None
        for flag, action in self._actions.items():
            action.setChecked(cutout is not None and flag in cutout.flags)
        self._artefacts.show_cutout()
        found = cutout.standing_artefacts if cutout else ()
        _embolden(self._flags, bool(cutout and cutout.flags) or bool(found))
        self.found.setText(_in_words(found))
        self.found.setVisible(bool(found))
        interest = cutout.interest if cutout else None
        said = _UNSAID if interest is None else str(interest)
        self._interest.setText(f"☆ {said}" if interest is None else f"★ {said}")
        keys = ", ".join(BOOK.key(f"interest_{n}") for n in INTERESTS)
        self._interest.setToolTip(f"How interesting it is, 0 to 3 ({keys})")
        self._interest.setAccessibleName(f"Interest: {said}")
        _embolden(self._interest, interest is not None)
        self._tags.setToolTip(
            f"Tags with commas between them ({BOOK.key('tag')}), such as ring, merger"
        )
        self._tags.show_text(", ".join(cutout.tags) if cutout else "")
        remark = cutout.remark if cutout else ""
        if self._remark.text() != remark:
            self._remark.setText(remark)

    def open_menu(self) -> None:
        """Let a person choose flags, by their numbers or first letters."""
        self._flags.showMenu()

    def write_tags(self) -> None:
        """Let a person write tags; Enter keeps them."""
        self._tags.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._tags.end(False)

    def _set_flags(self) -> None:
        chosen = [flag for flag, action in self._actions.items() if action.isChecked()]
        self._remarks.set_flags(chosen)

    def _set_tags(self) -> None:
        cutout = self._session.cutout
        if cutout is None or self._cutout != cutout.id:
            return
        self._tags.setModified(False)
        if self._remarks.set_tags(self._tags.text().split(",")):
            self.show_cutout()  # as they are spelled; what is refused stays

    def _set_remark(self) -> None:
        cutout = self._session.cutout
        if cutout is not None and self._cutout == cutout.id:
            self._remarks.set_remark(self._remark.text())


def _embolden(button: QToolButton, bold: bool) -> None:
    # The name says that there is a menu; its arrow would lie on the key.
    button.setStyleSheet(
        f"QToolButton {{ font-weight: {'bold' if bold else 'normal'}; }} "
        "QToolButton::menu-indicator { image: none; }"
    )


def _in_words(found: Sequence[Artefact]) -> str:
    """Return what the program found, each kind once."""
    kinds = dict.fromkeys(one.name for one in found)
    key = BOOK.key("flag")
    return f"Found by the program: {', '.join(kinds)}. {key} takes or refuses it."


def _named(flag: str) -> str:
    """Return a flag with its number as its key in the menu."""
    return f"&{FLAGS.index(flag) + 1}  {flag}"
