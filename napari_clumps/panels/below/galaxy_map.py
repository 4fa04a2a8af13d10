"""The panel "Map of galaxies": those that look alike lie together; a lasso selects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.viewer import Viewer
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from clump_detector.core.text import plural
from napari_clumps.plugin.window import controller_of
from napari_clumps.review import STATES, CutoutFacts
from napari_clumps.viewer.napari_private import main_window
from napari_clumps.widgets.base.docks import among_tabs_below, bring_forward
from napari_clumps.widgets.base.parts import ElidedLabel, fill_dock, plain_button
from napari_clumps.widgets.base.signals import listen
from napari_clumps.widgets.plots.training_curves import BLUE, INK, ORANGE, PAPER

if TYPE_CHECKING:
    from matplotlib.backend_bases import MouseEvent

#: What the galaxies can be coloured by, and where it comes from.
_COLOURS = {
    "status": "states",
    "number of clumps": "clumps",
    "highest score": "scores",
    "interest": "interests",
    "folder": "folders",
}

#: Colours of `STATES`, and of what is not known.
_STATE_COLOURS, _UNKNOWN = ("#8a9099", BLUE, ORANGE), "#4a4f57"

#: Folders with a colour of their own; the smaller ones share one.
_FOLDERS, _OTHERS = 9, "other folders"

#: A click is a press and a release at most this many pixels apart.
_CLICK = 4

#: Area of a mark in points², for few galaxies and for many.
_FEW, _MANY = 22.0, 4.0


class MapPanel(QWidget):
    """Draws the map of `app.suggesting.galaxy_map.GalaxyMap`; forwards what is chosen.

    Attributes
    ----------
    chosen : list of int
        The cutouts inside the lasso.
    """

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.setObjectName("map_panel")
        self._controller = controller_of(napari_viewer)
        self._session = self._controller.session
        self._map = self._controller.galaxy_map
        self.chosen: list[int] = []
        self._pressed: tuple[float, float] | None = None
        self._lay_out()
        among_tabs_below("Map of galaxies", self, main_window(self._session.viewer))
        listen(
            self,
            (self._map.changed, self._on_map),
            (self._session.cutout_changed, self._on_cutout),
        )
        self._on_map()

    def _lay_out(self) -> None:
        from matplotlib import colormaps
        from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
        from matplotlib.colors import ListedColormap
        from matplotlib.figure import Figure
        from matplotlib.widgets import LassoSelector

        self._figure = Figure(figsize=(4, 3), facecolor=PAPER)
        self._canvas = FigureCanvasQTAgg(self._figure)
        self._canvas.setObjectName("map_canvas")
        self._canvas.setMinimumHeight(140)
        self._canvas.setToolTip("Drag a lasso around galaxies, or click one to show it")
        self._axes: Any = self._figure.add_axes((0.01, 0.02, 0.8, 0.96))
        self._lasso = LassoSelector(
            self._axes, self._on_lasso, useblit=True, props={"color": INK}
        )
        self._canvas.mpl_connect("button_press_event", self._on_press)
        self._canvas.mpl_connect("button_release_event", self._on_release)
        # The darkest ones could not be told from the background.
        self._colours = ListedColormap(colormaps["viridis"](np.linspace(0.25, 1, 256)))
        self._colour = QComboBox()
        self._colour.setObjectName("map_colour")
        self._colour.addItems(list(_COLOURS))
        self._colour.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._colour.currentIndexChanged.connect(self._draw)
        self._words = ElidedLabel("map_words")
        top = QHBoxLayout()
        top.addWidget(
            plain_button(
                "map_make",
                "Make the map",
                self._map.make,
                "Of all galaxies that the model has described, in the background",
            )
        )
        top.addWidget(QLabel("Colour"))
        top.addWidget(self._colour)
        top.addStretch(1)
        below = QHBoxLayout()
        below.addWidget(self._words, stretch=1)
        below.addWidget(
            plain_button(
                "map_show",
                "Show pictures",
                self.show_pictures,
                "Those inside the lasso, in “Similar galaxies”",
            )
        )
        below.addWidget(
            plain_button(
                "map_first",
                "Put first in the queue",
                self.put_first,
                "Those inside the lasso come next",
            )
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(6)
        layout.addLayout(top)
        layout.addWidget(self._canvas, stretch=1)
        layout.addLayout(below)
        fill_dock(self)

    # -- drawing ------------------------------------------------------------

    def _on_map(self) -> None:
        self.chosen = []
        self._words.setText(self._map.words or "“Make the map” shows what lies where.")
        self._draw()

    def _on_cutout(self) -> None:
        if len(self._map.ids):
            self._mark()
            self._canvas.draw_idle()

    def _draw(self) -> None:
        axes, n = self._axes, len(self._map.ids)
        axes.clear()
        axes.set_axis_off()
        self._rings: list[Any] = []
        if n:
            axes.set_xlim(-1.06, 1.06)
            axes.set_ylim(-1.06, 1.06)
            size = _FEW if n < 2000 else _MANY
            self._draw_galaxies(self._map.facts(), size)
            self._mark()
        self._canvas.draw_idle()

    def _draw_galaxies(self, facts: CutoutFacts, size: float) -> None:
        """Draw a mark for each galaxy, and a legend beside them."""
        name = _COLOURS[self._colour.currentText()]
        values = getattr(facts, name)
        if name == "states":
            colours = dict(zip(STATES, _STATE_COLOURS, strict=True))
            marks, words = self._draw_kinds(values, colours, size)
        elif name == "folders":
            kinds, colours = _largest(values)
            marks, words = self._draw_kinds(kinds, colours, size)
        else:
            marks, words = self._draw_values(values, size)
        self._axes.legend(
            marks, words, fontsize=7, frameon=False, labelcolor=INK, loc="upper left",
            bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2,
        )  # fmt: skip

    def _draw_kinds(
        self, kinds: NDArray[Any], colours: Mapping[str, Any], size: float
    ) -> tuple[list[Any], list[str]]:
        """Draw each kind in its colour; return the legend's marks and words."""
        marks, words = [], []
        for kind, colour in colours.items():
            of = kinds == kind
            marks.append(self._scatter(of, size, colour))
            words.append(f"{kind} ({of.sum():,})")
        return marks, words

    def _draw_values(
        self, values: NDArray[np.float64], size: float
    ) -> tuple[list[Any], list[str]]:
        """Draw values on a scale of colours; return the legend's marks and words."""
        marks: list[Any] = []
        words: list[str] = []
        known = np.isfinite(values)
        if known.any():
            drawn = self._scatter(known, size, values[known])
            found = drawn.legend_elements(num=4)
            marks, words = [*found[0]], [*found[1]]
        marks.append(self._scatter(~known, size, _UNKNOWN))
        return marks, [*words, f"unknown ({(~known).sum():,})"]

    def _scatter(self, of: NDArray[np.bool_], size: float, colour: Any) -> Any:
        x, y = self._map.places[of].T
        colours = None if isinstance(colour, str) else self._colours
        return self._axes.scatter(x, y, size, colour, cmap=colours, linewidths=0)

    def _mark(self) -> None:
        """Draw a ring around the current galaxy, and around those that are chosen."""
        for ring in self._rings:
            ring.remove()
        cutout = self._session.cutout
        current = [] if cutout is None else [cutout.id]
        self._rings = [
            self._axes.scatter(
                *self._map.places[np.isin(self._map.ids, ids)].T,
                area, facecolors="none", edgecolors=colour, linewidths=width,
            )
            for ids, area, colour, width in (
                (self.chosen, 34, INK, 0.8), (current, 90, "white", 1.6),
            )
        ]  # fmt: skip

    # -- what is chosen -----------------------------------------------------

    def _on_press(self, event: MouseEvent) -> None:
        self._pressed = event.x, event.y

    def _on_release(self, event: MouseEvent) -> None:
        """Show the galaxy that was clicked, if the mouse was not dragged."""
        start, self._pressed = self._pressed, None
        if start is None or event.xdata is None or event.ydata is None:
            return
        if np.hypot(event.x - start[0], event.y - start[1]) > _CLICK:
            return
        found = self._map.nearest((event.xdata, event.ydata))
        if found is not None:
            self._controller.navigator.visit(found)

    def _on_lasso(self, corners: list[tuple[float, float]]) -> None:
        line = np.array(corners, np.float64)
        pixels = self._axes.transData.transform(line)
        if len(line) < 3 or np.ptp(pixels, axis=0).max() <= _CLICK:
            return  # a click
        self.choose(self._map.inside(line))

    def choose(self, cutout_ids: list[int]) -> None:
        """Choose some cutouts of the map.

        Parameters
        ----------
        cutout_ids : list of int
        """
        self.chosen = cutout_ids
        self._mark()
        self._canvas.draw_idle()
        self._words.setText(f"{plural(len(cutout_ids), 'galaxy', 'galaxies')} chosen.")

    def show_pictures(self) -> None:
        """Show the pictures of those inside the lasso in "Similar galaxies"."""
        if not self._chosen_or_say():
            return
        n = plural(len(self.chosen), "galaxy", "galaxies")
        self._controller.similar.show(self.chosen, f"{n} of the map.")
        window = self._session.viewer.window
        if (
            main_window(self._session.viewer).findChild(QWidget, "similar_panel")
            is None
        ):
            window.add_plugin_dock_widget("napari-clumps", "Similar galaxies")
        bring_forward(main_window(self._session.viewer), "similar_panel")

    def put_first(self) -> None:
        """Put those inside the lasso first in the queue."""
        if self._chosen_or_say():
            self._controller.similar.put_first(self.chosen)

    def _chosen_or_say(self) -> bool:
        if not self.chosen:
            self._session.say("Drag a lasso around some galaxies of the map first.")
        return bool(self.chosen)


def _largest(
    folders: NDArray[np.object_],
) -> tuple[NDArray[np.object_], dict[str, str]]:
    """Return the folders, small ones as one, and a colour for each."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    names = [name for name, _ in Counter(folders.tolist()).most_common(_FOLDERS)]
    kinds = folders.copy()
    kinds[~np.isin(folders, names)] = _OTHERS
    colours = {name: to_hex(colormaps["tab10"](k)) for k, name in enumerate(names)}
    if (kinds == _OTHERS).any():
        colours[_OTHERS] = _UNKNOWN
    return kinds, colours
