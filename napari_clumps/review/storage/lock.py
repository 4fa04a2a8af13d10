"""One writer per review, by a lock of the operating system."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import BaseFileLock


class WriterLock:
    """The right to write to a review.

    Attributes
    ----------
    reason : str or None
        Why this process may only read, in a sentence; None while it may write.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock: BaseFileLock | None = None
        self.reason: str | None = None

    def acquire(self) -> bool:
        """Try to become the writer, without waiting."""
        self.reason = self._obstacle()
        if self.reason is None:
            self._take()
        return self.reason is None

    def release(self) -> None:
        """Let another process write."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _obstacle(self) -> str | None:
        folder = self._path.parent
        if self._path.exists() and not os.access(self._path, os.W_OK):
            return (
                f"{self._path.name} may not be written to, so it is open for reading "
                "only. Change its permissions, or open a copy of it."
            )
        if not os.access(folder, os.W_OK):
            return (
                f"The folder {folder} may not be written to, so {self._path.name} is "
                "open for reading only. Change its permissions, or open a copy "
                "elsewhere."
            )
        return None

    def _take(self) -> None:
        from filelock import FileLock, Timeout

        lock = FileLock(self._path.with_name(f".{self._path.name}.lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            self.reason = (
                f"{self._path.name} is open for writing in another window or process, "
                "so it is open for reading only here. Close it there, then open it "
                "again."
            )
        except (OSError, NotImplementedError) as error:
            self.reason = (
                f"{self._path.name} cannot be locked ({error}), so it is open for "
                "reading only. Copy it to a disk that knows file locks."
            )
        else:
            self._lock = lock
