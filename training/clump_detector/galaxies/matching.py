"""Matching the rows of a galaxy list to cutouts, by file, name or id.

Names are compared exactly first, then in any case, then without the suffix of the file,
and then with blanks and underscores alike. Of several rows that match equally well and
differ, none is used, unless they name the very same file: then the first is.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from clump_detector.image_files.sources import Source, stem

#: Least digits of a number in a name that is an id.
_LEAST_DIGITS = 6


def folded(name: str) -> str:
    """Return a case-folded name, in which an accented letter is one character."""
    return unicodedata.normalize("NFC", name).strip().casefold()


def loose(name: str) -> str:
    """Return a folded name with blanks and underscores alike.

    They may be missing between a letter and a digit: NGC 1, ngc_1 and NGC1 are one
    name.
    """
    joined = re.sub(r"[\s_]+", "_", folded(name))
    return re.sub(r"(?<=[^\W\d_])_(?=\d)", "", joined)


class ListRows:
    """The rows of a list, indexed by their files, names and ids.

    Parameters
    ----------
    files, names : sequence of str
        One for each row; '' where it gives none.
    ids : sequence of sequences
        For each column of ids its value in each row, or None.
    alike : callable
        Returns whether the rows of two indices have the same content.
    """

    def __init__(
        self,
        files: Sequence[str],
        names: Sequence[str],
        ids: Sequence[Sequence[int | None]],
        alike: Callable[[int, int], bool],
    ) -> None:
        self._alike = alike
        self._by: list[dict[str, list[int]]] = [defaultdict(list) for _ in range(6)]
        for row, (file, name) in enumerate(zip(files, names, strict=True)):
            bare = stem(Path(file)) if file else ""
            keys = (
                {file},
                {folded(file)},
                {folded(bare), folded(file)},
                {name},
                {folded(name), folded(stem(Path(name))) if name else ""},
                {loose(name), loose(bare)},
            )
            for by, own in zip(self._by, keys, strict=True):
                for key in own - {""}:
                    by[key].append(row)
        self._by_id: dict[str, list[int]] = defaultdict(list)
        for column in ids:
            for row, number in enumerate(column):
                if number is not None and len(str(abs(number))) >= _LEAST_DIGITS:
                    self._by_id[str(number)].append(row)

    def find(self, source: Source) -> tuple[int | None, str]:
        """Return the index of a cutout's row, or None, and a warning, or ''."""
        for exact, by, keys in self._comparisons(source):
            rows = sorted({row for key in keys for row in by.get(key, ())})
            if not rows:
                continue
            others = [row for row in rows[1:] if not self._alike(rows[0], row)]
            if not others:
                return rows[0], ""
            listed = ", ".join(str(row + 1) for row in (rows[0], *others[:4]))
            if exact:
                return rows[0], f"rows {listed} match this cutout: the first is used."
            return None, f"rows {listed} may match this cutout: none is used."
        return None, ""

    def _comparisons(
        self, source: Source
    ) -> Iterator[tuple[bool, Mapping[str, list[int]], set[str]]]:
        """Yield whether one is exact, the rows by key, and the cutout's keys.

        The most reliable comparison comes first.
        """
        files = {path.name for path in source.files}
        names = {source.name, stem(source.path)}
        stems = {stem(path) for path in source.files} | names
        file, any_case, bare, name, name_any_case, like = self._by
        yield True, file, files
        yield False, any_case, set(map(folded, files))
        yield False, bare, set(map(folded, stems))
        yield True, name, names
        yield False, name_any_case, set(map(folded, names | files))
        yield False, like, set(map(loose, stems))
        yield False, self._by_id, stems
