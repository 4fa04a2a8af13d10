"""Creating the file of a review."""

from __future__ import annotations

import secrets
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from clump_detector.core.errors import ConfigError, FileError, ReviewError
from clump_detector.core.files import atomic_path
from clump_detector.image_files.sources import Source
from clump_detector.labels.classes.names import as_classes
from napari_clumps.review.images.cutouts import Cutouts
from napari_clumps.review.storage.connection import review_error
from napari_clumps.review.storage.schema import SCRIPT
from napari_clumps.review.storage.store import Store

from .storage import log


def create_file(
    path: Path,
    sources: Sequence[Source],
    classes: Sequence[str],
    held_out: float,
    seed: int | None,
    annotator: str | None,
) -> None:
    """Create the file of a review; `Review.create` describes the parameters.

    Parameters
    ----------
    path : path
    sources : sequence of Source
    classes : sequence of str
    held_out : float
    seed : int or None
    annotator : str or None

    Raises
    ------
    ReviewError
        If the file exists already, there is no cutout, the classes cannot be used, or
        it cannot be written; nothing is left of it then.
    """
    _refuse_invalid(path, sources, held_out)
    try:
        # Those of a survey's model may have characters that users are not to choose.
        named = as_classes(classes, there=classes)
    except ConfigError as error:
        raise ReviewError(error.what, path, error.remedy) from error
    with _new_store(path) as store:
        store.put_meta(
            id=str(uuid.uuid4()),
            created=log.now(),
            classes=list(named),
            held_out=held_out,
            seed=secrets.randbits(32) if seed is None else seed,
            annotator=annotator,
        )
        cutouts = Cutouts(store, path.parent).add_changes(sources)
        log.note(store, cutouts, annotator, log.now())


def _refuse_invalid(path: Path, sources: Sequence[Source], held_out: float) -> None:
    if path.exists():
        raise ReviewError(
            "there is a file of this name already",
            path,
            "Open it, or choose another name.",
        )
    if not sources:
        raise ReviewError("a review needs a cutout", path, "Give images or a folder.")
    if not 0 <= held_out < 1:
        raise ReviewError(
            f"{held_out} is no share to hold out", path, "Give a number from 0 to 0.9."
        )


@contextmanager
def _new_store(path: Path) -> Iterator[Store]:
    """Give the store of a new review, whose file appears when the block succeeds.

    Raises
    ------
    ReviewError
        If it cannot be written; nothing is left of it then.
    """
    try:
        with atomic_path(path) as temporary:
            store = _empty(temporary)
            try:
                with store.transaction():
                    yield store
            finally:
                store.close()
    except FileError as error:
        raise ReviewError(error.what, path, error.remedy) from error
    except ReviewError as error:
        raise ReviewError(error.what, path, error.remedy) from error


def _empty(temporary: Path) -> Store:
    connection = sqlite3.connect(temporary, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript(f"BEGIN; {SCRIPT} COMMIT;")
    except sqlite3.Error as error:
        raise review_error(error, temporary) from error
    finally:
        connection.close()
    store = Store(temporary)
    # The file is synced before it takes its name, and thrown away if that fails.
    store.rows("PRAGMA synchronous = OFF")
    store.rows("PRAGMA journal_mode = MEMORY")
    store.writable = True
    return store
