"""A review whose disk refuses: decisions are kept in memory until they can be written.

The review continues in a copy in memory, which is kept up to date all the time, since a
lost network folder cannot even be read. Writing back replaces the content of the file
as a whole, in one transaction of SQLite, if no other program wrote to it meanwhile.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from clump_detector.core.errors import FileError, ReviewError
from clump_detector.core.files import atomic_path

from . import log
from .connection import connect, review_error
from .store import Store


class MemoryFallback:
    """Keeps the decisions of a review in memory while its disk refuses.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: tuple[str, int] | None = None  # of the file, when it was left

    @property
    def used(self) -> bool:
        """Whether the review is in memory now."""
        return self._known is not None

    @property
    def ready(self) -> bool:
        """Whether the review can continue in memory: `Store.mirror` was called."""
        return self._store.mirrored

    def enter(self) -> None:
        """Continue in memory, which has to be `ready`."""
        self._store.leave_disk()
        self._known = str(self._store.meta()["id"]), log.last_seq(self._store)

    def leave(self) -> None:
        """Write all to the file, and continue there.

        Raises
        ------
        ReviewError
            If it still cannot be written to, or another program wrote to it; the review
            then continues in memory.
        """
        disk = connect(self._store.path)
        try:
            self._refuse_changed(disk)
            self._copy(disk, self._store.path)
        except BaseException:
            disk.close()
            raise
        self._store.return_to(disk)
        self._known = None

    def save_copy(self, path: Path) -> None:
        """Write all to another file, whole or not at all.

        Raises
        ------
        ReviewError
            If that cannot be written either.
        """
        try:
            with atomic_path(path) as temporary:
                copy = sqlite3.connect(temporary)
                try:
                    self._copy(copy, path)
                finally:
                    copy.close()
        except FileError as error:
            raise ReviewError(error.what, path, error.remedy) from error

    def _copy(self, target: sqlite3.Connection, path: Path) -> None:
        try:
            self._store.copy_to(target)
        except sqlite3.Error as error:
            raise review_error(error, path) from error

    def _refuse_changed(self, disk: sqlite3.Connection) -> None:
        path = self._store.path
        try:
            found = (
                *disk.execute("SELECT value FROM meta WHERE key = 'id'").fetchone(),
                *disk.execute("SELECT coalesce(max(seq), 0) FROM log").fetchone(),
            )
        except (sqlite3.Error, TypeError) as error:
            cause = error if isinstance(error, sqlite3.Error) else sqlite3.Error(error)
            raise review_error(cause, path) from error
        assert self._known is not None
        if (found[0].strip('"'), found[1]) != self._known:
            raise ReviewError(
                "another program has written to it while its disk was away",
                path,
                "Close this review: a copy with all of your decisions is kept.",
            )
