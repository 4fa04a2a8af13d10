"""A survey in tar archives, as WebDataset has them: a sample is the members of one key.

``name-000.tar`` holds ``galaxy.fits`` and ``galaxy.json``, or ``galaxy.g.fits``,
``galaxy.r.fits``, …. The headers of all members are read once, and a worker reads its
members from where they lie: nothing is unpacked, and no name of a member becomes a
path.
"""

from __future__ import annotations

import json
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from clump_detector.core.errors import FileError, ImageError, from_os_error
from clump_detector.core.signatures import refuse_special
from clump_detector.core.text import plural
from clump_detector.image_files.sources import (
    FITS_SUFFIXES,
    Source,
    group_bands,
    is_image_name,
    kinds_by_name,
)
from clump_detector.survey_search.items import Item, address_of, stamp_of

from .scratch import FailedItem, Known, own_folder, safe_name, write_bytes, write_known

#: Bytes of the longest JSON of a sample.
_MOST_JSON = 2**20

#: Columns of the table of galaxies by the keys of a sample's JSON.
_KEYS = {
    "name": "name", "ra": "ra", "dec": "dec", "pixel_scale": "pixscale",
    "psf_fwhm": "psf_fwhm", "redshift": "redshift", "ebv": "ebv",
}  # fmt: skip


@dataclass(frozen=True)
class Member:
    """A member of an archive: where its bytes are.

    Attributes
    ----------
    ending : str
        Its name after the first dot.
    offset, size : int
        In bytes.
    """

    ending: str
    offset: int
    size: int


@dataclass(frozen=True)
class ShardItem:
    """A sample of an archive.

    Attributes
    ----------
    shard : path
    key : str
    address : str
    images : tuple of Member
        One, or one for each band.
    bands : tuple of str
        One for each of several images.
    about : Member or None
        The JSON.
    """

    shard: Path
    key: str
    address: str
    images: tuple[Member, ...]
    bands: tuple[str, ...] = ()
    about: Member | None = None

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rsplit("/", 1)[-1]

    def stamp(self) -> str:
        """Return the size and time of the archive."""
        return stamp_of((self.shard,))

    def source(self, scratch: Path) -> Source:
        """Copy the images into the scratch folder, with what the JSON says."""
        folder, stem = own_folder(scratch), safe_name(self.name)
        paths = []
        try:
            with self.shard.open("rb") as file:
                for member in self.images:
                    content = _content(file, member, self.shard)
                    paths.append(folder / f"{stem}.{safe_name(member.ending)}")
                    write_bytes(content, paths[-1])
                about = self.about and _content(file, self.about, self.shard)
        except OSError as error:
            raise from_os_error(error, self.shard, "read") from error
        write_known(_known_in(about) if about else {}, paths[0])
        return Source(self.name, tuple(paths), self.bands)


class Shards:
    """The samples of archives.

    An archive that is cut off gives the samples before the cut, and a problem.

    Parameters
    ----------
    paths : sequence of path
    dataset : path, optional
        Addresses of archives below it are relative to it.

    Attributes
    ----------
    notes : list of str

    Raises
    ------
    FileError
        If an archive is missing or compressed.
    ImageError
        If there is no image in any of them.
    """

    def __init__(self, paths: Sequence[Path], dataset: Path | None = None) -> None:
        self.notes = list[str]()
        self._items: list[Item] = []
        self._left: Counter[str] = Counter()
        for path in dict.fromkeys(path.absolute() for path in paths):
            self._items += self._samples(path, address_of(path, dataset))
        if all(isinstance(item, FailedItem) for item in self._items):
            for item in self._items:
                item.source(path)  # raises why
            raise ImageError(
                "there is no image in this archive",
                paths[0] if paths else None,
                "Members are named key.fits, key.png, key.g.fits, ….",
            )
        self.notes += [
            f"Left out of {plural(len(paths), 'archive')}: "
            + "; ".join(f"{what} ({n:,})" for what, n in sorted(self._left.items()))
            + "."
        ] * bool(self._left)

    @property
    def total(self) -> int:
        """How many samples with an image there are."""
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        """Go through the samples, archive by archive."""
        yield from self._items

    def _samples(self, path: Path, address: str) -> Iterator[Item]:
        """Yield the samples of an archive, and a problem where it is cut off."""
        samples: dict[str, dict[str, Member]] = {}
        broken = ""
        for info in _members(path):
            if isinstance(info, str):
                broken = info
            else:
                self._add(info, samples)
        for key, members in samples.items():
            item = self._sample(path, f"{address}::{key}", key, members)
            if item is not None:
                yield item
        if broken:
            words = f"this archive is cut off or damaged after {len(samples):,} samples"
            error = FileError(f"{words} ({broken})", path, "Get it again.")
            yield FailedItem(address, path.name, error, (path,))

    def _add(
        self, info: tarfile.TarInfo, samples: dict[str, dict[str, Member]]
    ) -> None:
        """Sort a member to its sample, or count why it is left out."""
        if info.isdir():
            return
        if not info.isreg() or info.issparse():
            self._left["links, devices or sparse files"] += 1
            return
        # Names that are no text are made one, which the tables of the dataset need.
        name = info.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        folder, _, last = name.rpartition("/")
        stem, dot, ending = last.partition(".")
        if not stem or not dot or "__MACOSX" in folder:
            self._left["members without a key and a suffix"] += 1
            return
        members = samples.setdefault(f"{folder}/{stem}" if folder else stem, {})
        if ending in members:
            self._left["members that come again, but for the last one"] += 1
        members[ending] = Member(ending, info.offset_data, info.size)

    def _sample(
        self, path: Path, address: str, key: str, members: Mapping[str, Member]
    ) -> ShardItem | None:
        """Return the item of a sample, or None where it has no image."""
        about = next((m for e, m in members.items() if e.lower() == "json"), None)
        endings, bands, further = _chosen(
            tuple(e for e, m in members.items() if m.size)
        )
        if not endings:
            self._left["samples without an image"] += 1
            return None
        if further:
            self._left["further images of a sample"] += further
        images = tuple(members[ending] for ending in endings)
        return ShardItem(path, key, address, images, bands, about)


