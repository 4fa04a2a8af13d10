"""Matching labels to cutouts: by file name, object id, or position on the sky.

A name is compared with the names of files, stems and cutouts, in any case, and then
with the name it had before a program renamed it. A number of six digits or more in a
cutout's name is an id.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from clump_detector.galaxies.galaxy import Galaxy
from clump_detector.image_files.sources import SUFFIXES, Source
from clump_detector.image_files.sources import stem as image_stem
from clump_detector.labels.external import ForeignBox, Size

from .renamed import (
    ROBOFLOW,
    earlier_names,
    plain_path,
    simplified,
    without_picture_ending,
)

#: Least digits of an id; shorter numbers are ambiguous.
_DIGITS = 6
_NUMBER = re.compile(rf"\d{{{_DIGITS},30}}")


#: Whether a name is a file's with its suffix, whether in the same case, and the number
#: of matching folders.
Rank = tuple[bool, bool, int]


@dataclass(frozen=True)
class Known:
    """A cutout to match labels with.

    Attributes
    ----------
    key : int
        The caller's number for it.
    source : Source
    size : (int, int) or None
        Width and height in pixels, if known without reading it.
    """

    key: int
    source: Source
    size: Size | None = None


class NameIndex:
    """The cutouts by their names, and by the numbers in these.

    Parameters
    ----------
    cutouts : sequence of Known
    """

    def __init__(self, cutouts: Sequence[Known]) -> None:
        self._by_file: dict[str, list[Known]] = defaultdict(list)
        self._by_stem: dict[str, list[Known]] = defaultdict(list)
        self._by_simple: dict[str, list[Known]] = defaultdict(list)
        self._by_number: dict[int, list[Known]] = defaultdict(list)
        #: The names that were matched by earlier names, by cutout and program.
        self._renamed: dict[tuple[int, str], set[str]] = defaultdict(set)
        for cutout in cutouts:
            names = {_small(path.name) for path in cutout.source.files}
            stems = {_stem(name) for name in names} | {_small(cutout.source.name)}
            for name in names:
                self._by_file[name].append(cutout)
            for stem in stems:
                self._by_stem[stem].append(cutout)
            for simple in set(map(simplified, stems)):
                self._by_simple[simple].append(cutout)
            for number in {n for stem in stems for n in numbers_in(stem)}:
                self._by_number[number].append(cutout)

    def named(self, image: str) -> tuple[list[Known], Rank]:
        """Return the cutouts that have the name of an image, and the match's rank."""
        named = plain_path(image)
        name = _last(named)
        found = self._exactly(name) if name else []
        if not found:
            return [], (False, False, 0)
        best = _closest(named, found)
        rank = name in self._by_file, _same_case(named, best[0])
        return best, (*rank, _common(named, best[0]))

    def find(self, box: ForeignBox) -> list[Known]:
        """Return the cutouts that a label names: none, one or several."""
        found, _ = self.named(box.image)
        if found:
            return found
        named = plain_path(box.image)
        name = _last(named)
        if name:
            found, program = self._as_before(name)
            if len(found) > 1:
                found = _closest(unquote(named), found)
            if len(found) == 1 and program:
                self._renamed[found[0].key, program].add(name)
            if found:
                return found
        for number in (*box.ids.values(), *numbers_in(name)):
            if len(str(abs(number))) >= _DIGITS and number in self._by_number:
                return self._by_number[number]
        return []

    def _exactly(self, name: str) -> list[Known]:
        stem = _stem(name)
        return (
            self._by_file.get(name)
            or self._by_stem.get(stem)
            or self._by_stem.get(name)
            or self._by_stem.get(without_picture_ending(name))
            or []
        )

    def _as_before(self, name: str) -> tuple[list[Known], str]:
        """Return the cutouts with an earlier name, and the program that changed it."""
        for earlier, program in earlier_names(name):
            found = self._exactly(earlier)
            if not found and program == ROBOFLOW:
                found = self._by_simple.get(simplified(_stem(earlier)), [])
            if found:
                return found, program
        return [], ""

    def copies(self, box: ForeignBox, cutout: Known) -> bool:
        """Return whether a program made several images of a cutout, as of this label.

        They may be rotated or cropped, which their names do not show. Only valid after
        `find` was called for all labels.

        Parameters
        ----------
        box : ForeignBox
        cutout : Known
            The cutout that was found for it.
        """
        name = _last(plain_path(box.image))
        return any(
            name in names and len(names) > 1
            for (key, _), names in self._renamed.items()
            if key == cutout.key
        )

    def renamed_in_words(self) -> list[str]:
        """Return sentences on images that were matched by earlier names."""
        once = [(p, *n) for (_, p), n in self._renamed.items() if len(n) == 1]
        lines = []
        for program in dict.fromkeys(p for p, _ in once):
            names = [name for by, name in once if by == program]
            n = "1 image" if len(names) == 1 else f"{len(names):,} images"
            lines.append(f"{n} renamed by {program} matched a cutout ({names[0]}).")
        return lines


def numbers_in(name: str) -> list[int]:
    """Return the numbers in a name that may be ids."""
    return [int(digits) for digits in _NUMBER.findall(name)]


def galaxy_name(image: str) -> str:
    """Return the name of an image for comparison: no folder, no suffix, lower case.

    Parameters
    ----------
    image : str
        As a file of labels names it.
    """
    return _stem(_last(plain_path(image)))


