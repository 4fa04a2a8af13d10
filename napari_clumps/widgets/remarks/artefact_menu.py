"""Artefacts that the program found on the shown cutout, taken or refused in a menu."""

from __future__ import annotations

from functools import partial

from qtpy.QtWidgets import QMenu

from clump_detector.images.artefacts.kinds import Artefact
from napari_clumps.app.controller import Controller
from napari_clumps.review import FLAGS
from napari_clumps.viewer.overlays.artefacts import ArtefactMarks

#: What a user can say of the artefacts of a kind, with the key of each in the menu.
VERDICTS = {True: "&Take: it is there", False: "&Refuse: it is not", None: "&Undecided"}

#: Before the kind in the menu: standing, taken or refused.
_SIGNS = {None: "?", True: "✓", False: "✗"}


class ArtefactMenu:
    """Adds a submenu for each kind of artefact to the menu of flags.

    While the menu is open, frames on the image show the places.

    Parameters
    ----------
    controller : Controller
    menu : QMenu
        The menu of flags; its own entries stay first.
    """

    def __init__(self, controller: Controller, menu: QMenu) -> None:
        self._remarks, self._session = controller.remarks, controller.session
        self._menu = menu
        self._line = menu.addSeparator()
        self._title = menu.addAction("Found by the program:")
        self._title.setEnabled(False)
        self._submenus: list[QMenu] = []
        self._marks: ArtefactMarks | None = None
        menu.aboutToShow.connect(self._show_places)
        menu.aboutToHide.connect(self._hide_places)

    def show_cutout(self) -> None:
        """Offer the artefacts of the shown cutout."""
        for submenu in self._submenus:
            self._menu.removeAction(submenu.menuAction())
            submenu.deleteLater()
        self._submenus.clear()
        cutout = self._session.cutout
        by_kind: dict[str, list[Artefact]] = {}
        for one in (cutout.artefacts if cutout else None) or ():
            by_kind.setdefault(one.kind, []).append(one)
        for action in (self._line, self._title):
            action.setVisible(bool(by_kind))
        for number, found in enumerate(by_kind.values(), start=len(FLAGS) + 1):
            verdict = cutout.verdicts.get(found[0].kind) if cutout else None
            self._add(number, found, verdict)

    def _add(self, number: int, found: list[Artefact], verdict: bool | None) -> None:
        """Add the submenu of one kind."""
        first = found[0]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        words = f"{_SIGNS[verdict]} {first.name}: {first.reason}{more}"
        key = f"&{number}" if number < 10 else f"{number}"
        submenu = QMenu(f"{key}  {words}", self._menu)
        submenu.setObjectName(f"artefact_{first.kind}")
        for choice, said in VERDICTS.items():
            action = submenu.addAction(said)
            action.setCheckable(True)
            action.setChecked(choice is verdict)
            action.triggered.connect(partial(self._judge, first.kind, choice))
        self._menu.addMenu(submenu)
        self._submenus.append(submenu)

    def _judge(self, kind: str, verdict: bool | None, _checked: bool) -> None:
        """Decide on a kind; Qt adds whether the entry is checked."""
        self._remarks.judge_artefact(kind, verdict)

    def _show_places(self) -> None:
        cutout = self._session.cutout
        if cutout is None or not cutout.artefacts:
            return
        if self._marks is None:
            viewer, camera = self._session.viewer, self._session.canvas.camera
            self._marks = ArtefactMarks.over(viewer, camera)
        if self._marks is not None:
            self._marks.show_artefacts(cutout.artefacts)

    def _hide_places(self) -> None:
        if self._marks is not None:
            self._marks.show_artefacts(())
