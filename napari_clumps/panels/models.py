"""The panel "Models": each below the one it was made from, and what is known of it."""

from __future__ import annotations

from html import escape

from napari.viewer import Viewer
from qtpy.QtCore import Qt
from qtpy.QtGui import QFontMetrics
from qtpy.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QInputDialog,
    QLineEdit,
    QMessageBox,
    QSplitter,
    QTextEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from clump_detector.core.errors import ClumpError
from clump_detector.models.lineage import Descent, newest_verdict, tree
from clump_detector.models.registry import ModelEntry
from napari_clumps.models.description import (
    facts,
    learned_counts,
    made_when,
    short_verdict,
    verdict_line,
)
from napari_clumps.models.removal import refuse_removal
from napari_clumps.plugin.window import controller_of
from napari_clumps.viewer.napari_private import main_window
from napari_clumps.widgets.base.docks import among_tabs
from napari_clumps.widgets.base.parts import fill_dock, plain_button
from napari_clumps.widgets.base.signals import listen

_COLUMNS = {
    "Model": "Each below the one it was made from; a star marks the current one",
    "Verdict": "The newest comparison with the model it was made from",
    "Learned": "Galaxies / boxes that it learned from, without those of its ancestors",
    "Made": "On which day",
}

#: What fits into a column, of what a card says.
_SHORT = {"no clear difference": "not clear"}

#: Lines of text of list and details shown at least.
_LIST_LINES, _DETAIL_LINES = 4, 4

#: Pixels of a column at least.
_NARROWEST = 50


