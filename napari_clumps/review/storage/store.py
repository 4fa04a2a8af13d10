"""A review file in SQLite: transactions, statements, and the table ``meta``."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

from clump_detector.core.errors import ReviewError
from clump_detector.core.json_types import JsonObject

from .connection import Parameters, SqlValue, connect, review_error
from .memory_copy import Mirror
from .schema import APPLICATION_ID, MIGRATIONS, VERSION

#: A row that a statement gives; the tables in `schema` say what its columns are.
SqlRow: TypeAlias = tuple[Any, ...]

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def dump(value: object) -> str | None:
    """Return JSON in as few characters as it takes; None stays None."""
    return None if value is None else _encode(value)


def load(text: str | None) -> Any:
    """Return what `dump` was given."""
    return None if text is None else json.loads(text)


class Store:
    """The tables of one review file.

    Every method may be called from any thread. Reading never holds a cursor open, so
    other processes can write between two calls.

    Raises
    ------
    ReviewError
        If the file is no review, is damaged, or comes from a newer program.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mutex = threading.RLock()
        if path.is_dir():
            raise ReviewError("this is a folder", path, "Give a .clumps file.")
        if not path.is_file():
            raise ReviewError("there is no such review", path, "Check the path.")
        self._connection = connect(path)
        self._mirror: Mirror | None = None
        self._writing = False
        #: Called where the disk cannot be read; returns whether the statement can be
        #: repeated, in memory.
        self.rescue: Callable[[ReviewError], bool] | None = None
        try:
            self._refuse_foreign()
            self.writable = False
        except ReviewError:
            self._connection.close()
            raise

    def _refuse_foreign(self) -> None:
        application = self.value("PRAGMA application_id")
        version = self.value("PRAGMA user_version")
        if application != APPLICATION_ID:
            raise ReviewError(
                "this is not a review file",
                self.path,
                "A review is a file that napari-clumps made; its name ends in .clumps.",
            )
        if version < min(MIGRATIONS):
            raise ReviewError("this review has no format version", self.path)
        if version > VERSION:
            raise ReviewError(
                f"this review was made by a newer napari-clumps (format {version}, "
                f"this one knows {VERSION})",
                self.path,
                "Update napari-clumps.",
            )

    @property
    def writable(self) -> bool:
        """Whether this process may write."""
        return self._writable

    @writable.setter
    def writable(self, writable: bool) -> None:
        self.rows(f"PRAGMA query_only = {'OFF' if writable else 'ON'}")
        self._writable = writable

    def bring_up_to_date(self) -> None:
        """Migrate an older review to the current tables.

        In a copy in memory where the file may not be written to.
        """
        version = self.value("PRAGMA user_version")
        if version == VERSION:
            return
        steps = "".join(MIGRATIONS[older] for older in range(version, VERSION))
        with self._mutex:
            try:
                if not self._writable:
                    copy = sqlite3.connect(
                        ":memory:", isolation_level=None, check_same_thread=False
                    )
                    self._connection.backup(copy)
                    self._connection.close()
                    self._connection = copy
                self._connection.executescript(f"BEGIN IMMEDIATE; {steps} COMMIT;")
                self.writable = self._writable
            except sqlite3.Error as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise review_error(error, self.path) from error

    def copy_to(self, target: sqlite3.Connection) -> None:
        """Copy all to another connection, as one transaction there.

        Raises
        ------
        sqlite3.Error
            If either cannot be used.
        """
        with self._mutex:
            self._connection.backup(target)

    def mirror(self) -> None:
        """Keep a copy in memory from now on, of all that is committed.

        Raises
        ------
        ReviewError
            If the file cannot be read.
        """
        with self._mutex:
            try:
                self._mirror = Mirror(self._connection)
            except sqlite3.Error as error:
                raise review_error(error, self.path) from error

    @property
    def mirrored(self) -> bool:
        """Whether there is a copy in memory beside the file."""
        return self._mirror is not None

    def leave_disk(self) -> None:
        """Continue in the copy in memory, which must exist."""
        with self._mutex:
            assert self._mirror is not None
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection, self._mirror = self._mirror.connection, None

    def return_to(self, disk: sqlite3.Connection) -> None:
        """Continue in a file that equals the memory, with a new copy in memory."""
        with self._mutex:
            self._connection.close()
            self._connection = disk
            with suppress(ReviewError):  # then the next failure of the disk is an error
                self.mirror()

    def close(self) -> None:
        """Close the file; all is on disk already."""
        self.rescue = None
        with self._mutex, suppress(sqlite3.Error):
            if self._writable:  # the idle journal goes
                self._connection.execute("PRAGMA journal_mode = DELETE")
        with self._mutex, suppress(sqlite3.Error):
            self._connection.close()

    # -- reading and writing ------------------------------------------------

    def rows(self, sql: str, values: Parameters = ()) -> list[SqlRow]:
        """Run a statement and return all its rows.

        Parameters
        ----------
        sql : str
        values : sequence or mapping
            Parameters of the statement.

        Raises
        ------
        ReviewError
            If the statement fails and the review cannot continue in memory.
        """
        with self._mutex:
            try:
                found = self._connection.execute(sql, values).fetchall()
            except sqlite3.Error as error:
                refused = review_error(error, self.path)
                if not self._rescued(refused):
                    raise refused from error
                found = self._connection.execute(sql, values).fetchall()
            if self._writing and self._mirror is not None:
                self._mirror.note(sql, values)
            return found

    def _rescued(self, error: ReviewError) -> bool:
        # Signals go to the window, which needs them in its own thread; and half a
        # transaction cannot be repeated.
        here = threading.current_thread() is threading.main_thread()
        if self.rescue is None or not here or self._writing:
            return False
        return self.rescue(error)

    def value(self, sql: str, values: Sequence[SqlValue] = ()) -> Any:
        """Run a statement and return the first column of its first row, or None.

        Parameters
        ----------
        sql : str
        values : sequence
            Parameters of the statement.
        """
        rows = self.rows(sql, values)
        return rows[0][0] if rows else None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run a block as one transaction: all is on disk at its end, or nothing.

        Raises
        ------
        ReviewError
            If the disk is full or cannot be written to; nothing has changed then.
        """
        with self._mutex:
            self.rows("BEGIN IMMEDIATE")
            self._writing = True
            if self._mirror is not None:
                self._mirror.note("BEGIN", ())
            try:
                yield
                self.rows("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    with suppress(sqlite3.Error):
                        self._connection.execute("ROLLBACK")
                if self._mirror is not None:
                    self._mirror.forget()
                raise
            finally:
                self._writing = False
            self._reflect()

    def _reflect(self) -> None:
        if self._mirror is not None:
            try:
                self._mirror.reflect(self._connection)
            except sqlite3.Error:  # it is on disk already
                self._mirror = None

    # -- meta ---------------------------------------------------------------

    def meta(self) -> JsonObject:
        """Return all values of `put_meta`."""
        return {key: load(text) for key, text in self.rows("SELECT * FROM meta")}

    def put_meta(self, **values: object) -> None:
        """Write values that are no decision, such as the classes and the position."""
        for key, value in values.items():
            self.rows(
                "INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value))
            )
