"""Reading files, compressed or not, within a limit of their size."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from pathlib import Path

from clump_detector.core.errors import LabelError, from_os_error
from clump_detector.core.signatures import kind_of, refuse_special

#: Greatest size of a file, unpacked, in bytes; the published catalogues have less than
#: a fifth of it.
MOST_BYTES = 300_000_000

_PIECE = 1 << 20

#: Suffixes of compressed files.
PACKED = (".gz", ".zip")


def read_bytes(path: Path, most: int | None = None) -> bytes:
    """Return the bytes of a file, unpacked.

    Parameters
    ----------
    path : Path
    most : int, optional
        Greatest size in bytes, unpacked; by default `MOST_BYTES`.

    Raises
    ------
    LabelError
        If it is damaged or larger.
    FileError
        If it cannot be read.
    """
    most = MOST_BYTES if most is None else most
    refuse_special(path)
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if start[:2] == b"\x1f\x8b":
            with gzip.open(path) as packed:
                return _read(packed, path, most)
        if start == b"PK\x03\x04":
            return _read_zip(path, most)
        with path.open("rb") as file:
            return _read(file, path, most)
    except (EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError) as error:
        raise _damaged(path, error) from error
    except OSError as error:
        if error.errno is None:  # gzip's own
            raise _damaged(path, error) from error
        raise from_os_error(error, path, "read") from error


def read_text(
    path: Path, most: int | None = None, *, notes: list[str] | None = None
) -> str:
    """Return a file's text: UTF-8, UTF-16, or else Latin-1.

    Parameters
    ----------
    path : Path
    most : int, optional
        Greatest size in bytes, unpacked; by default `MOST_BYTES`.
    notes : list of str, optional
        A sentence is added, once, if the encoding was guessed.

    Raises
    ------
    LabelError
        If it is damaged, too large, or not text.
    FileError
        If it cannot be read.
    """
    content = read_bytes(path, most)
    real = kind_of(content[:512])
    if _is_binary(content[:512], real):
        what = f"this is {real}" if real else "it has bytes of zero"
        raise LabelError(
            f"this is not text: {what.removeprefix('this is ')}",
            path,
            "Get the file again.",
        )
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decoded(content, "utf-16", path)
    try:
        return _no_zeros(content.decode("utf-8-sig"), path)
    except UnicodeDecodeError:
        note = "Some text is not UTF-8; its letters were read as Latin-1."
        if notes is not None and note not in notes:
            notes.append(note)
        return _decoded(content, "latin-1", path)


def _is_binary(start: bytes, real: str) -> bool:
    """Return whether the first bytes of a file are not text in any encoding."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    known = real and not real.startswith(("an empty", "JSON", "XML", "DS9", "a VOT"))
    texts = ("a web page", "an SVG drawing", "a pointer of Git LFS")
    return bool(known) and not real.startswith(texts)


def _decoded(content: bytes, encoding: str, path: Path) -> str:
    try:
        return _no_zeros(content.decode(encoding), path)
    except UnicodeDecodeError as error:
        raise LabelError(
            f"this is not valid {encoding.upper()} (byte {error.start:,})",
            path,
            "Save it as UTF-8, or get it again.",
        ) from error


def _no_zeros(text: str, path: Path) -> str:
    if "\0" in text:
        raise LabelError(
            "this is not text: it has bytes of zero", path, "Get the file again."
        )
    return text


def is_inside(path: Path, folder: Path) -> bool:
    """Return whether a file is in a folder after links are resolved.

    Parameters
    ----------
    path : Path
    folder : Path
    """
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # circular links
        return False


def plain_suffix(path: Path) -> str:
    """Return a file's suffix in lower case, without that of its compression."""
    name = path.name.lower()
    for packed in PACKED:
        name = name.removesuffix(packed)
    return Path(name).suffix


def _read(file: io.BufferedIOBase | gzip.GzipFile, path: Path, most: int) -> bytes:
    pieces, size = [], 0
    while piece := file.read(_PIECE):
        size += len(piece)
        if size > most:
            raise LabelError(
                f"it is larger than {most / 1e6:,.0f} MB, the limit for such a file",
                path,
                "Check that it is the right file, or give a part of it.",
            )
        pieces.append(piece)
    return b"".join(pieces)


def _read_zip(path: Path, most: int) -> bytes:
    with zipfile.ZipFile(path) as packed:
        inside = [
            info
            for info in packed.infolist()
            if not info.is_dir() and not info.filename.startswith("__MACOSX")
        ]
        if len(inside) != 1:
            raise LabelError(
                f"this archive holds {len(inside)} files", path, "Unpack it first."
            )
        try:
            with packed.open(inside[0]) as file:
                return _read(file, path, most)  # type: ignore[arg-type]
        except RuntimeError as error:  # a password
            raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> LabelError:
    reason = (str(error) or type(error).__name__).splitlines()[0][:120]
    return LabelError(f"this file is damaged ({reason})", path, "Get the file again.")
