"""Which of one's own classes a file's classes are.

A name is compared with the names here; a number without a name counts in the order of
the classes here, from 0 or 1 as its format has it. A numbering is taken whole or not at
all: were its first or last class left out, the others would be shifted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from clump_detector.core.errors import LabelError
from clump_detector.core.notation import whole

from .label_set import DEFAULT_CLASSES
from .non_clumps import is_no_clump

#: What other files call our classes, in small letters.
_ALIASES = {
    "clumpy": DEFAULT_CLASSES[0],
    "clumps": DEFAULT_CLASSES[0],
    "clumpy, odd": DEFAULT_CLASSES[1],
    "odd": DEFAULT_CLASSES[1],
    "odd_clump": DEFAULT_CLASSES[1],
    "odd-clump": DEFAULT_CLASSES[1],
    "oddclump": DEFAULT_CLASSES[1],
    "odd clumps": DEFAULT_CLASSES[1],
    "unusual": DEFAULT_CLASSES[1],
    "unusual clump": DEFAULT_CLASSES[1],
}


def class_names(
    found: Iterable[str],
    classes: Sequence[str],
    chosen: str | None = None,
    numbers_from: int | None = None,
    path: Path | None = None,
) -> dict[str, str | None]:
    """Return which of one's own classes each of a file's is, None for none of them.

    Where the file's classes are all unknown, or it has none, a box is of the first.
    What is called background or the like is of none.

    Parameters
    ----------
    found : iterable of str
        The classes of the file, each as often as it likes.
    classes : sequence of str
        One's own.
    chosen : str, optional
        The class that all of them are.
    numbers_from : int, optional
        Where the file's classes are numbers that it does not name, the first of them; 1
        by default.
    path : Path, optional
        The file, for messages.

    Raises
    ------
    LabelError
        If some of its numbers are none of one's own classes.
    """
    words = list(dict.fromkeys(found))
    own = {name.lower(): name for name in classes}
    marks = [w for w in words if w.strip().lower() in own or not is_no_clump(w)]
    if chosen is not None:
        return {w: chosen if w in marks else None for w in words}
    first = 1 if numbers_from is None else numbers_from
    named = [w for w in marks if w.strip()]
    numbers = {w: n for w in named if (n := whole(w)) is not None and w not in own}
    if numbers and len(numbers) == len(named):
        known = _by_number(numbers, classes, first, path)
    else:
        known = {w: own.get(k) or own.get(_ALIASES.get(k, ""))
                 for w in named if (k := " ".join(w.lower().split()))}  # fmt: skip
    none_known = not any(known.values())
    return {
        w: None if w not in marks
        else classes[0] if not w.strip() or none_known
        else known.get(w)
        for w in words
    }  # fmt: skip


def first_number(names: Iterable[str]) -> int | None:
    """Return where names that are nothing but numbers count from; None for others."""
    numbers = [whole(name) for name in names]
    known = sorted(n for n in numbers if n is not None)
    if not known or len(known) != len(numbers):
        return None
    return known[0] if known == list(range(known[0], known[0] + len(known))) else 1


def _by_number(
    numbers: dict[str, int], classes: Sequence[str], first: int, path: Path | None
) -> dict[str, str | None]:
    """Return the classes of a numbering, of which all or none are one's own."""
    good = range(first, first + len(classes))
    outside = sorted({n for n in numbers.values() if n not in good})
    every = sorted(set(numbers.values()))
    if outside and len(every) > 1:
        raise LabelError(
            f"its classes are the numbers {', '.join(map(str, every[:8]))} and no file "
            f"names them; the review has {len(classes)} classes, counted from {first}",
            path,
            "Put a file with their names beside it (classes.txt, or the format's own), "
            "or give one class to all (--class).",
        )
    return {w: None if outside else classes[n - first] for w, n in numbers.items()}
