"""Which cutout a label belongs to: by a file's name, an id, or its place on the sky.

A name is compared with the names of files, stems and cutouts, in any case, and then by
what it was before a program renamed it. A number of six digits or more in a cutout's
name is an id.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from ..galaxy import Galaxy
from ..sources import SUFFIXES, Source
from .model import ForeignBox, Size
from .renamed import (
    ROBOFLOW,
    earlier_names,
    plain_path,
    simplified,
    without_picture_ending,
)

#: An id has so many digits at least; a shorter number may be anything.
_DIGITS = 6
_NUMBER = re.compile(rf"\d{{{_DIGITS},30}}")


@dataclass(frozen=True)
class Known:
    """A cutout as a match needs it.

    Attributes
    ----------
    key : int
        What the caller calls it.
    source : Source
    size : (int, int) or None
        Width and height in pixels, where known without reading it.
    """

    key: int
    source: Source
    size: Size | None = None


class Names:
    """The cutouts by all that their names say.

    Parameters
    ----------
    cutouts : sequence of Known
    """

    def __init__(self, cutouts: Sequence[Known]) -> None:
        self._by_file: dict[str, list[Known]] = defaultdict(list)
        self._by_stem: dict[str, list[Known]] = defaultdict(list)
        self._by_simple: dict[str, list[Known]] = defaultdict(list)
        self._by_number: dict[int, list[Known]] = defaultdict(list)
        #: The names that were matched by what they were before, by cutout and program.
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

    def find(self, box: ForeignBox) -> list[Known]:
        """Return the cutouts that a label names: one, or several, or none."""
        named = plain_path(box.image)
        name = named.rsplit("/", 1)[-1].lower()
        found = self._exactly(name) if name else []
        if found:
            return _closest(named, found)
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
        """Return the cutouts that had a name before, and the program that renamed."""
        for earlier, program in earlier_names(name):
            found = self._exactly(earlier)
            if not found and program == ROBOFLOW:
                found = self._by_simple.get(simplified(_stem(earlier)), [])
            if found:
                return found, program
        return [], ""

    def copies(self, box: ForeignBox, cutout: Known) -> bool:
        """Tell whether a program made several images of a cutout, as this label's name.

        They may be turned or cut, which no name says. To be asked when all labels have
        been looked for.
        """
        name = plain_path(box.image).rsplit("/", 1)[-1].lower()
        return any(
            name in names and len(names) > 1
            for (key, _), names in self._renamed.items()
            if key == cutout.key
        )

    def renamed_in_words(self) -> list[str]:
        """Say which names were matched by what they were before."""
        once = [(p, *n) for (_, p), n in self._renamed.items() if len(n) == 1]
        said = []
        for program in dict.fromkeys(p for p, _ in once):
            names = [name for by, name in once if by == program]
            n = "1 image" if len(names) == 1 else f"{len(names):,} images"
            said.append(f"{n} that {program} renamed found its cutout ({names[0]}).")
        return said


def numbers_in(name: str) -> list[int]:
    """Return the numbers in a name that may be ids."""
    return [int(digits) for digits in _NUMBER.findall(name)]


def _small(name: str) -> str:
    """Return a name in small letters, composed ones: a Mac writes them in parts."""
    return unicodedata.normalize("NFC", name).lower()


def _stem(name: str) -> str:
    """Return a file's name in small letters without an image's ending."""
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if name.endswith(suffix):
            return name[: -len(suffix)]
    return name


def _closest(named: str, found: Sequence[Known]) -> list[Known]:
    """Return those with the most folders in common at the end of their paths."""
    if len(found) == 1:
        return list(found)
    wanted = PurePosixPath(named).parts[-2::-1]

    def common(cutout: Known) -> int:
        folders = cutout.source.path.parts[-2::-1]
        pairs = zip(wanted, folders, strict=False)
        return next((i for i, (a, b) in enumerate(pairs) if a != b), len(wanted))

    best = max(map(common, found))
    return [cutout for cutout in found if common(cutout) == best]


class Ids:
    """Labels by their ids.

    Parameters
    ----------
    boxes : sequence of (int, ForeignBox)
        Labels, each with what the caller calls it.
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

        A short number counts only in columns of the same name, which says of what.
        """
        found: set[int] = set()
        for name, number in (galaxy.ids if galaxy is not None else {}).items():
            found.update(self._long.get(number, ()))
            if name.lower() != "id":
                found.update(self._named.get((name.lower(), number), ()))
        return sorted(found)


class Sky:
    """Labels by their places on the sky.

    Parameters
    ----------
    places : array of shape (n, 2)
        Right ascension and declination in degrees.
    """

    def __init__(self, places: NDArray[np.float64]) -> None:
        from scipy.spatial import cKDTree

        self._tree = cKDTree(_unit_vectors(places)) if len(places) else None

    def near(self, ra: float, dec: float, radius: float) -> list[int]:
        """Return the labels within a radius in degrees."""
        if self._tree is None or not np.isfinite([ra, dec, radius]).all():
            return []
        chord = 2 * np.sin(np.radians(min(radius, 180.0)) / 2)
        vector = _unit_vectors(np.array([[ra, dec]]))[0]
        return sorted(map(int, self._tree.query_ball_point(vector, chord)))


def separation(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Return the angle between two places on the sky in degrees."""
    a, b = _unit_vectors(np.array([first, second], dtype=np.float64))
    half = min(float(np.linalg.norm(a - b)) / 2, 1.0)
    return float(np.degrees(2 * np.arcsin(half)))


def _unit_vectors(places: NDArray[np.float64]) -> NDArray[np.float64]:
    ra, dec = np.radians(places).T
    return np.column_stack(
        [np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)]
    )
