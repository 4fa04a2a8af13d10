"""How the current cutout is displayed: view, stretch, zoom and orientation.

None of it changes detection and training, which read the files themselves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from clump_detector.core.errors import ClumpError
from napari_clumps.render.image_cache import DisplayImage
from napari_clumps.render.orientation import SkyMarks, compass_of, north_up
from napari_clumps.render.rendering import COLOUR, NARROWEST, STRETCHES, Rendering
from napari_clumps.review import CutoutRecord
from napari_clumps.settings.settings import Settings, change_settings, load_settings
from napari_clumps.settings.shortcuts import BOOK

from .session import Session

if TYPE_CHECKING:
    from qtpy.QtCore import QTimer

#: Milliseconds after the last change until it is saved and the neighbours are drawn
#: with it, so that a slider moves smoothly.
PAUSE = 400


class Display:
    """Displays cutouts as the user chose, which is kept between sessions.

    Parameters
    ----------
    session : Session

    Attributes
    ----------
    scale_bar : bool
        Whether scale bar and compass are shown where they are known.
    north_up : bool
        Whether North is turned up and East left where there is a WCS.

    Signals
    -------
    changed(): the display changed, or the views that can be chosen.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        self.session = session
        self._timer: QTimer | None = None
        self._instead = ""
        settings = load_settings()
        self.scale_bar = settings.scale_bar
        self.north_up = settings.north_up
        session.pictures.rendering = _saved_rendering(settings)
        session.cutout_changed.connect(self._on_cutout)

    def draw(self, cutout: CutoutRecord, picture: DisplayImage) -> None:
        """Draw the image of a cutout, or black where it cannot be read.

        Parameters
        ----------
        cutout : CutoutRecord
        picture : DisplayImage
            Of the cutout; black is drawn where it has none.
        """
        width, height = picture.size or (cutout.width or 400, cutout.height or 400)
        rgb = picture.rgb
        if rgb is None:
            rgb = np.zeros((height, width, 3), np.uint8)
        canvas = self.session.canvas
        canvas.drawing = False
        canvas.show_picture(rgb, cutout.name, self.sky_of(picture))

    def read_neighbours(self) -> None:
        """Read and render the next and the previous cutout in the background."""
        session = self.session
        if session.review is None or session.queue is None or session.cutout is None:
            return
        for step in (+1, -1):
            neighbour = session.queue.neighbour(session.cutout.id, step)
            if neighbour is not None:
                session.pictures.read_ahead(session.review.cutout(neighbour).source)

    # -- rendering ----------------------------------------------------------

    @property
    def rendering(self) -> Rendering:
        """The current rendering; a new one is shown at once."""
        return self.session.pictures.rendering

    @rendering.setter
    def rendering(self, rendering: Rendering) -> None:
        if rendering == self.rendering:
            return
        self.session.pictures.rendering = rendering
        self._show_again()
        self._settle()

    @property
    def views(self) -> tuple[str, ...]:
        """The views that the shown cutout has."""
        picture = self.session.picture
        return (picture.views if picture else ()) or (COLOUR,)

    @property
    def shown(self) -> Rendering:
        """How the cutout is shown: in colour where it lacks the chosen band."""
        missing = self.rendering.view not in self.views
        return replace(self.rendering, view=COLOUR) if missing else self.rendering

    @property
    def words(self) -> str:
        """The rendering in words if it is not what the detector sees, else empty."""
        words = self._instead or self.shown.words
        return f"{words}: not what the detector sees" if words else ""

    def choose(
        self,
        *,
        view: str | None = None,
        stretch: str | None = None,
        black: float | None = None,
        white: float | None = None,
    ) -> None:
        """Change some parts of the rendering.

        Black and white keep their smallest distance: the other one moves if need be.

        Parameters
        ----------
        view : str, optional
            One of `views`.
        stretch : str, optional
            One of `STRETCHES`.
        black, white : float, optional
            0 to 1.
        """
        black, white = _apart(black, white, self.rendering)
        chosen = {"view": view, "stretch": stretch, "black": black, "white": white}
        changes = {k: v for k, v in chosen.items() if v is not None}
        try:
            self.rendering = replace(self.rendering, **changes)  # type: ignore[arg-type]
        except ClumpError as error:
            self.session.warn(error.message)

    def show_instead(self, rgb: NDArray[np.uint8] | None, words: str = "") -> None:
        """Show a picture made of the current cutout in its place, or itself again.

        Parameters
        ----------
        rgb : uint8 array of shape (height, width, 3) or None
            None for the cutout itself.
        words : str
            What the picture is.
        """
        session = self.session
        if rgb is None:
            if self._instead and session.cutout is not None:
                self._draw_again()
        elif session.canvas.is_built:
            self._instead = words
            session.canvas.change_picture(rgb)
            self._show_words()

    def reset(self) -> None:
        """Show what the detector sees."""
        self.rendering = Rendering()
        self.session.say("As the detector sees it.")

    def next_view(self) -> None:
        """Show the cutout's next view, going round."""
        self.choose(view=_next(self.views, self.rendering.view))
        self.session.say(self.words or "Colour, as the detector sees it.")

    def next_stretch(self) -> None:
        """Show the next stretch, going round."""
        self.choose(stretch=_next(STRETCHES, self.rendering.stretch))
        self.session.say(self.words or "Stretched as the detector sees it.")

    def _show_again(self) -> None:
        """Draw the current cutout in another rendering."""
        self._draw_again()
        self.changed.emit()

    def _draw_again(self) -> None:
        """Draw the current cutout again, from the pixels that are kept."""
        session = self.session
        self._instead = ""
        if session.cutout is not None and session.picture is not None:
            picture = session.pictures.get(session.cutout.source)
            if picture.rgb is not None:
                session.canvas.change_picture(picture.rgb)
            session.change_picture(picture)
        self._show_words()

    def _show_words(self) -> None:
        if self.session.canvas.is_built:
            words = self._instead or self.shown.words
            self.session.canvas.camera.show_words(words)

    # -- North and scale ----------------------------------------------------

    def sky_of(self, picture: DisplayImage) -> SkyMarks:
        """Return the orientation of a picture, and the marks in its corners."""
        if picture.size is None:
            return SkyMarks()
        compass = compass_of(picture.wcs, *picture.size)
        turned = north_up(compass) if self.north_up and compass else None
        if not self.scale_bar:
            return SkyMarks(turned)
        return SkyMarks(turned, picture.scale, compass)

    def show_scale_bar(self, wanted: bool) -> None:
        """Choose whether scale bar and compass are shown."""
        self.scale_bar = wanted
        self._show_sky()

    def turn_north_up(self, wanted: bool) -> None:
        """Choose whether North is turned up and East left."""
        self.north_up = wanted
        self._show_sky()

    def _show_sky(self) -> None:
        session = self.session
        if session.picture is not None:
            before = session.canvas.camera.orientation
            session.canvas.camera.show_sky(self.sky_of(session.picture))
            if session.canvas.camera.orientation != before:
                session.canvas.camera.show_again(
                    session.shown.box(session.shown.current)
                )
        self._settle()
        self.changed.emit()

    def _on_cutout(self) -> None:
        """Follow to another cutout, which may have other views."""
        self._instead = ""
        self._show_words()
        self.changed.emit()

    # -- zoom ---------------------------------------------------------------

    @property
    def close_up(self) -> bool:
        """Whether boxes are shown close up rather than the whole galaxy."""
        return self.session.canvas.camera.close_up

    def zoom(self) -> None:
        """Go from the whole galaxy to the current box, or back."""
        if self.close_up:
            self.zoom_to_galaxy()
        else:
            self.zoom_to_box()

    def zoom_to_galaxy(self) -> None:
        """Show the whole galaxy, here and on the next cutouts."""
        if self.session.cutout is not None:
            self.session.canvas.camera.zoom_to_galaxy()

    def zoom_to_box(self) -> None:
        """Show the current box close up, and those that follow."""
        box = self.session.shown.box(self.session.shown.current)
        if box is None:
            key = BOOK.key("next_box")
            self.session.say(f"No box to zoom to: click one, or {key} to the next.")
        else:
            self.session.canvas.camera.zoom_to_box(box)

    # -- saving -------------------------------------------------------------

    def _settle(self) -> None:
        """Save, and draw the neighbours, after a pause without changes."""
        from qtpy.QtCore import QTimer

        if self._timer is None:
            self._timer = QTimer()
            self._timer.setSingleShot(True)
            self._timer.timeout.connect(self._on_rest)
        self._timer.start(PAUSE)

    def _on_rest(self) -> None:
        rendering = self.rendering
        change_settings(
            view=rendering.view,
            stretch=rendering.stretch,
            black=rendering.black,
            white=rendering.white,
            scale_bar=self.scale_bar,
            north_up=self.north_up,
        )
        self.read_neighbours()

    def close(self) -> None:
        """Save pending changes."""
        if self._timer is not None and self._timer.isActive():
            self._timer.stop()
            self._on_rest()


def _saved_rendering(settings: Settings) -> Rendering:
    """Return the saved rendering, or the default one if that is not valid."""
    try:
        return Rendering(
            settings.view, settings.stretch, settings.black, settings.white
        )
    except ClumpError:
        return Rendering()


def _apart(
    black: float | None, white: float | None, shown: Rendering
) -> tuple[float | None, float | None]:
    """Keep the smallest distance between black and white; black counts first.

    Parameters
    ----------
    black, white : float or None
        None where it is not chosen now.
    shown : Rendering
        What it is shown with so far.
    """
    if black is not None:
        black = min(max(black, 0.0), 1 - NARROWEST)
        white = max(shown.white if white is None else white, black + NARROWEST)
    elif white is not None:
        white = max(min(white, 1.0), NARROWEST)
        black = min(shown.black, white - NARROWEST)
    return black, white


def _next(choices: tuple[str, ...], chosen: str) -> str:
    index = choices.index(chosen) if chosen in choices else -1
    return choices[(index + 1) % len(choices)]
