"""A survey at addresses: s3://, gs://, https://, zip:: and what else fsspec reads.

The worker that searches a cutout fetches its bytes. Many workers ask a server many
times a second: a service of cutouts that asks for a pace is for `positions`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from clump_detector.core.errors import ClumpError, ConfigError, FileError
from clump_detector.core.signatures import kind_of
from clump_detector.image_files.companions import LeftOut, companions_in_words
from clump_detector.image_files.sources import (
    Source,
    group_bands,
    is_image_name,
    kinds_by_name,
    stem,
)
from clump_detector.survey_search.items import Item

from .scratch import Known, own_folder, safe_name, write_bytes, write_known

#: Packages that read protocols.
_PACKAGES = {
    "s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "http": "aiohttp",
    "https": "aiohttp", "abfs": "adlfs", "az": "adlfs", "sftp": "paramiko",
    "ssh": "paramiko", "hf": "huggingface_hub",
}  # fmt: skip

#: What a listing or a header says of a file's content, the most reliable first.
_VERSIONS = ("ETag", "etag", "md5Hash", "Content-MD5", "CRC", "mtime", "LastModified",
             "Last-Modified", "last_modified", "updated", "created")  # fmt: skip

#: Suffixes of files whose address has none, by their first bytes.
_SUFFIXES = {
    "a FITS file": ".fits", "a PNG picture": ".png", "a JPEG picture": ".jpg",
    "a TIFF file": ".tif", "an array of numpy (.npy)": ".npy",
    "a ZIP archive": ".npz", "packed with gzip": ".fits.gz",
}  # fmt: skip


@dataclass(frozen=True)
class RemoteItem:
    """A cutout at one address, or at one for each band.

    Attributes
    ----------
    urls : tuple of str
    bands : tuple of str
        One for each of several addresses.
    known : mapping
        What a list says of its galaxy.
    listed : str
        Its stamp in the listing that found it, if that gave one. It does not travel to
        a worker, which asks anew.
    """

    urls: tuple[str, ...]
    bands: tuple[str, ...] = ()
    known: Known = field(default_factory=dict)
    listed: str = ""

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return RemoteItem, (self.urls, self.bands, self.known)

    @property
    def address(self) -> str:
        """The first address."""
        return self.urls[0]

    @property
    def name(self) -> str:
        """The name that a list gives, or else that of the file."""
        url = self.urls[0]
        part = _last_part(url)
        if not is_image_name(part):  # a question, which tells it from others
            part = url.split("::")[0].rsplit("/", 1)[-1]
        return str(self.known.get("name") or stem(Path(part)))

    def stamp(self) -> str:
        """Return what the server says of the sizes and versions of the files."""
        return self.listed or " ".join(_stamp_at(url) for url in self.urls)

    def source(self, scratch: Path) -> Source:
        """Fetch the files into the scratch folder."""
        folder = own_folder(scratch)
        paths = []
        for i, url in enumerate(self.urls):
            content = _content_at(url)
            name = safe_name(_last_part(url))
            if not is_image_name(name):
                name += _SUFFIXES.get(kind_of(content[:512]), "")
            before = f"{i}-" if len(self.urls) > 1 else ""  # of two folders, perhaps
            paths.append(folder / f"{before}{name}")
            write_bytes(content, paths[-1])
        write_known(self.known, paths[0])
        return Source(self.name, tuple(paths), self.bands)


class Remote:
    """The cutouts at an address: a file, a pattern (``*``, ``?``, ``[]``), a folder.

    Parameters
    ----------
    address : str

    Attributes
    ----------
    notes : list of str

    Raises
    ------
    ConfigError
        If a package for it is not installed.
    FileError
        If it cannot be reached, or there is no image.
    """

    def __init__(self, address: str) -> None:
        self.notes = list[str]()
        check_protocol(address)
        address = _absolute(address)
        if _is_one_file(address):
            self._items = [RemoteItem((address,))]
            return
        found = _listing(address)
        self._items, left_out = _grouped(found)
        note = companions_in_words(left_out)
        self.notes += [f"{address}: {note}"] if note else []
        if not self._items:
            raise FileError(
                f"there is no image at {address}", None, "Check the address."
            )

    @property
    def total(self) -> int:
        """How many cutouts there are."""
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        """Go through the cutouts, in order of name."""
        yield from self._items


def is_address(name: str) -> bool:
    """Return whether a name is an address of fsspec rather than a path."""
    return "://" in name or re.match(r"[a-z0-9]{2,}::", name) is not None


def _absolute(address: str) -> str:
    """Return an address whose archive on this machine has its absolute path."""
    before, mark, last = address.rpartition("::")
    return address if "://" in last else f"{before}{mark}{Path(last).absolute()}"


def _is_one_file(address: str) -> bool:
    """Return whether an address is that of a file, by how it is written."""
    first = address.split("::")[0]
    if _has_pattern(first):
        return False
    on_web = first.startswith(("http://", "https://")) and not first.endswith("/")
    return on_web or is_image_name(_path_of(address))


def _has_pattern(address: str) -> bool:
    """Return whether names are to be matched; on the web a ? begins a question."""
    on_web = address.startswith(("http://", "https://"))
    return re.search(r"[*\[]" if on_web else r"[*?\[]", address) is not None


def check_protocol(address: str) -> None:
    """Refuse an address that no installed package reads.

    Raises
    ------
    ConfigError
    """
    try:
        import fsspec
    except ImportError as error:
        raise ConfigError(
            "addresses need fsspec",
            remedy="Install it with: pip install 'napari-clumps[survey]'.",
        ) from error
    *wrappers, last = address.split("::")
    named = [part for part in (*wrappers, last) if "://" in part]
    bare = [part for part in wrappers if part and "://" not in part]
    for protocol in [*bare, *(part.split("://")[0] for part in named)]:
        try:
            fsspec.get_filesystem_class(protocol)
        except ImportError as error:
            package = _PACKAGES.get(protocol, protocol)
            raise ConfigError(
                f"addresses with {protocol}:// need the package {package}",
                remedy=f"Install it with: pip install {package}.",
            ) from error
        except ValueError as error:
            raise ConfigError(
                f"{protocol}:// is no kind of address that is known",
                remedy="Give s3://, gs://, https:// or a path.",
            ) from error


def _unreachable(address: str, error: Exception) -> ClumpError:
    reason = " ".join(str(error).split())[:160] or type(error).__name__
    if isinstance(error, FileNotFoundError):
        reason = "there is nothing"
    return FileError(
        f"{address} cannot be reached ({reason})",
        None,
        "Check the address, the network and your permissions.",
    )


def _opened(address: str) -> tuple[Any, str]:
    """Return the file system of an address, and the path in it."""
    from fsspec.core import url_to_fs

    fs, path = url_to_fs(address)
    return fs, path


def _listing(address: str) -> dict[str, str]:
    """Return the addresses of images below one, each with its stamp or ''."""
    first, mark, others = address.partition("::")
    if "://" not in first:  # zip::s3://…: all that the archive holds
        address = f"{first}://{mark}{others}"
    try:
        fs, path = _opened(address)
        found = (fs.glob if _has_pattern(first) else fs.find)(path, detail=True)
    except Exception as error:  # each protocol raises kinds of its own
        raise _unreachable(address, error) from error
    after = f"{mark}{others}" if mark else ""
    return {
        f"{fs.unstrip_protocol(name)}{after}": _stamp_of(info)
        for name, info in sorted(found.items())
        if info.get("type") != "directory"
        and info.get("size") != 0
        and is_image_name(name)
        and not PurePosixPath(name).name.startswith(".")
    }


def _grouped(found: Mapping[str, str]) -> tuple[list[RemoteItem], list[LeftOut]]:
    """Return the cutouts of a listing, and the files that accompany them."""
    by_path = {Path(_path_of(address)): address for address in found}
    folders: dict[Path, list[Path]] = {}
    for path in by_path:
        folders.setdefault(path.parent, []).append(path)
    kinds: dict[Path, str] = {}
    for paths in folders.values():
        kinds |= kinds_by_name(paths)
    items = []
    for source in group_bands([path for path in by_path if path not in kinds]):
        urls = tuple(by_path[path] for path in source.files)
        stamps = [found[url] for url in urls]
        known = {"name": source.name} if len(urls) > 1 else {}
        item = RemoteItem(urls, source.bands, known)
        items.append(replace(item, listed=" ".join(stamps) if all(stamps) else ""))
    return items, [LeftOut(path, kind) for path, kind in kinds.items()]


def _stamp_at(address: str) -> str:
    try:
        fs, path = _opened(address)
        info = fs.info(path)
    except Exception as error:  # each protocol raises kinds of its own
        raise _unreachable(address, error) from error
    return _stamp_of(info) or f"{info.get('size')}"


def _stamp_of(info: Mapping[str, Any]) -> str:
    """Return size and version of a file, or '' where only the size is known."""
    version = next((info[key] for key in _VERSIONS if info.get(key)), "")
    if isinstance(version, datetime):  # which some listings give as a number
        version = version.timestamp()
    if isinstance(version, float):
        version = f"{version:.6f}"
    return f"{info.get('size')} {version}".replace('"', "") if version else ""


def _content_at(address: str) -> bytes:
    try:
        fs, path = _opened(address)
        content = fs.cat_file(path)
    except Exception as error:  # each protocol raises kinds of its own
        raise _unreachable(address, error) from error
    if not content:
        raise FileError(f"the file at {address} is empty", None, "Get it again.")
    return bytes(content)


def _path_of(address: str) -> str:
    """Return the path in an address, without protocol, question and what is around."""
    first = address.split("::")[0]
    protocol, mark, rest = first.partition("://")
    if protocol in ("http", "https") and not _has_pattern(first):
        rest = re.split(r"[?#]", rest)[0]
    return rest if mark else first


def _last_part(address: str) -> str:
    """Return the name of the file at an address."""
    return _path_of(address).rstrip("/").rsplit("/", 1)[-1]
