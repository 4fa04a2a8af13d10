"""The format of a file by its first bytes, for messages about misleading names."""

from __future__ import annotations

import stat
from pathlib import Path

from .errors import FileError

#: First bytes and the format that has them; the first match counts.
_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\0", "a TIFF file"),
    (b"MM\0*", "a TIFF file"),
    (b"II+\0", "a TIFF file"),
    (b"MM\0+", "a TIFF file"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"8BPS", "a Photoshop file"),
    (b"SIMPLE  =", "a FITS file"),
    (b"\x93NUMPY", "an array of numpy (.npy)"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"#ASDF", "an ASDF file"),
    (b"PAR1", "a Parquet table"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "packed with gzip"),
    (b"BZh", "packed with bzip2"),
    (b"\xfd7zXZ\0", "packed with xz"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"version https://git-lfs", "a pointer of Git LFS, not the file itself"),
)

#: The same for texts, in lower case and without leading blanks.
_TEXTS: tuple[tuple[bytes, str], ...] = (
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"<votable", "a VOTable"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "XML"),
    (b"# region file format: ds9", "DS9 regions"),
    (b"{", "JSON or another text"),
    (b"[", "JSON or another text"),
)

_BRANDS = {b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIC", b"avif": "AVIF"}

#: Suffixes of the formats.
_ENDINGS: dict[str, tuple[str, ...]] = {
    "a PNG picture": (".png",),
    "a JPEG picture": (".jpg", ".jpeg"),
    "a TIFF file": (".tif", ".tiff"),
    "a FITS file": (".fits", ".fit", ".fts", ".fz"),
    "packed with gzip": (".gz",),
    "packed with bzip2": (".bz2",),
    "an array of numpy (.npy)": (".npy",),
    "a ZIP archive": (".npz", ".zip"),
}

#: Remedy for a file whose suffix is that of another format.
AS_IT_IS = (
    "Give it the suffix of its real format if that can be read, or download or save "
    "it again as PNG, TIFF or FITS."
)

_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def what_it_is(path: Path) -> str:
    """Return the format of a file by its first bytes, with an article, or ''."""
    try:
        refuse_special(path)
        with path.open("rb") as file:
            start = file.read(512)
    except (OSError, FileError):
        return ""
    return kind_of(start)


def belied(path: Path) -> str:
    """Return a file's format where its suffix is that of another one, or ''."""
    real = what_it_is(path)
    return "" if path.name.lower().endswith(_ENDINGS.get(real, ())) else real


def kind_of(start: bytes) -> str:
    """Return the format that the first bytes of a file belong to, or ''."""
    if not start:
        return "an empty file"
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "a WebP picture"
    if start[:2] == b"BM" and start[6:10] == bytes(4):
        return "a BMP picture"
    if start[4:8] == b"ftyp":
        brand = _BRANDS.get(start[8:12])
        return f"a {brand} picture" if brand else "a video"
    for mark, name in _STARTS:
        if start.startswith(mark):
            return name
    text = start.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    for mark, name in _TEXTS:
        if text.startswith(mark):
            return "a web page" if b"<html" in text else name
    return ""


def refuse_special(path: Path) -> None:
    """Refuse a pipe or a device, which one could wait for for ever.

    A missing file passes: opening it raises. Links are followed.

    Raises
    ------
    FileError
        If the path is a pipe, a socket or a device.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return
    for fits, name in _KINDS:
        if fits(mode):
            raise FileError(
                f"this is {name}, not a file",
                path,
                "Save its content as a file first.",
            )
