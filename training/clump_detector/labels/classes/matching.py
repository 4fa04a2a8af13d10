"""Matching the classes of a file to the review's own classes.

Names are compared with the names of the classes; numbers without names count in the
order of the classes, from 0 or 1 depending on the format. A numbering is used
completely or not at all: without its first or last class, the others may be shifted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from clump_detector.core.errors import LabelError
from clump_detector.core.notation import whole

from .names import known_class
from .non_clumps import is_no_clump


def class_names(
    found: Iterable[str],
    classes: Sequence[str],
    chosen: str | None = None,
    numbers_from: int | None = None,
    path: Path | None = None,
) -> dict[str, str | None]:
    """Return the review's class for each class of a file, None for none of them.

    If the file has no class or only unknown ones, all are the review's first class.
    Background and the like are none of the classes.

    Parameters
    ----------
    found : iterable of str
        The classes of the file, possibly repeated.
    classes : sequence of str
        The review's classes.
    chosen : str, optional
        The class to use for all of them.
    numbers_from : int, optional
        The first number, if the file's classes are numbers without names; 1 by default.
    path : Path, optional
        The file, for messages.

    Raises
    ------
    LabelError
        If some of its numbers are outside of the review's classes.
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
        known = {w: known_class(w, classes) for w in named}
    none_known = not any(known.values())
    return {
        w: None if w not in marks
        else classes[0] if not w.strip() or none_known
        else known.get(w)
        for w in words
    }  # fmt: skip


def first_number(names: Iterable[str]) -> int | None:
    """Return the first number of names that are all numbers; None for other names."""
    numbers = [whole(name) for name in names]
    known = sorted(n for n in numbers if n is not None)
    if not known or len(known) != len(numbers):
        return None
    return known[0] if known == list(range(known[0], known[0] + len(known))) else 1


def _by_number(
    numbers: dict[str, int], classes: Sequence[str], first: int, path: Path | None
) -> dict[str, str | None]:
    """Return the classes of a numbering, of which all or none are the review's."""
    good = range(first, first + len(classes))
    outside = sorted({n for n in numbers.values() if n not in good})
    every = sorted(set(numbers.values()))
    if outside and len(every) > 1:
        raise LabelError(
            f"its classes are the numbers {', '.join(map(str, every[:8]))} and no file "
            f"names them; the review has {len(classes)} classes, counted from {first}",
            path,
            "Put a file of their names next to it (classes.txt, or the format's own), "
            "or give one class to all (--class).",
        )
    return {w: None if outside else classes[n - first] for w, n in numbers.items()}