def _last(path: str) -> str:
    """Return the name at the end of a plain path, in lower case."""
    return path.rsplit("/", 1)[-1].lower()


def _small(name: str) -> str:
    """Return a name in lower case and composed form (macOS writes decomposed ones)."""
    return unicodedata.normalize("NFC", name).lower()


def _stem(name: str) -> str:
    """Return a file's name, in lower case, without the suffix of an image."""
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if name.endswith(suffix):
            return name[: -len(suffix)]
    return name


def _closest(named: str, found: Sequence[Known]) -> list[Known]:
    """Return those with the most folders in common at the end of their paths.

    Those with the name in the same case, if any, take precedence.
    """
    found = [c for c in found if _same_case(named, c)] or found
    if len(found) == 1:
        return list(found)
    best = max(_common(named, cutout) for cutout in found)
    return [cutout for cutout in found if _common(named, cutout) == best]


def _same_case(named: str, cutout: Known) -> bool:
    """Return whether a name is that of a cutout or its files, in the same case."""
    name = PurePosixPath(named).name
    own = {cutout.source.name}
    for path in cutout.source.files:
        own |= {path.name, image_stem(path)}
    own = {unicodedata.normalize("NFC", one) for one in own}
    return name in own or image_stem(Path(name)) in own


def _common(named: str, cutout: Known) -> int:
    """Return the number of common folders at the end of a name and a cutout's path."""
    wanted = PurePosixPath(named).parts[-2::-1]
    folders = cutout.source.path.parts[-2::-1]
    pairs = zip(wanted, folders, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), len(wanted))


def rivals(names: NameIndex, images: Iterable[str]) -> set[str]:
    """Return the images that match a cutout worse than another image of the file does.

    Two images, such as ``g.jpg`` and ``g.png``, or ``a/g.png`` and ``b/g.png``, are not
    one cutout. The one whose name matches best, with its suffix and folders, belongs to
    the cutout; if two match equally well, none does. The bands of a cutout, each with a
    name of its own, do not compete.

    Parameters
    ----------
    names : NameIndex
    images : iterable of str
        The names of all images of the file.
    """
    claims: dict[int, dict[str, Rank]] = defaultdict(dict)
    for image in dict.fromkeys(images):
        found, rank = names.named(image)
        if len(found) == 1:
            claims[found[0].key][image] = rank
    lost: set[str] = set()
    for claim in claims.values():
        best = max(claim.values())
        winners = [image for image, rank in claim.items() if rank == best]
        stems = {_stem(image.replace("\\", "/").lower().rsplit("/", 1)[-1])
                 for image in winners}  # fmt: skip
        same = {image.replace("\\", "/") for image in winners}
        if len(stems) < len(same):
            winners = []
        lost.update(image for image in claim if image not in winners)
    return lost


class Ids:
    """Labels by their ids.

    Parameters
    ----------
    boxes : sequence of (int, ForeignBox)
        Labels, each with the caller's number for it.
    """

    def __init__(self, boxes: Iterable[tuple[int, ForeignBox]]) -> None:
        self._named: dict[tuple[str, int], list[int]] = defaultdict(list)
        self._long: dict[int, list[int]] = defaultdict(list)
        for key, box in boxes:
            for name, number in box.ids.items():
                self._named[name.lower(), number].append(key)
                if len(str(abs(number))) >= _DIGITS:
                    self._long[number].append(key)

    def of(self, galaxy: Galaxy | None) -> list[int]:
        """Return the labels that have an id in common with a galaxy.

        Short numbers only count in columns of the same name.
        """
        found: set[int] = set()
        for name, number in (galaxy.ids if galaxy is not None else {}).items():
            found.update(self._long.get(number, ()))
            if name.lower() != "id":
                found.update(self._named.get((name.lower(), number), ()))
        return sorted(found)


class PositionIndex:
    """Labels by their positions on the sky.

    Parameters
    ----------
    positions : array of shape (n, 2)
        Right ascension and declination in degrees.
    """

    def __init__(self, positions: NDArray[np.float64]) -> None:
        from scipy.spatial import cKDTree

        self._tree = cKDTree(_unit_vectors(positions)) if len(positions) else None

    def near(self, ra: float, dec: float, radius: float) -> list[int]:
        """Return the indices of the labels around a position.

        Parameters
        ----------
        ra, dec, radius : float
            Degrees.

        Returns
        -------
        list of int
            In ascending order; none where a number is not finite.
        """
        if self._tree is None or not np.isfinite([ra, dec, radius]).all():
            return []
        chord = 2 * np.sin(np.radians(min(radius, 180.0)) / 2)
        vector = _unit_vectors(np.array([[ra, dec]]))[0]
        return sorted(map(int, self._tree.query_ball_point(vector, chord)))


def separation(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Return the angle between two positions on the sky.

    Parameters
    ----------
    first, second : (float, float)
        Right ascension and declination in degrees.

    Returns
    -------
    float
        Degrees.
    """
    a, b = _unit_vectors(np.array([first, second], dtype=np.float64))
    half = min(float(np.linalg.norm(a - b)) / 2, 1.0)
    return float(np.degrees(2 * np.arcsin(half)))


def _unit_vectors(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    ra, dec = np.radians(positions).T
    return np.column_stack(
        [np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)]
    )
