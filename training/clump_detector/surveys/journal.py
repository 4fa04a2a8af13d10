"""What was fetched into a folder, so that nothing is fetched twice."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from clump_detector.core.errors import FileError, from_os_error

#: Its name in the folder, hidden from whoever looks for images.
JOURNAL = ".fetched.jsonl"


class Journal:
    """Which file of a folder came of which request.

    A line stands before its file does: a program that is killed in between leaves no
    file that nobody knows.
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
                "this is no journal of what was fetched", self._path, "Remove it."
            ) from error
        for line in text.splitlines():
            with suppress(ValueError, KeyError, TypeError):  # the last may be cut
                entry = json.loads(line)
                self._known[str(entry["file"])] = str(entry["request"])

    def get(self, file: str) -> str | None:
        """Return the request that a file came of, or None."""
        return self._known.get(file)

    def put(self, file: str, request: str) -> None:
        """Note what is about to be written.

        Raises
        ------
        FileError
            If the disk refuses.
        """
        line = json.dumps({"file": file, "request": request}) + "\n"
        try:
            with self._path.open("a", encoding="utf-8") as journal:
                journal.write(line)
        except OSError as error:
            raise from_os_error(error, self._path, "write") from error
        self._known[file] = request