class ModelsPanel(QWidget):
    """Lists the models with their lineage; an earlier one can be made current again."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.setObjectName("models_panel")
        self._controller = controller_of(napari_viewer)
        self._session = self._controller.session
        self._entries: list[ModelEntry] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.setObjectName("models_parts")
        parts.setChildrenCollapsible(False)
        parts.addWidget(self._make_list())
        parts.addWidget(self._make_details())
        parts.setStretchFactor(1, 1)
        layout.addWidget(parts, stretch=1)
        layout.addLayout(self._buttons())
        fill_dock(self)
        window = main_window(self._session.viewer)
        among_tabs(self, window, "review_panel", always=False)
        c = self._controller
        listen(
            self,
            (c.session.models_changed, self.refresh),
            (c.detection.changed, self._show_buttons),
            (c.retraining.changed, self._show_buttons),
        )
        self.refresh()

    # -- layout -------------------------------------------------------------

    def _make_list(self) -> QTreeWidget:
        self._tree = QTreeWidget()
        self._tree.setObjectName("models_tree")
        self._tree.setHeaderLabels(list(_COLUMNS))
        for column, tip in enumerate(_COLUMNS.values()):
            self._tree.headerItem().setToolTip(column, tip)
        self._tree.setIndentation(12)
        self._tree.setItemsExpandable(False)
        self._tree.setRootIsDecorated(False)
        self._tree.setUniformRowHeights(True)
        self._tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header = self._tree.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(_NARROWEST)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        line = QFontMetrics(self._tree.font()).height()
        self._tree.setMinimumHeight((_LIST_LINES + 2) * line)
        self._tree.currentItemChanged.connect(self._on_selected)
        return self._tree

    def _make_details(self) -> QTextEdit:
        self._details = QTextEdit()
        self._details.setObjectName("model_details")
        self._details.setReadOnly(True)
        line = QFontMetrics(self._details.font()).height()
        self._details.setMinimumHeight(_DETAIL_LINES * line)
        return self._details

    def _buttons(self) -> QHBoxLayout:
        self._use = plain_button(
            "use_model", "Use this model", self._on_use, "Make it the current model"
        )
        self._rename = plain_button(
            "rename_model", "Rename…", self._on_rename, "Give it another name"
        )
        self._remove = plain_button(
            "remove_model", "Remove…", self._on_remove, "Delete it from the disk"
        )
        row = QHBoxLayout()
        row.addWidget(self._use, stretch=2)
        row.addWidget(self._rename, stretch=1)
        row.addWidget(self._remove, stretch=1)
        return row

    # -- showing ------------------------------------------------------------

    def showEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Read the list when it comes into view: others may have changed it."""
        super().showEvent(event)
        self.refresh()

    @property
    def selected(self) -> ModelEntry | None:
        """The model whose details are shown."""
        item = self._tree.currentItem()
        return None if item is None else item.data(0, Qt.ItemDataRole.UserRole)

    def refresh(self) -> None:
        """Read the models and show them; the selected one stays selected."""
        wanted = self.selected
        name = self._session.scores.model_name if wanted is None else wanted.name
        self._entries = self._controller.detection.models()
        self._fill(name)

    def _fill(self, name: str) -> None:
        self._tree.blockSignals(True)
        self._tree.clear()
        above: list[QTreeWidgetItem] = []
        chosen = None
        for line in tree(self._entries):
            item = self._item(line)
            del above[line.depth :]
            if above:
                above[-1].addChild(item)
            else:
                self._tree.addTopLevelItem(item)
            above.append(item)
            if line.entry.name == name:
                chosen = item
        self._tree.expandAll()
        self._tree.setCurrentItem(chosen or self._tree.topLevelItem(0))
        self._tree.blockSignals(False)
        self._on_selected()

    def _item(self, line: Descent) -> QTreeWidgetItem:
        entry, card = line.entry, line.entry.card
        current = entry.name == self._session.scores.model_name
        item = QTreeWidgetItem([f"★ {entry.name}" if current else entry.name])
        item.setData(0, Qt.ItemDataRole.UserRole, entry)
        item.setToolTip(0, entry.problem or str(entry.path))
        if card is None:
            item.setText(1, "broken")
            item.setToolTip(1, entry.problem or "")
            return item
        short, verdict = short_verdict(card), newest_verdict(card)
        item.setText(1, _SHORT.get(short, short))
        item.setToolTip(1, verdict_line(verdict) if verdict else "Not compared yet")
        counts = [card.learned_from.get(key) for key in ("cutouts", "boxes")]
        item.setText(2, " / ".join(_compact(n) for n in counts if isinstance(n, int)))
        item.setToolTip(2, learned_counts(card.learned_from))
        item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight)
        item.setText(3, card.created[:10])
        item.setToolTip(3, made_when(card))
        return item

    def _on_selected(self) -> None:
        entry = self.selected
        self._details.setHtml("" if entry is None else self._html(entry))
        self._show_buttons()

    def _html(self, entry: ModelEntry) -> str:
        return "".join(
            f"<p style='margin: 0 0 7px 0'><b>{escape(heading)}</b><br>"
            f"{'<br>'.join(map(escape, lines))}</p>"
            for heading, lines in facts(entry, self._entries)
        )

    # -- what can be done -----------------------------------------------------

    def _show_buttons(self) -> None:
        """Enable what can be done with the selected model, and say why the rest not."""
        entry, current = self.selected, self._session.scores.model_name
        name = "" if entry is None else entry.name
        busy = "A detection or training is running with it"
        in_use = busy if name in self._controller.model_list.busy else ""
        here = "It is the current model" if name == current else ""
        shipped = (
            "It comes with the program"
            if entry is not None and entry.is_shipped
            else ""
        )
        broken = "It is broken" if entry is None or entry.card is None else ""
        for button, obstacle, what in (
            (self._use, broken or here, "Make it the current model"),
            (self._rename, shipped or broken or in_use, "Give it another name"),
            (self._remove, shipped or here or in_use, "Delete it from the disk"),
        ):
            button.setEnabled(entry is not None and not obstacle)
            button.setToolTip(obstacle or what)

    def _on_use(self) -> None:
        entry = self.selected
        if entry is None:
            return
        try:
            self._controller.detection.choose_model(entry.name)
        except ClumpError as error:
            self._session.warn(error.message)
            self.refresh()

    def _on_rename(self) -> None:
        entry = self.selected
        if entry is None:
            return
        text, good = QInputDialog.getText(
            self,
            "Rename a model",
            f"New name of {entry.name}:",
            QLineEdit.EchoMode.Normal,
            entry.name,
        )
        name = text.strip()
        if (
            good
            and name != entry.name
            and self._controller.model_list.rename(entry.name, name)
        ):
            self._fill(name)

    def _on_remove(self) -> None:
        entry = self.selected
        if entry is None:
            return
        c = self._controller
        try:
            refuse_removal(entry.name, c.session.scores.model_name, c.model_list.busy)
        except ClumpError as error:
            c.session.warn(error.message)
            return
        answer = QMessageBox.question(
            self,
            "Remove a model",
            f"Delete {entry.name} from the disk for good?\n{entry.path}",
        )
        if answer == QMessageBox.StandardButton.Yes:
            c.model_list.remove(entry.name)


def _compact(n: int) -> str:
    """Return a number for a narrow column: thousands above ten thousand."""
    return str(n) if n < 10_000 else f"{n / 1000:.0f}k"
