"""The panel "Clumps": the home of all others, one page for each.

A narrow bar of icons chooses the page; its name is the tooltip and the page's heading.
The gallery and the filmstrip open below the canvas, where several columns fit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from napari.viewer import Viewer
from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtWidgets import (
    QButtonGroup,
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_clumps.plugin.window import controller_of
from napari_clumps.viewer.napari_private import main_window
from napari_clumps.widgets.base.docks import find_dock, label_tab
from napari_clumps.widgets.base.icons import svg_icon

from .box.explanation import ExplanationPanel
from .box.photometry import PhotometryPanel
from .detect import DetectPanel
from .display import DisplayPanel
from .download import DownloadPanel
from .galaxy.isophotes import IsophotePanel
from .learning_curve import LearningPanel
from .models import ModelsPanel
from .retrain import RetrainPanel
from .review import ReviewPanel
from .reviewers import ReviewersPanel
from .statistics import StatisticsPanel
from .survey.panel import SurveyPanel

_ICONS = Path(__file__).parent / "icons"

#: The page that is shown, and the button under the mouse, stand out in every theme.
_STYLE = """
QToolButton { border: none; border-radius: 4px; padding: 3px; background: transparent; }
QToolButton:hover { background: rgba(128, 128, 128, 90); }
QToolButton:checked { background: rgba(80, 120, 235, 190); }
"""


@dataclass(frozen=True)
class Page:
    """A page of the panel: its key, its title and what makes it."""

    key: str
    title: str
    make: Callable[[Viewer], QWidget]


PAGES = (
    Page("review", "Review clumps", ReviewPanel),
    Page("detect", "Detect clumps", DetectPanel),
    Page("retrain", "Retrain from corrections", RetrainPanel),
    Page("display", "Display", DisplayPanel),
    Page("photometry", "Photometry", PhotometryPanel),
    Page("explanation", "Why this box", ExplanationPanel),
    Page("isophotes", "Isophotes", IsophotePanel),
    Page("models", "Models", ModelsPanel),
    Page("learning_curve", "Learning curve", LearningPanel),
    Page("statistics", "Review statistics", StatisticsPanel),
    Page("reviewers", "Reviewers", ReviewersPanel),
    Page("download", "Download cutouts", DownloadPanel),
    Page("survey", "Survey", SurveyPanel),
)

#: Made with the panel; the others when they are shown first.
_FROM_THE_START = ("review", "detect", "retrain")

#: Panels of their own, below the canvas: key, title and object name.
BELOW = (
    ("gallery", "Clump gallery", "gallery_panel"),
    ("filmstrip", "Filmstrip", "filmstrip_panel"),
    ("similar", "Similar galaxies", "similar_panel"),
    ("map", "Map of galaxies", "map_panel"),
)


class ClumpsPanel(QWidget):
    """Shows one page at a time; each keeps its state while another is shown."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.setObjectName("clumps_panel")
        self._viewer = napari_viewer
        self._session = controller_of(napari_viewer).session
        self._title = QLabel()
        self._title.setObjectName("clumps_title")
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        self._stack = QStackedWidget()
        self._stack.setObjectName("clumps_pages")
        self._buttons: dict[str, QToolButton] = {}
        self._lay_out()
        self._made: dict[str, QWidget] = {}
        for key in _FROM_THE_START:
            self._page(key)
        self._stack.currentChanged.connect(self._on_page)
        self.show_page("review")
        self._on_page()
        label_tab(self)

    # -- layout -------------------------------------------------------------

    def _lay_out(self) -> None:
        bar = QVBoxLayout()
        bar.setSpacing(2)
        group = QButtonGroup(self)
        for page in PAGES:
            button = self._button(page.key, page.title)
            button.setCheckable(True)
            button.clicked.connect(lambda _=False, key=page.key: self.show_page(key))
            group.addButton(button)
            bar.addWidget(button)
        bar.addSpacing(12)
        for key, title, name in BELOW:
            button = self._button(key, f"{title}: open or close it below")
            button.clicked.connect(
                lambda _=False, title=title, name=name: self.toggle_below(title, name)
            )
            bar.addWidget(button)
        bar.addStretch(1)
        pages = QVBoxLayout()
        pages.addWidget(self._title)
        pages.addWidget(self._stack, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 0)
        layout.setSpacing(4)
        layout.addLayout(bar)
        layout.addLayout(pages, 1)
        self._draw_icons()

    def _button(self, key: str, title: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(f"page_{key}")
        button.setAccessibleName(title)
        button.setToolTip(title)
        button.setStyleSheet(_STYLE)
        button.setIconSize(QSize(22, 22))
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys stay with the canvas
        self._buttons[key] = button
        return button

    def _draw_icons(self) -> None:
        colour = self.palette().windowText().color()
        for key, button in self._buttons.items():
            button.setIcon(svg_icon(_ICONS / f"{key}.svg", colour))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Draw the icons anew in the colours of another theme."""
        super().changeEvent(event)
        kinds = (QEvent.Type.PaletteChange, QEvent.Type.StyleChange)
        if event.type() in kinds and self._buttons:
            self._draw_icons()

    # -- pages --------------------------------------------------------------

    def show_page(self, key: str) -> QWidget:
        """Show a page, made now if it was not shown before, and return it.

        Parameters
        ----------
        key : str
            Of one of `PAGES`.
        """
        page = self._page(key)
        self._stack.setCurrentWidget(page)
        return page

    def _page(self, key: str) -> QWidget:
        if key not in self._made:
            page = next(page for page in PAGES if page.key == key)
            self._made[key] = page.make(self._viewer)
            self._stack.addWidget(self._made[key])
        return self._made[key]

    def _on_page(self) -> None:
        """Have bar and heading say which page is shown, whoever chose it."""
        shown = self._stack.currentWidget()
        for page in PAGES:
            if self._made.get(page.key) is shown:
                self._buttons[page.key].setChecked(True)
                self._title.setText(page.title)

    # -- below the canvas -----------------------------------------------------

    def toggle_below(self, title: str, name: str) -> None:
        """Open a panel below the canvas, or close it.

        Parameters
        ----------
        title : str
            Of the panel in the Plugins menu.
        name : str
            Its object name.
        """
        window = self._session.viewer.window
        found = main_window(self._session.viewer).findChild(QWidget, name)
        dock = None if found is None else find_dock(found)
        if isinstance(dock, QDockWidget):
            dock.setVisible(not dock.isVisible())
        else:
            window.add_plugin_dock_widget("napari-clumps", title)
