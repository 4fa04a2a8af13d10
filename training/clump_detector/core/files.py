"""Reading and writing files; what is written is complete or not there at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .errors import FileError, from_os_error
from .signatures import refuse_special, what_it_is


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path that replaces ``path`` when the block ends without error.

    The content is on disk before the file is renamed, so neither a kill nor a full
    disk leaves half a file.

    Parameters
    ----------
    path : path
        The final file; missing parent folders are created.

    Yields
    ------
    path
        The temporary file, empty, in the same folder.

    Raises
    ------
    FileError
        If the folder cannot be written to or the disk is full.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent
        )
        os.close(handle)
    except OSError as error:
        raise from_os_error(error, path, "write") from error
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise from_os_error(error, path, "write") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(folder: str | Path) -> Iterator[Path]:
    """Give a temporary folder that becomes ``folder`` when the block ends well.

    Raises
    ------
    FileError
        If the folder exists and is not empty, or cannot be written.
    """
    folder = Path(folder)
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise FileError(
                "a file or a folder with content has this name already",
                folder,
                "Choose another name for the folder.",
            )
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise from_os_error(error, folder, "write") from error
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        temporary.replace(folder)
    except OSError as error:
        raise from_os_error(error, folder, "write") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def to_disk(path: Path) -> None:
    """Have the system write a file, or a folder's list of files, to the disk.

    Raises
    ------
    OSError
        If it cannot.
    """
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folders
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: str | Path, text: str) -> None:
    """Write a text file in UTF-8, completely or not at all.

    Parameters
    ----------
    path : path
    text : str

    Raises
    ------
    FileError
        If it cannot be written.
    """
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, content: object) -> None:
    """Write JSON with an indent of one, completely or not at all.

    Parameters
    ----------
    path : path
    content : anything that JSON can hold

    Raises
    ------
    FileError
        If it cannot be written.
    ValueError
        If the content holds NaN or infinity.
    """
    write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    FileError
        If the file cannot be read or is not JSON.
    """
    path = Path(path)
    refuse_special(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise from_os_error(error, path, "read") from error
    except (ValueError, RecursionError) as error:
        real = what_it_is(path).removesuffix("JSON or another text")
        why = f"it is {real}" if real else str(error)
        raise FileError(
            f"this is not valid JSON ({why})", path, "Create the file again."
        ) from error


def relative_path(path: str | Path, folder: str | Path) -> str:
    """Return a path as seen from a folder, with ``/`` between its parts.

    What is not below the folder is reached by ``..``, which the system follows from
    where the folder really is: of a folder behind a link (``/tmp`` and ``/var`` on
    macOS), links are resolved, so that the path leads to the file.

    Parameters
    ----------
    path, folder : path
        Relative ones are taken from the current folder.

    Returns
    -------
    str
        The absolute path where there is none from the folder (another drive).
    """
    # Not `Path.absolute`, which keeps `..` in the folder.
    file, start = Path(os.path.abspath(path)), Path(os.path.abspath(folder))  # noqa: PTH100
    if not file.is_relative_to(start) and start.resolve() != start:
        file, start = file.parent.resolve() / file.name, start.resolve()
    try:
        return Path(os.path.relpath(file, start)).as_posix()
    except ValueError:  # another drive on Windows
        return file.as_posix()


def sha256(path: str | Path) -> str:
    """Return the hexadecimal SHA-256 of a file's bytes.

    Raises
    ------
    FileError
        If the file cannot be read.
    """
    path = Path(path)
    refuse_special(path)
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise from_os_error(error, path, "read") from error
