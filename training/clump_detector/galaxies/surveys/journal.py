"""The journal of a folder's downloads, so that nothing is downloaded twice."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from clump_detector.core.errors import FileError, from_os_error

#: Its file name in the folder; hidden, so that it is not taken for data.
JOURNAL = ".fetched.jsonl"


class Journal:
    """The requests that the files of a folder were downloaded with.

    A line is written before its file, so that a program that is killed in between does
    not leave a file without an entry.

    Parameters
    ----------
    folder : path
        Created if missing.

    Raises
    ------
    FileError
        If the folder cannot be written to, or the journal is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / JOURNAL
        self._known: dict[str, str] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            text = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
        except OSError as error:
            raise from_os_error(error, folder, "write to") from error
        except UnicodeDecodeError as error:
            raise FileError(
                "this is not a journal of downloads", self._path, "Remove it."
            ) from error
        for line in text.splitlines():
            with suppress(ValueError, KeyError, TypeError):  # the last may be cut off
                entry = json.loads(line)
                self._known[str(entry["file"])] = str(entry["request"])

    def get(self, file: str) -> str | None:
        """Return the request that a file was downloaded with, or None."""
        return self._known.get(file)

    def put(self, file: str, request: str) -> None:
        """Record a file that is about to be written.

        Parameters
        ----------
        file : str
            Its name in the folder.
        request : str
            From `plan.Wanted.request`.

        Raises
        ------
        FileError
            If the journal cannot be written.
        """
        line = json.dumps({"file": file, "request": request}) + "\n"
        try:
            with self._path.open("a", encoding="utf-8") as journal:
                journal.write(line)
        except OSError as error:
            raise from_os_error(error, self._path, "write") from error
        self._known[file] = request
