"""The default path of a review file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from clump_detector.core.errors import FileError
from clump_detector.core.paths import data_folder


def review_path_for(paths: Sequence[Path]) -> Path:
    """Return the review file for images and folders.

    ``galaxies/`` gets ``galaxies/galaxies.clumps``; loose images get one in their
    folder, named after it too. Where that folder cannot be written to, the review
    is in the user's own data folder.
    """
    first = paths[0].absolute()
    folder = first if first.is_dir() else first.parent
    name = f"{folder.name or 'cutouts'}.clumps"
    beside = folder / name
    if beside.exists() or os.access(folder, os.W_OK):
        return beside
    key = hashlib.sha256(str(folder).encode()).hexdigest()[:8]
    own = data_folder() / "reviews"
    try:
        own.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            "no review can be made here or in your own data folder",
            folder,
            "Give a path for it with --review FILE.",
        ) from error
    return own / f"{folder.name}-{key}.clumps"
