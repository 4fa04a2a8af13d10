"""The panel "Review clumps": where one is, the boxes, and a button for every key."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from napari.viewer import Viewer
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QGridLayout,
    QLabel,
    QProgressBar,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from napari_clumps.plugin.window import controller_of
from napari_clumps.review import CutoutRecord
from napari_clumps.settings.shortcuts import BOOK
from napari_clumps.widgets.base.parts import (
    STATUS_WORDS,
    ElidedLabel,
    KeyWords,
    Scrolled,
    fill_dock,
    key_button,
    plain_button,
    status_icon,
    text_label,
)
from napari_clumps.widgets.base.signals import listen
from napari_clumps.widgets.classes.classes_dialog import ClassesDialog
from napari_clumps.widgets.controls.box_table import BoxTable
from napari_clumps.widgets.controls.empty_table import NoBoxes
from napari_clumps.widgets.controls.import_export_bar import ExchangeButtons
from napari_clumps.widgets.controls.queue_bar import QueueBar
from napari_clumps.widgets.controls.suggestion_line import SuggestionLine
from napari_clumps.widgets.remarks.remark_bar import RemarkBar

from .welcome import welcome_page

#: What a person does on a held-out cutout, before and after its boxes are shown.
_MARK_FIRST = (
    "Test galaxy: mark every clump you see, then press {key}. The models' boxes come "
    "afterwards, so that no model is favoured."
)
_DECIDE_EACH = (
    "Test galaxy: decide on each box that is left. They come in random order and "
    "without a name, so that no model is favoured."
)

#: Lines of text shown at least.
_LINES = 28

#: Classes that are named on the button.
_CLASSES = 3


class ReviewPanel(QWidget):
    """Shows the open review and forwards what is pressed."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.setObjectName("review_panel")
        self._controller = controller_of(napari_viewer)
        self._session = self._controller.session
        self._told_of: CutoutRecord | None = None
        self._pages = QStackedWidget()
        self._pages.addWidget(welcome_page(self._controller, self))
        self._pages.addWidget(self._review_page())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(Scrolled("review_scroll", self._pages, _LINES))
        fill_dock(self)
        self._connect()
        self._on_review()

    # -- layout -------------------------------------------------------------

    def _review_page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self._name = ElidedLabel("cutout_name")
        font = self._name.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self._name.setFont(font)
        self._place = text_label("queue_place")
        self._progress = QProgressBar()
        self._progress.setObjectName("review_progress")
        self._progress.setToolTip("Cutouts that are done, of all in this review")
        self._warning = text_label("cutout_warning")
        self._warning.setStyleSheet("color: #f0e442;")
        self._find = plain_button(
            "relocate", "Find moved images…", self._relocate, "Search a folder for them"
        )
        self._queue = QueueBar(self._controller)
        self._remarks = RemarkBar(self._controller)
        self._test = text_label("test_note")
        self._table = BoxTable()
        self._said = text_label("said")
        # Three lines from the first: messages must not move the buttons.
        self._said.setMinimumHeight(3 * self._said.fontMetrics().lineSpacing())
        self._said.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._name)
        layout.addWidget(self._place)
        layout.addWidget(self._progress)
        layout.addWidget(self._queue)
        layout.addWidget(SuggestionLine(self._controller))
        layout.addLayout(self._decision_buttons())
        # What appears and disappears is below the buttons, which stay where they are.
        layout.addWidget(self._warning)
        layout.addWidget(self._find)
        layout.addWidget(self._test)
        layout.addWidget(self._remarks.found)
        layout.addWidget(self._table, stretch=1)
        layout.addWidget(NoBoxes(self._controller, self._table), stretch=1)
        layout.addWidget(self._remarks)
        layout.addLayout(_legend())
        layout.addLayout(self._choices())
        layout.addWidget(self._said)
        return page

    def _decision_buttons(self) -> QGridLayout:
        c = self._controller
        grid = QGridLayout()
        grid.setSpacing(4)
        buttons = [
            key_button("accept", "Accept", c.decisions.accept),
            key_button("reject", "Reject", c.decisions.reject),
            key_button("draw", "Draw", c.decisions.draw),
            key_button("add_here", "Add box", c.decisions.add_here),
            key_button("reclassify", "Change class", c.decisions.reclassify),
            key_button("next_box", "Next box", c.decisions.next_box),
            key_button("undo", "Undo", c.decisions.undo),
            key_button("redo", "Redo", c.decisions.redo),
            key_button("accept_rest", "Accept the rest", c.decisions.accept_rest),
            key_button("reject_rest", "Reject the rest", c.decisions.reject_rest),
            key_button("previous_cutout", "Back", c.navigator.previous_cutout),
            key_button("next_cutout", "Next", c.navigator.next_cutout),
        ]
        self._draw = buttons[2]
        self._draw.setCheckable(True)
        for i, button in enumerate(buttons):
            grid.addWidget(button, i // 2, i % 2)
        return grid

    def _choices(self) -> QGridLayout:
        c = self._controller
        grid = QGridLayout()
        grid.setSpacing(4)
        self._done = QCheckBox()
        self._done.setObjectName("done")
        complete = "Every clump of this cutout is boxed: labels are complete"
        KeyWords(self._done, "toggle_done", "Done", complete)
        self._done.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._done.clicked.connect(lambda _checked=False: self._toggle_done())
        hide = plain_button("toggle_boxes", "", c.session.shown.toggle, "")
        self._hide_words = KeyWords(hide, "toggle_boxes", "Hide boxes")
        self._with_space = QCheckBox()
        self._with_space.setObjectName("done_with_space")
        missing = "Deciding on what is left says, too, that no clump is missing"
        KeyWords(self._with_space, "accept_rest", "{key} also marks done", missing)
        self._with_space.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._with_space.setChecked(c.session.settings.done_with_space)
        self._with_space.clicked.connect(
            lambda on: c.session.choose(done_with_space=on)
        )
        grid.addWidget(self._done, 0, 0)
        grid.addWidget(self._with_space, 0, 1)
        self._go_on = QCheckBox("Advance after last box")
        self._go_on.setObjectName("go_on_after_last")
        self._go_on.setToolTip("The last decision on a cutout does what Space does")
        self._go_on.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._go_on.setChecked(c.session.settings.go_on_after_last)
        self._go_on.clicked.connect(lambda on: c.session.choose(go_on_after_last=on))
        keys = key_button("show_keys", "Shortcuts", c.shortcuts_asked.emit)
        grid.addWidget(self._go_on, 1, 0)
        grid.addWidget(keys, 1, 1)
        self._blind = QCheckBox("Blind test galaxies")
        self._blind.setObjectName("blind_test")
        self._blind.setToolTip(
            "Hide proposals on held-out cutouts until you have marked the clumps you "
            "see: boxes accepted of one model would favour it in the comparison"
        )
        self._blind.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._blind.setChecked(c.session.settings.blind_test)
        self._blind.clicked.connect(lambda on: c.session.choose(blind_test=on))
        grid.addWidget(hide, 2, 0)
        grid.addWidget(self._blind, 2, 1)
        self._classes = plain_button(
            "classes", "", self._choose_classes, "Add classes, and put them in order"
        )
        grid.addWidget(self._classes, 3, 0, 1, 2)
        grid.addWidget(ExchangeButtons(c), 4, 0, 1, 2)
        return grid

    # -- wiring -------------------------------------------------------------

    def _connect(self) -> None:
        c = self._controller
        listen(
            self,
            (c.session.review_opened, self._on_review),
            (c.session.review_modified, self._on_review),
            (c.session.queue_changed, self._on_cutout),
            (c.session.settings_changed, self._on_settings),
            (c.remarks.flags_asked, self._remarks.open_menu),
            (c.remarks.tags_asked, self._remarks.write_tags),
            (c.session.cutout_changed, self._on_cutout),
            (c.session.shown.changed, self._on_boxes),
            (c.session.shown.current_changed, self._on_current),
            (c.session.said, self._on_said),
        )
        self._table.select_requested.connect(c.session.shown.select)

    def _on_review(self) -> None:
        self._pages.setCurrentIndex(int(self._session.review is not None))
        self._on_cutout()
        self._on_boxes()

    def _on_settings(self) -> None:
        self._with_space.setChecked(self._session.settings.done_with_space)
        self._go_on.setChecked(self._session.settings.go_on_after_last)
        self._blind.setChecked(self._session.settings.blind_test)

    def _on_cutout(self) -> None:
        review, cutout = (
            self._session.review,
            self._session.cutout,
        )
        if review is None or cutout is None:
            return
        self._name.setText(cutout.name)
        self._classes.setText(_classes_in_words(review.classes))
        counts = review.counts()
        self._queue.show_plan()
        self._remarks.show_cutout()
        facts = [self._place_in_words()]
        if cutout.held_out:
            facts.append("held out" + ", marked blind" * cutout.blind)
        if review.read_only:
            facts.append("read only")
        if review.waiting:
            facts.append("unsaved – disk not writable")
        self._place.setText("  ·  ".join(facts))
        self._progress.setMaximum(max(len(review), 1))
        self._progress.setValue(counts.done)
        self._progress.setFormat(f"{counts.done} of {len(review)} done")
        self._done.setChecked(cutout.done)
        picture = self._session.picture
        problem = self._session.source_problem
        notes = list(picture.notes) if picture else []
        read_as = picture.read_as if picture else ""
        self._place.setToolTip(f"Read as {read_as}." if read_as else "")
        lines = ([problem] if problem else []) + notes
        self._warning.setText("\n".join(lines))
        self._warning.setVisible(bool(lines))
        missing = picture is not None and picture.rgb is None
        self._find.setVisible(missing)
        if cutout != self._told_of:  # or what was said would go while it holds
            self._told_of = cutout
            self._said.setText("")

    def _place_in_words(self) -> str:
        queue, cutout = self._session.queue, self._session.cutout
        place = queue.position(cutout.id) if queue and cutout else None
        n = len(queue) if queue else 0
        return (
            f"{place + 1} of {n}"
            if place is not None
            else f"not in queue ({n} cutouts)"
        )

    def _on_boxes(self) -> None:
        self._table.rows.show_boxes(
            self._session.shown.boxes, self._session.shown.votes
        )
        self._say_test()
        self._draw.setChecked(self._session.canvas.drawing)
        hidden = not self._session.canvas.visible
        self._hide_words.show("Show boxes" if hidden else "Hide boxes")
        self._on_current(self._session.shown.current)

    def _say_test(self) -> None:
        """Say what to do on a held-out cutout that is marked before boxes come."""
        c = self._controller
        said = ""
        if c.session.shown.hidden:
            said = _MARK_FIRST.format(key=BOOK.key("accept_rest"))
        elif c.session.shown.anonymous and c.session.shown.undecided:
            said = _DECIDE_EACH
        self._test.setText(said)
        self._test.setVisible(bool(said))

    def _on_current(self, box_id: int | None) -> None:
        self._table.show_current(box_id)

    def _on_said(self, message: str) -> None:
        self._said.setText(message)
        self._draw.setChecked(self._session.canvas.drawing)

    def _toggle_done(self) -> None:
        self._controller.decisions.toggle_done()
        cutout = self._session.cutout
        self._done.setChecked(bool(cutout and cutout.done))

    # -- classes ------------------------------------------------------------

    def _choose_classes(self) -> None:
        review = self._session.review
        if review is None:
            return
        dialog = ClassesDialog(
            self, review.classes, set(review.class_counts()), BOOK.key("reclassify")
        )
        if dialog.exec():
            self._controller.opening.choose_classes(dialog.classes())

    # -- files --------------------------------------------------------------

    def _relocate(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Folder with the moved images")
        if name:
            self._controller.relocate(Path(name))


def _classes_in_words(classes: Sequence[str]) -> str:
    """Return the text of the button: the first classes, and how many more."""
    shown = ", ".join(classes[:_CLASSES])
    more = len(classes) - _CLASSES
    return f"Classes: {shown}{f' and {more} more' if more > 0 else ''}…"


def _legend() -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(4)
    grid.setVerticalSpacing(2)
    for place, (status, word) in enumerate(STATUS_WORDS.items()):
        icon = QLabel()
        icon.setPixmap(status_icon(status).pixmap(18, 18))
        row, column = divmod(place, 3)
        grid.addWidget(icon, row, 2 * column)
        grid.addWidget(QLabel(word), row, 2 * column + 1)
        grid.setColumnStretch(2 * column + 1, 1)
    return grid
