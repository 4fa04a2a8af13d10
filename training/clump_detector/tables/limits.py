"""How large a table may be, checked before memory is allocated for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clump_detector.core.errors import FileError


@dataclass(frozen=True)
class Limits:
    """The limits of one table.

    Attributes
    ----------
    file_bytes : int
    rows, columns : int
    cells : int
        Values of a table of text.
    word : int
        Characters of one value.
    line : int
        Characters of one line of text.
    memory : int
        Bytes of all columns.
    """

    file_bytes: int = 512 * 1024**2
    rows: int = 2_000_000
    columns: int = 2_000
    cells: int = 10_000_000
    word: int = 10_000
    line: int = 1_000_000
    memory: int = 800 * 1024**2

    def check(self, path: Path, *, rows: int = 0, columns: int = 0) -> None:
        """Refuse a table that is too long or too wide.

        Parameters
        ----------
        path : path
            For the message.
        rows, columns : int

        Raises
        ------
        FileError
        """
        if rows > self.rows:
            raise too_much(f"{rows:,} rows are more than {self.rows:,}", path)
        if columns > self.columns:
            raise too_much(f"{columns:,} columns are more than {self.columns:,}", path)

    def check_cells(self, path: Path, rows: int, columns: int) -> None:
        """Refuse a table of text with too many values.

        Parameters
        ----------
        path : path
            For the message.
        rows, columns : int

        Raises
        ------
        FileError
        """
        self.check(path, rows=rows, columns=columns)
        if rows * columns > self.cells:
            raise too_much(
                f"{rows:,} rows of {columns:,} columns are too many values", path
            )


LIMITS = Limits()


class MemoryBudget:
    """The memory that the columns of one table may still take.

    Parameters
    ----------
    path : path
        For the message.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._left = path, LIMITS.memory

    def take(self, rows: int, letters: int = 0) -> None:
        """Take memory for a column of numbers or of texts.

        Parameters
        ----------
        rows : int
        letters : int
            Length of the longest text; 0 for numbers.

        Raises
        ------
        FileError
            If not enough is left, or a text is too long.
        """
        self._left -= rows * (4 * letters if letters else 8)
        if letters > LIMITS.word or self._left < 0:
            raise too_much(
                f"{rows:,} rows with words of {letters:,} letters are too large"
                if letters
                else f"{rows:,} rows with this number of columns are too large",
                self._path,
            )


def check_size(path: Path) -> None:
    """Refuse a file that is too large.

    Raises
    ------
    FileError
    """
    size = path.stat().st_size
    if size > LIMITS.file_bytes:
        raise too_much(f"{size / 1024**2:,.0f} MiB are too large for a table", path)


def too_much(what: str, path: Path) -> FileError:
    """Return the error for a table that is too large.

    Parameters
    ----------
    what : str
        What is too large, as a clause.
    path : path
    """
    return FileError(what, path, "Split it, or keep only the columns needed.")
