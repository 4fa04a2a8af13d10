"""What models say of the cutouts of a review beside their boxes, kept beside its file.

Embeddings of cutouts are kept for each encoder, boxes for each model. They can be made
again at any time: nothing a person decided is here.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.errors import from_os_error
from clump_detector.images.host_profile import VALUES
from clump_detector.models.described import Description

from .records import Fields, RecordFile

#: Models whose boxes are kept: the current one, and the one before it.
MODELS = 2

_CUTOUTS, _BOXES, _SUFFIX = "cutouts", "boxes", ".bin"

#: What galaxies look like, which no encoder says.
_PROFILES = f"profiles-{VALUES}"

_PROFILE_FIELDS: Fields = [("profile", "<f2", (VALUES,))]

#: Fields of a box that are taken from a description as they are.
_NUMBERS = ("score", "mean", "spread", "information", "unseen")


class Features:
    """Embeddings and boxes that models described, of the cutouts of one review.

    Parameters
    ----------
    folder : path
        Made when something is kept first.
    writable : bool
        Whether something may be kept.
    """

    def __init__(self, folder: Path, *, writable: bool) -> None:
        self.folder, self.writable = folder, writable
        self._files: dict[str, RecordFile] = {}

    # -- writing ------------------------------------------------------------

    def take(
        self, cutout_id: int, model_id: str, mtime: float, description: Description
    ) -> None:
        """Keep what a model says of a cutout; it replaces what it said before.

        Parameters
        ----------
        cutout_id : int
        model_id : str
        mtime : float
            Time of the last change of the cutout's files, in seconds.
        description : Description

        Raises
        ------
        FileError
            If the disk is full or cannot be written to.
        """
        n, size = len(description.boxes), len(description.vector)
        each = description.vectors.shape[1]
        boxes = self._file(_box_name(model_id, each), _box_fields(each))
        new_model = not boxes.path.exists()
        rows = np.zeros(max(n, 1), boxes.dtype)
        rows["empty"] = n == 0
        if n:
            rows["corners"], rows["found"] = description.boxes, description.found
            rows["votes"], rows["heads"] = description.votes, description.heads
            rows["ensemble"] = description.ensemble
            rows["vector"] = description.vectors
            for name in _NUMBERS:
                rows[name] = getattr(description, name)
        cutouts = self._file(
            f"{_CUTOUTS}-{description.encoder}-{size}", _cutout_fields(size)
        )
        row = np.zeros(1, cutouts.dtype)
        row["mtime"], row["vector"] = mtime, description.vector
        cutouts.add(cutout_id, row)
        profiles = self._file(_PROFILES, _PROFILE_FIELDS)
        seen = np.zeros(1, profiles.dtype)
        seen["profile"] = description.profile
        profiles.add(cutout_id, seen)
        # Last: a cutout counts as described once its boxes are there.
        boxes.add(cutout_id, rows)
        if new_model:
            self._remove_old_models(boxes.path)

    def _remove_old_models(self, new: Path) -> None:
        """Remove the boxes of all models but a new one and the newest before it."""
        try:
            files = [p for p in self.folder.glob(f"{_BOXES}-*{_SUFFIX}") if p != new]
            files.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
            for path in files[MODELS - 1 :]:
                path.unlink()
                self._files.pop(path.stem, None)
        except OSError as error:
            raise from_os_error(error, self.folder, "write") from error

    def _file(self, name: str, fields: Fields) -> RecordFile:
        if name not in self._files:
            path = self.folder / f"{name}{_SUFFIX}"
            self._files[name] = RecordFile(path, fields)
        return self._files[name]

    # -- reading ------------------------------------------------------------

    def boxes(self, model_id: str) -> NDArray[np.void]:
        """Return the boxes that a model described, ordered by cutout.

        Parameters
        ----------
        model_id : str

        Returns
        -------
        structured array of shape (n,)
            With ``cutout``, ``corners`` (4,), ``found``, ``score``, ``mean``,
            ``spread``, ``information``, ``unseen``, ``votes``, ``heads``,
            ``ensemble`` and ``vector`` (channels,); see `Description`.

        Raises
        ------
        FileError
            If they cannot be read.
        """
        return _with_boxes(self._of_model(model_id).newest())

    def boxes_on(self, model_id: str, cutout_id: int) -> NDArray[np.void]:
        """Return the boxes that a model described on one cutout, as `boxes` does.

        Parameters
        ----------
        model_id : str
        cutout_id : int

        Raises
        ------
        FileError
            If they cannot be read.
        """
        return _with_boxes(self._of_model(model_id).of(cutout_id))

    def described(self, model_id: str) -> set[int]:
        """Return the cutouts that a model described, those without a box among them.

        One whose profile is not known is not: earlier versions did not measure it.
        """
        profiles = self._file(_PROFILES, _PROFILE_FIELDS)
        return self._of_model(model_id).cutouts() & profiles.cutouts()

    def _of_model(self, model_id: str) -> RecordFile:
        stem = _stem(_BOXES, model_id)
        found = self._newest_file(f"{stem}-*{_SUFFIX}") or f"{stem}-0"
        return self._file(found, _box_fields(_size(found)))

    def vectors(
        self, encoder: str = ""
    ) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
        """Return the embeddings of cutouts, without those that are not finite.

        Parameters
        ----------
        encoder : str
            As in `Description`; without it, the one that was written last.

        Returns
        -------
        (int array of shape (n,), float16 array of shape (n, channels))
            Ids of the cutouts in rising order, and their embeddings.

        Raises
        ------
        FileError
            If they cannot be read.
        """
        rows = self._of_encoder(encoder).newest()
        vectors = rows["vector"]
        good = np.isfinite(vectors).all(axis=1)
        return rows["cutout"][good].astype(np.int64), vectors[good]

    def profiles(self, cutout_ids: NDArray[np.int64]) -> NDArray[np.float16]:
        """Return what galaxies look like.

        Parameters
        ----------
        cutout_ids : int array of shape (n,)

        Returns
        -------
        float16 array of shape (n, VALUES)
            See `clump_detector.images.host_profile`; not a number where it is unknown.

        Raises
        ------
        FileError
            If they cannot be read.
        """
        rows = self._file(_PROFILES, _PROFILE_FIELDS).newest()
        found = np.full((len(cutout_ids), VALUES), np.nan, np.float16)
        if len(rows):
            place = np.searchsorted(rows["cutout"], cutout_ids)
            place = np.minimum(place, len(rows) - 1)
            known = rows["cutout"][place] == cutout_ids
            found[known] = rows["profile"][place[known]]
        return found

    def time_of(self, cutout_id: int) -> float | None:
        """Return when a cutout's files had been changed last as it was described.

        None where it was not, by the encoder that was used last.
        """
        rows = self._of_encoder("").of(cutout_id)
        return float(rows["mtime"][0]) if len(rows) else None

    def _of_encoder(self, encoder: str) -> RecordFile:
        found = self._newest_file(f"{_CUTOUTS}-{encoder or '*'}-*{_SUFFIX}")
        found = found or f"{_CUTOUTS}-none-0"
        return self._file(found, _cutout_fields(_size(found)))

    def _newest_file(self, pattern: str) -> str:
        """Return the name, without its ending, of the newest file; empty if none is."""
        try:
            files = list(self.folder.glob(pattern))
            newest = max(files, key=lambda p: p.stat().st_mtime_ns, default=Path())
            return newest.stem
        except OSError as error:
            raise from_os_error(error, self.folder, "read") from error


def _cutout_fields(size: int) -> Fields:
    return [("mtime", "<f8"), ("vector", "<f2", (size,))]


def _box_fields(size: int) -> Fields:
    return [
        ("empty", "?"), ("found", "?"), ("ensemble", "?"),
        ("corners", "<f8", (4,)), *((name, "<f4") for name in _NUMBERS),
        ("votes", "<u2"), ("heads", "<u2"), ("vector", "<f2", (size,)),
    ]  # fmt: skip


def _stem(kind: str, model_id: str) -> str:
    """Return the beginning of a file's name, which any system takes."""
    digest = hashlib.sha256(model_id.encode()).hexdigest()[:8]
    return f"{kind}-{re.sub(r'[^A-Za-z0-9_]+', '_', model_id)[:60]}-{digest}"


def _box_name(model_id: str, size: int) -> str:
    return f"{_stem(_BOXES, model_id)}-{size}"


def _size(name: str) -> int:
    """Return how many values an embedding has, which is the end of a file's name."""
    return int(name.rsplit("-", 1)[1])


def _with_boxes(rows: NDArray[np.void]) -> NDArray[np.void]:
    """Return the records of boxes, without those of cutouts that have none."""
    return np.asarray(rows[~rows["empty"]])
