"""The arrays in HDF5 files and Zarr folders: names, attributes and files of chunks."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from clump_detector.core.errors import ConfigError, FileError
from clump_detector.core.signatures import refuse_special

HDF5_SUFFIXES = (".h5", ".hdf5", ".hdf", ".he5")
ZARR_SUFFIXES = (".zarr", ".zarr.zip")

#: Files that a Zarr folder, or an array in it, is described by.
_ZARR_FILES = ("zarr.json", ".zarray", ".zgroup")


def is_zarr(path: Path) -> bool:
    """Return whether a path is a Zarr folder, or the ZIP of one."""
    if path.name.lower().endswith(ZARR_SUFFIXES):
        return True
    return path.is_dir() and any((path / name).is_file() for name in _ZARR_FILES)


@contextmanager
def arrays_of(path: Path) -> Iterator[Mapping[str, Any]]:
    """Give the arrays of a file by their names; those behind links are left out."""
    refuse_special(path)
    if not path.exists():
        raise FileError("no such file or folder", path, "Check the path.")
    try:
        if is_zarr(path):
            yield from _zarr(path)
        else:
            yield from _hdf5(path)
    except ImportError as error:
        raise ConfigError(
            f"this needs the package {error.name}",
            path,
            "Install it with: pip install 'napari-clumps[survey]'.",
        ) from error


def _hdf5(path: Path) -> Iterator[Mapping[str, Any]]:
    import h5py

    try:
        file = h5py.File(path, "r", locking=False)  # many workers read it at once
    except (OSError, ValueError) as error:
        raise damaged(path, error) from error
    with file:
        found: dict[str, Any] = {}

        def take(name: str, value: Any) -> None:
            if isinstance(value, h5py.Dataset):
                found[name] = value

        file.visititems(take)
        yield found


def _zarr(path: Path) -> Iterator[Mapping[str, Any]]:
    import zarr

    store: Any = path if path.is_dir() else zarr.storage.ZipStore(path, mode="r")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as on types of a version to come
            root = zarr.open(store, mode="r")
            every = [] if isinstance(root, zarr.Array) else root.members(max_depth=None)
            found = {name: v for name, v in every if isinstance(v, zarr.Array)}
            found |= {"": root} if isinstance(root, zarr.Array) else {}
    except Exception as error:  # zarr raises many kinds
        raise damaged(path, error) from error
    try:
        yield found
    finally:
        if not path.is_dir():
            store.close()


def damaged(path: Path, error: Exception) -> FileError:
    """Return what to raise for an error of either library."""
    reason = " ".join(str(error).split())[:140] or type(error).__name__
    return FileError(
        f"this is damaged, or no HDF5 file or Zarr folder ({reason})",
        path,
        "Get it again.",
    )


def attributes(arrays: Mapping[str, Any], name: str) -> dict[str, object]:
    """Return the attributes of an array and of the groups that it is in, by lower name.

    Those of the array count before those of its groups.
    """
    said: dict[str, object] = {}
    array = arrays[name]
    for owner in (*_groups_of(array), array):
        said |= {key.lower(): plain(value) for key, value in owner.attrs.items()}
    return said


def _groups_of(array: Any) -> Iterator[Any]:
    """Yield the groups that an array is in, the outermost first."""
    if hasattr(array, "parent"):  # h5py
        yield array.file
        yield array.parent
        return
    import zarr

    parts = array.path.split("/") if array.path else []
    for n in range(len(parts)):
        yield zarr.open_group(array.store, path="/".join(parts[:n]), mode="r")


def chunk_files(array: Any, path: Path, name: str) -> Callable[[int], tuple[Path, ...]]:
    """Return a function from a row to the files that hold it."""
    if not path.is_dir():
        return lambda row: (path,)
    folder = path / name
    meta = next((folder / f for f in _ZARR_FILES if (folder / f).is_file()), path)
    rows = (getattr(array, "shards", None) or array.chunks)[0]
    others = (0,) * (len(array.shape) - 1)

    def files(row: int) -> tuple[Path, ...]:
        return meta, folder / array.metadata.encode_chunk_key((row // rows, *others))

    return files


def plain(value: object) -> object:
    """Return a value of an attribute or a row in Python's own types."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
