"""Writing decisions that wait for a disk, or a copy of the review if that fails."""

from __future__ import annotations

import atexit
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from clump_detector.core.errors import ClumpError
from clump_detector.core.paths import data_folder
from napari_clumps.review import Review

from .session import Session

if TYPE_CHECKING:
    from qtpy.QtCore import QTimer

#: Milliseconds between two attempts to write.
AGAIN = 3000


class WriteRetry:
    """Warns the user of unsaved decisions, and writes them when that is possible.

    Parameters
    ----------
    session : Session
    review : Review
        Continues in memory from now on where its disk refuses.
    """

    def __init__(self, session: Session, review: Review) -> None:
        self._session, self._review = session, review
        self._timer: QTimer | None = None
        review.wait_for_disk()
        review.waiting_changed.connect(self._on_changed)

    def _on_changed(self, why: str) -> None:
        from qtpy.QtCore import QTimer

        if self._timer is None:
            self._timer = QTimer()
            self._timer.timeout.connect(self._review.write_back)
        if why:
            self._timer.start(AGAIN)
            atexit.register(self.end)  # however the window is closed
            self._session.warn(
                f"{self._review.path}: {why}. Unsaved decisions are kept in memory and "
                "written when the disk is available. Keep the window open."
            )
        else:
            self._timer.stop()
            self._session.say("All decisions are on disk again.")
        self._session.announce_cutout()

    def end(self) -> None:
        """Write unsaved decisions to the file, or to a copy in the data folder."""
        atexit.unregister(self.end)
        if self._timer is not None:
            with suppress(RuntimeError):  # deleted with the window
                self._timer.stop()
        if self._review.write_back():
            return
        now = datetime.now(UTC).strftime("%Y-%m-%d-%H%M%S")
        name = f"{self._review.path.stem}-{now}.clumps"
        for folder in (data_folder() / "rescued", Path.home()):
            with suppress(ClumpError, OSError):
                folder.mkdir(parents=True, exist_ok=True)
                self._review.save_copy(folder / name)
                self._session.warn(
                    f"{self._review.path} cannot be written to. A copy with all of "
                    f"your decisions is {folder / name}."
                )
                return
        self._session.warn(
            f"{self._review.path} cannot be written to, nor any other folder: the last "
            "decisions are lost."
        )
