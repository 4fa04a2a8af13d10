"""A copy of a review's file in memory that follows every transaction."""

from __future__ import annotations

import sqlite3

from .connection import Parameters

#: Statements of a transaction that are repeated in the copy at most; after more than
#: that, the whole file is copied again.
AGAIN = 20_000


class Mirror:
    """Repeats in memory the transactions that were committed to a file.

    Parameters
    ----------
    disk : sqlite3.Connection

    Raises
    ------
    sqlite3.Error
        If the file cannot be read.
    """

    def __init__(self, disk: sqlite3.Connection) -> None:
        self.connection = sqlite3.connect(
            ":memory:", isolation_level=None, check_same_thread=False
        )
        self._written: list[tuple[str, Parameters]] = []
        disk.backup(self.connection)

    def note(self, sql: str, values: Parameters) -> None:
        """Record a statement of the current transaction.

        Parameters
        ----------
        sql : str
            A SELECT is passed over.
        values : sequence or mapping
            Its parameters.
        """
        if len(self._written) <= AGAIN and not sql.startswith("SELECT"):
            self._written.append((sql, values))

    def forget(self) -> None:
        """Forget a transaction that has failed."""
        self._written.clear()

    def reflect(self, disk: sqlite3.Connection) -> None:
        """Repeat the transaction that was committed to the file.

        Raises
        ------
        sqlite3.Error
            If memory runs out; the copy cannot be used then.
        """
        if len(self._written) > AGAIN:
            disk.backup(self.connection)
        else:
            for sql, values in self._written:
                self.connection.execute(sql, values)
        self._written.clear()
