"""The panel "Display": view, stretch, black and white, zoom, scale and North."""

from __future__ import annotations

from magicgui.widgets import ComboBox
from napari.viewer import Viewer
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)
from superqt import QLabeledDoubleRangeSlider

from napari_clumps.plugin.window import controller_of
from napari_clumps.render.rendering import STRETCHES
from napari_clumps.settings.shortcuts import BOOK
from napari_clumps.viewer.napari_private import main_window
from napari_clumps.widgets.base.docks import among_tabs
from napari_clumps.widgets.base.parts import (
    fill_dock,
    form_of,
    key_button,
    plain_button,
    text_label,
)
from napari_clumps.widgets.base.signals import listen


class DisplayPanel(QWidget):
    """Chooses how the cutout looks to the person, and forwards it."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.setObjectName("display_panel")
        controller = controller_of(napari_viewer)
        self._display = controller.display
        self._filling = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(self._form())
        layout.addLayout(self._levels_row())
        self._words = text_label("look_words")
        self._words.setStyleSheet("font-weight: bold;")
        layout.addWidget(self._words)
        layout.addLayout(self._buttons())
        layout.addStretch(1)
        fill_dock(self)
        window = main_window(controller.session.viewer)
        among_tabs(self, window, "review_panel", always=False)
        self._connect()
        self._fill()

    # -- layout -------------------------------------------------------------

    def _form(self) -> QFormLayout:
        self._view = ComboBox(
            label="View",
            choices=[],
            tooltip="Colour, one band, or what is left without the smooth galaxy",
        )
        self._stretch = ComboBox(
            label="Stretch",
            choices=list(STRETCHES),
            tooltip="How brightness follows flux",
        )
        for box in (self._view, self._stretch):
            # A box with the keyboard would take the keys that decide.
            box.native.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        form = form_of("look", {"view": self._view, "stretch": self._stretch})
        self._labels = {
            "next_view": form.labelForField(self._view.native),
            "next_stretch": form.labelForField(self._stretch.native),
        }
        self._name_keys()
        return form

    def _name_keys(self) -> None:
        """Write the keys beside what they change, whatever keys those are."""
        for action, word in (("next_view", "View"), ("next_stretch", "Stretch")):
            self._labels[action].setText(f"{word}  ({BOOK.key(action)})")

    def _levels_row(self) -> QHBoxLayout:
        self._levels = QLabeledDoubleRangeSlider(Qt.Orientation.Horizontal)
        self._levels.setObjectName("levels")
        self._levels.setRange(0.0, 1.0)
        self._levels.setSingleStep(0.01)
        self._levels.setDecimals(2)
        # Values at both ends, not above the handles, where the ends cut them.
        self._levels.setHandleLabelPosition(self._levels.LabelPosition.NoLabel)
        self._levels.setEdgeLabelMode(self._levels.EdgeLabelMode.LabelIsValue)
        self._levels.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._levels.setToolTip("What of the stretched range is black, and what white")
        row = QHBoxLayout()
        row.addWidget(QLabel("Black/white point"))
        row.addWidget(self._levels, stretch=1)
        return row

    def _buttons(self) -> QGridLayout:
        display = self._display
        self._reset = plain_button(
            "reset_look", "Reset", display.reset, "Show what the detector sees"
        )
        self._zoom = key_button("zoom", "Zoom to box", display.zoom)
        galaxy = plain_button(
            "zoom_to_galaxy",
            "Zoom to galaxy",
            display.zoom_to_galaxy,
            "Show the whole galaxy",
        )
        self._scale_bar = _check_box(
            "scale_bar",
            "Scale bar and compass",
            "Shown when the image has a WCS",
        )
        self._north_up = _check_box(
            "north_up",
            "North up, East left",
            "Rotated in 90° steps, where the file tells directions",
        )
        grid = QGridLayout()
        grid.setSpacing(4)
        grid.addWidget(self._reset, 0, 0, 1, 2)
        grid.addWidget(galaxy, 1, 0)
        grid.addWidget(self._zoom, 1, 1)
        grid.addWidget(self._scale_bar, 2, 0, 1, 2)
        grid.addWidget(self._north_up, 3, 0, 1, 2)
        return grid

    # -- wiring -------------------------------------------------------------

    def _connect(self) -> None:
        display = self._display
        self._view.changed.connect(self._on_view)
        self._stretch.changed.connect(self._on_stretch)
        self._levels.valueChanged.connect(self._on_levels)
        self._scale_bar.toggled.connect(display.show_scale_bar)
        self._north_up.toggled.connect(display.turn_north_up)
        listen(self, (display.changed, self._fill), (BOOK.changed, self._name_keys))

    def _fill(self) -> None:
        display, look = self._display, self._display.rendering
        self._filling = True
        choices = [(name, name) for name in display.views]
        if look.view not in display.views:
            choices.append((f"{look.view} (not here)", look.view))
        if list(self._view.choices) != [key for _, key in choices]:
            self._view.choices = choices
        self._view.value = look.view
        self._stretch.value = look.stretch
        self._levels.setValue((look.black, look.white))
        self._filling = False
        self._words.setText(display.words)
        self._reset.setEnabled(bool(look.words))
        self._scale_bar.setChecked(display.scale_bar)
        self._north_up.setChecked(display.north_up)

    def _on_view(self, view: str) -> None:
        if not self._filling and view:
            self._display.choose(view=view)

    def _on_stretch(self, stretch: str) -> None:
        if not self._filling:
            self._display.choose(stretch=stretch)

    def _on_levels(self, levels: tuple[float, float]) -> None:
        if not self._filling:
            self._display.choose(black=levels[0], white=levels[1])


def _check_box(name: str, text: str, tooltip: str) -> QCheckBox:
    box = QCheckBox(text)
    box.setObjectName(name)
    box.setToolTip(tooltip)
    box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return box
