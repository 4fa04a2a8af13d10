"""Writing to a review: one transaction a decision, in memory where the disk refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias, TypeVar

from clump_detector.core.errors import ReviewError
from napari_clumps.review.storage.connection import DiskError
from napari_clumps.review.storage.fallback import MemoryFallback
from napari_clumps.review.storage.records import Change
from napari_clumps.review.storage.store import Store

from .rules import Signature
from .storage import log

Result = TypeVar("Result")

#: Gives the changes of a decision; None among them where nothing would change.
Rule: TypeAlias = Callable[[Signature], Sequence[Change | None]]


class Recorder:
    """Writes decisions and other changes to a review's file.

    Parameters
    ----------
    store : Store
    read_only_reason : str or None
        Why nothing can be written, in sentences.
    on_changed : callable
        Called with each cutout that a transaction has changed, once it is committed.
    on_waiting : callable
        Called with the reason where the disk refused and decisions wait in memory from
        now on, and with an empty text when all of them are on disk again.
    """

    def __init__(
        self,
        store: Store,
        read_only_reason: str | None,
        on_changed: Callable[[int], None],
        on_waiting: Callable[[str], None],
    ) -> None:
        self._store = store
        self._read_only_reason = read_only_reason
        self._on_changed = on_changed
        self._on_waiting = on_waiting
        self._fallback = MemoryFallback(store)

    # -- transactions -------------------------------------------------------

    def decide(self, rule: Rule, annotator: str | None) -> list[Change]:
        """Log the changes of a rule as one step of undo, and return them.

        Parameters
        ----------
        rule : callable
            Called inside the transaction; twice where the disk refuses.
        annotator : str or None
        """

        def write() -> list[Change]:
            touched: list[int] = []
            with self.writing(touched):
                signature = Signature(annotator, log.now())
                changes = [change for change in rule(signature) if change is not None]
                if changes:
                    log.decide(self._store, changes, annotator, signature.time)
                    touched += [change.cutout for change in changes]
            return changes

        return self._write(write)

    def travel(self, kind: str, annotator: str | None) -> int | None:
        """Undo or redo a step; return the cutout it touched, None without a step.

        Parameters
        ----------
        kind : str
            ``undo`` or ``redo``.
        annotator : str or None
        """

        def write() -> int | None:
            touched: list[int] = []
            with self.writing(touched):
                touched += log.travel(self._store, kind, annotator)
            return touched[0] if touched else None

        return self._write(write)

    def note(
        self,
        changes: Iterable[Change],
        annotator: str | None,
        touched: Iterable[int] = (),
    ) -> None:
        """Log changes that are no decision of the user.

        Parameters
        ----------
        changes : iterable of Change
        annotator : str or None
        touched : iterable of int
            Cutouts to announce as changed.
        """
        with self.writing(touched):
            log.note(self._store, changes, annotator, log.now())

    def remember(self, **values: object) -> None:
        """Write values that are no decision, unless the review is read-only."""

        def write() -> None:
            if self._read_only_reason is None:
                with self._store.transaction():
                    self._store.put_meta(**values)

        self._write(write)

    @contextmanager
    def writing(self, touched: Iterable[int]) -> Iterator[None]:
        """Run a block as one transaction, then announce the cutouts it touched.

        Parameters
        ----------
        touched : iterable of int
            The block may still add to it.

        Raises
        ------
        ReviewError
            If the review is read-only, or the disk refuses; nothing has changed then.
        """
        if self._read_only_reason is not None:
            raise ReviewError(self._read_only_reason)
        with self._store.transaction():
            yield
        for cutout_id in dict.fromkeys(touched):
            self._on_changed(cutout_id)

    # -- a disk that refuses ------------------------------------------------

    def wait_for_disk(self) -> None:
        """Continue in memory from now on where the disk refuses, instead of raising.

        Raises
        ------
        ReviewError
            If the file cannot be read.
        """
        if self._read_only_reason is None:
            self._store.mirror()
            self._store.rescue = self._wait

    @property
    def waiting(self) -> bool:
        """Whether decisions wait in memory for the disk."""
        return self._fallback.used

    def write_back(self) -> bool:
        """Try to write the decisions in memory; return whether all are on disk."""
        if self.waiting:
            try:
                self._fallback.leave()
            except ReviewError:
                return False
            self._on_waiting("")
        return True

    def save_copy(self, path: Path) -> None:
        """Write the whole review to another file, with the decisions in memory."""
        self._fallback.save_copy(path)

    def _write(self, write: Callable[[], Result]) -> Result:
        """Write to the file, or to memory after `wait_for_disk` if the disk refuses."""
        self.write_back()
        try:
            return write()
        except DiskError as error:
            if not self._wait(error):
                raise
            return write()

    def _wait(self, error: ReviewError) -> bool:
        """Continue in memory after `wait_for_disk`; return whether that is so."""
        if not isinstance(error, DiskError) or not self._fallback.ready:
            return False
        self._fallback.enter()
        self._on_waiting(error.what)
        return True
