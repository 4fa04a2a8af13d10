"""The plugin's page in napari's Preferences, kept equal to the saved settings."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from clump_detector.core.errors import ClumpError
from napari_clumps.settings.settings import change_settings, load_settings
from napari_clumps.settings.shortcuts import BOOK, KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.utils.events import EventedModel

    from .session import Session

_PLUGIN = "napari-clumps"


class Preferences:
    """Synchronises napari's Preferences with the saved settings.

    Parameters
    ----------
    session : Session
        Applies choices at once.
    """

    def __init__(self, session: Session) -> None:
        from napari.settings import get_plugin_settings

        self._session = session
        self._busy = False
        self._page: EventedModel = get_plugin_settings(_PLUGIN)
        self.show()
        self._page.review.events.connect(self._on_review)
        self._page.keys.events.connect(self._on_keys)
        session.settings_changed.connect(self.show)

    def let_go(self) -> None:
        """Disconnect from the page when the window closes."""
        self._page.review.events.disconnect(self._on_review)
        self._page.keys.events.disconnect(self._on_keys)
        self._session.settings_changed.disconnect(self.show, missing_ok=True)

    def show(self) -> None:
        """Show the current settings on the page."""
        kept = asdict(load_settings())
        review = self._page.review
        with self._quiet():
            for name in type(review).model_fields:
                setattr(review, name, kept[name])
            for key in KEYS:
                setattr(self._page.keys, key.action, BOOK.key(key.action))

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        before, self._busy = self._busy, True
        try:
            yield
        finally:
            self._busy = before

    def _on_review(self) -> None:
        if not self._busy:
            change_settings(**self._page.review.model_dump())
            self._session.take_settings()

    def _on_keys(self) -> None:
        if self._busy:
            return
        chosen = {k: _as_qt(v) for k, v in self._page.keys.model_dump().items()}
        try:
            BOOK.choose(chosen)
        except ClumpError as error:
            self._session.warn(error.message)
            self.show()
            return
        usual = {key.action: key.key for key in KEYS}
        change_settings(keys={k: v for k, v in chosen.items() if v != usual[k]})


def _as_qt(key: str) -> str:
    """Return a key typed by the user as Qt writes it; empty if it is none."""
    from qtpy.QtGui import QKeySequence

    if key.strip().lower() in ("enter", "return"):
        return "Enter"
    return str(QKeySequence(key.strip()).toString())