@lru_cache(maxsize=1024)
def _chosen(endings: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """Return which members of a sample are its image, their bands, and what is left.

    Most samples of an archive have members with the same endings.
    """
    images = {Path(f"x.{e}"): e for e in endings if is_image_name(f"x.{e}")}
    kinds = kinds_by_name(list(images))
    found = sorted(group_bands([p for p in images if p not in kinds]), key=_rank)
    if not found:
        return (), (), 0
    return tuple(images[p] for p in found[0].files), found[0].bands, len(found) - 1


def _rank(source: Source) -> tuple[bool, bool, bool, str]:
    """Return the sort key of a sample's images: bands, FITS, others, JPEG at last."""
    name = source.path.name.lower()
    is_fits, is_jpeg = name.endswith(FITS_SUFFIXES), name.endswith((".jpg", ".jpeg"))
    return not source.bands, not is_fits, is_jpeg, source.path.name


def _members(path: Path) -> Iterator[tarfile.TarInfo | str]:
    """Yield the members of an archive, and at last why it ends too early, if so."""
    refuse_special(path)
    try:
        _refuse_packed(path)
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as archive:
            while (info := archive.next()) is not None:
                yield info
                archive.members = []  # type: ignore[attr-defined] # which would hold every header in memory
            file.seek(archive.offset)
            block = file.read(tarfile.BLOCKSIZE)
            if len(block) < tarfile.BLOCKSIZE or any(block):
                # Python's reader takes a broken header for the end.
                yield "a header is damaged" if block else "its end is missing"
    except tarfile.TarError as error:
        yield " ".join(str(error).split()) or type(error).__name__
    except OSError as error:
        raise from_os_error(error, path, "read") from error


def _refuse_packed(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(6)
    if start.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd")):
        raise FileError(
            "this archive is compressed, so that no member can be read by itself",
            path,
            "Unpack it to a plain .tar (gunzip, bunzip2, unxz or unzstd).",
        )


def _content(file: Any, member: Member, shard: Path) -> bytes:
    file.seek(member.offset)
    content = bytes(file.read(member.size))
    if len(content) < member.size:
        raise FileError("this archive is cut off", shard, "Get it again.")
    return content


def _known_in(content: bytes) -> Known:
    """Return what the JSON of a sample says of its galaxy."""
    try:
        if len(content) > _MOST_JSON:
            raise ValueError("it is too long")
        found = json.loads(content)
        if not isinstance(found, dict):
            raise TypeError("it is no object")
        widths = found.get("psf_fwhm")
        if isinstance(widths, dict):  # by band
            found |= {f"psf_fwhm_{b}": _number(w) for b, w in widths.items()}
        named = {c: found[k] for k, c in _KEYS.items() if found.get(k) is not None}
        by_band = {k: v for k, v in found.items() if k.startswith("psf_fwhm_")}
        return {
            column: str(value) if column == "name" else _number(value)
            for column, value in (named | by_band).items()
            if not isinstance(value, dict)
        }
    except (ValueError, TypeError, RecursionError) as error:
        raise ImageError(
            f"its JSON cannot be read ({error})", None, "Write it again."
        ) from error


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(f"{value!r} is no number")
    return float(value)
