"""The classes of boxes: the usual ones, which names are possible, and other names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clump_detector.core.errors import ConfigError
from clump_detector.core.notation import whole

from .non_clumps import is_no_clump

DEFAULT_CLASSES = ("clump", "odd clump")

#: Other names of the default classes, in lower case.
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

#: Characters that a name has at most.
LONGEST_NAME = 40

#: What separates names in options, tables and the files of other programs.
_SEPARATORS = ",;=|{}\"'"


def as_classes(names: Iterable[str], there: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the names of classes, with single blanks in them and none around.

    Parameters
    ----------
    names : iterable of str
    there : iterable of str
        Classes that exist already: their names may have any characters.

    Raises
    ------
    ConfigError
        If there is none, two are the same by `known_class`, or one cannot be a name:
        it is empty, a number, too long, holds a character that separates names, or
        means that a box is no clump, such as ``background``.
    """
    old, seen = set(there), list[str]()
    for given in names:
        name = given if given in old else " ".join(given.split())
        if (name not in old or not name) and (why := _why_not(name)):
            raise ConfigError(
                f"{name!r} cannot be the name of a class: {why}",
                remedy="Choose another name.",
            )
        same = known_class(name, seen) or next(
            (cls for cls in seen if known_class(cls, [name])), None
        )
        if same is not None:
            raise ConfigError(
                f"two classes have the same name: {same!r} and {name!r}",
                remedy="Give each a name of its own. Capitals make no difference, and "
                "the usual classes have other names, such as odd.",
            )
        seen.append(name)
    if not seen:
        raise ConfigError("there is no class", remedy="Name one or several.")
    return tuple(seen)


def _why_not(name: str) -> str:
    """Return why this cannot be the name of a class, or an empty text."""
    if not name:
        return "it is empty"
    if len(name) > LONGEST_NAME:
        return f"it has more than {LONGEST_NAME} characters"
    if whole(name) is not None:
        return "numbers are counted along the classes"
    if not name.isprintable():
        return "it has characters that cannot be printed"
    if found := [c for c in _SEPARATORS if c in name]:
        return f"it has the character {found[0]}"
    return "it means that a box is no clump" if is_no_clump(name) else ""


def known_class(name: str, classes: Sequence[str]) -> str | None:
    """Return the class that a name stands for, or None if it is none of them.

    Capitals and blanks do not count, and the usual classes have other names, such as
    ``odd`` and ``unusual``.

    Parameters
    ----------
    name : str
    classes : sequence of str
    """
    own = {cls.lower(): cls for cls in classes}
    plain = " ".join(name.lower().split())
    return own.get(plain) or own.get(_ALIASES.get(plain, ""))
