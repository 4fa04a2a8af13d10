"""An open review file: its tables, who may write to it, and what never changes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .lock import WriterLock
from .store import Store


@dataclass(frozen=True)
class ReviewFile:
    """A review's file while it is open.

    Attributes
    ----------
    path : path
        Absolute.
    store : Store
        Its tables.
    lock : WriterLock or None
        None where it was opened for reading only.
    read_only_reason : str or None
        Why nothing can be written, in sentences.
    id : str
        Of the review.
    annotator : str or None
        Name of the reviewer who made it.
    unit : str
        Unit of fluxes whose header names none, or an empty text.
    """

    path: Path
    store: Store
    lock: WriterLock | None
    read_only_reason: str | None
    id: str
    annotator: str | None
    unit: str

    @classmethod
    def open(cls, path: Path, *, read_only: bool) -> ReviewFile:
        """Open a file; for reading only if another process has it for writing.

        Parameters
        ----------
        path : path
            Absolute.
        read_only : bool

        Raises
        ------
        ReviewError
            If it is no review, is damaged, or was made by a newer program.
        """
        store = Store(path)
        try:
            meta = store.meta()
            lock = None if read_only else WriterLock(path)
            reason = None
            if lock is None:
                reason = f"{path.name} was opened for reading only."
            elif lock.acquire():
                store.writable = True
            else:
                reason = lock.reason
            opened = cls(
                path, store, lock, reason, meta["id"], meta["annotator"],
                 meta.get("unit", ""),
            )  # fmt: skip
            store.bring_up_to_date()
        except BaseException:
            store.close()
            raise
        return opened

    def close(self) -> None:
        """Close the file and let others write to it. May be called again."""
        self.store.close()
        if self.lock is not None:
            self.lock.release()
