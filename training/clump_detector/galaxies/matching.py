"""Which row of a list is of which cutout: by the file, the name, or an id.

Names are compared exactly first, then in any case, then without the ending of the file,
and then with blanks and underscores alike. Of several rows that fit equally well and
differ, none is taken, unless they name the very same file: then the first counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from clump_detector.core.sources import Source, stem

#: A number in a name is an id from so many digits on.
_LEAST_DIGITS = 6


def folded(name: str) -> str:
    """Return a name without its case; letters with marks are one letter each."""
    return unicodedata.normalize("NFC", name).strip().casefold()


def loose(name: str) -> str:
    """Return a folded name with blanks and underscores alike.

    Between a letter and a digit there may be none: NGC 1, ngc_1 and NGC1 are one name.
    """
    joined = re.sub(r"[\s_]+", "_", folded(name))
    return re.sub(r"(?<=[^\W\d_])_(?=\d)", "", joined)


class ListRows:
    """The rows of a list by the files, names and ids that they tell.

    Parameters
    ----------
    files, names : sequence of str
        Of each row; an empty text where it tells none.
    ids : sequence of sequences
        Of each column of ids, its value in each row, or None.
    alike : callable
        Tells whether two rows say the same.
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
        """Return the row of a cutout, or None, and what is to be said of the choice."""
        for exact, by, keys in self._looks(source):
            rows = sorted({row for key in keys for row in by.get(key, ())})
            if not rows:
                continue
            others = [row for row in rows[1:] if not self._alike(rows[0], row)]
            if not others:
                return rows[0], ""
            listed = ", ".join(str(row + 1) for row in (rows[0], *others[:4]))
            if exact:
                return rows[0], f"rows {listed} are of this cutout: the first counts."
            return None, f"rows {listed} may be of this cutout: none was taken."
        return None, ""

    def _looks(
        self, source: Source
    ) -> Iterator[tuple[bool, Mapping[str, list[int]], set[str]]]:
        """Yield whether it is exact, where to look, and for what; the surest first."""
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
