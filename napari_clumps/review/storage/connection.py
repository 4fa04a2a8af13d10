"""Opening a review's file, and the errors of the disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from clump_detector.core.errors import ReviewError

#: A parameter of a statement.
SqlValue: TypeAlias = str | float | None

#: All of them, in their order or by name.
Parameters: TypeAlias = Sequence[SqlValue] | Mapping[str, SqlValue]

#: Seconds to wait for another process that is reading or writing at this moment.
_PATIENCE = 5.0


class DiskError(ReviewError):
    """The disk refuses to write, at this moment."""


#: Errors after which a later attempt may succeed.
_DISK = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
)


def review_error(error: sqlite3.Error, path: Path) -> ReviewError:
    """Return an error of SQLite as a `ReviewError` with a remedy.

    Parameters
    ----------
    error : sqlite3.Error
    path : path
        Of the review.

    Returns
    -------
    ReviewError
        A `DiskError` where the disk may accept it later.
    """
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    what, remedy = {
        sqlite3.SQLITE_FULL: (
            "the disk is full, so this was not saved",
            "Free some space and do it again; all before is safe",
        ),
        sqlite3.SQLITE_IOERR: (
            f"the disk refused to read or write it ({error}), so nothing was saved",
            "Free some space or mend the disk, and do it again; all before is safe",
        ),
        sqlite3.SQLITE_BUSY: (
            "another program is using it",
            "Try again, or end that program",
        ),
        sqlite3.SQLITE_READONLY: (
            "it may not be written to",
            "Change the permissions of it and its folder, or open a copy",
        ),
        sqlite3.SQLITE_CANTOPEN: (
            "it cannot be opened",
            "Check the permissions of it and its folder",
        ),
        sqlite3.SQLITE_NOTADB: (
            "this is not a review file",
            "A review is a file that napari-clumps made; its name ends in .clumps",
        ),
        sqlite3.SQLITE_CORRUPT: (
            "this review is damaged, perhaps cut short while it was copied",
            "Copy it again from where it came from, or go back to a backup",
        ),
    }.get(code, (f"the review cannot be used ({error})", "Close it and open it again"))
    kind = DiskError if code in _DISK else ReviewError
    return kind(what, path, remedy + ".")


def connect(path: Path) -> sqlite3.Connection:
    """Open a file as a review is read and written.

    Raises
    ------
    ReviewError
        If it cannot be opened, or is no file of SQLite.
    """
    try:
        # Falls back to reading where the system forbids writing, and rolls back
        # what a killed writer left half done.
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=_PATIENCE,
            isolation_level=None,
            check_same_thread=False,
        )
    except sqlite3.Error as error:
        raise review_error(error, path) from error
    try:
        # At each commit the rollback journal's header is zeroed and synced: as safe
        # as deleting the file, without the cost of syncing its folder.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA journal_mode = PERSIST")
        connection.execute("PRAGMA journal_size_limit = 1000000")
    except UnicodeDecodeError as error:  # SQLite's own message has the damaged bytes
        connection.close()
        damaged = sqlite3.DatabaseError("file is damaged")
        raise review_error(damaged, path) from error
    except sqlite3.Error as error:
        connection.close()
        raise review_error(error, path) from error
    return connection
