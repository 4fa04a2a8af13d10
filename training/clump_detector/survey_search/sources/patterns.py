"""Names with patterns: braces as WebDataset has them, and those of the shell."""

from __future__ import annotations

import glob
import re
from pathlib import Path

from clump_detector.core.errors import ConfigError, FileError

#: Names that one pattern may stand for.
_MOST = 1_000_000

_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d+)\.\.(\d+)")


def expanded(name: str) -> list[str]:
    """Return the names that a name with braces stands for, in order.

    Parameters
    ----------
    name : str
        ``{000..010}`` is a range, whose numbers have as many digits as its first one
        or its last one, if it has more; ``{a,b}`` is a list. Other braces are as they
        are.

    Raises
    ------
    ConfigError
        If there are more than a million names.
    """
    names = [""]
    end = 0
    for found in _BRACES.finditer(name):
        words = _words(found[1])
        if words is None:
            continue
        if len(names) * len(words) > _MOST:
            raise ConfigError(
                f"{name} stands for more than {_MOST:,} names",
                remedy="Give several patterns.",
            )
        before = name[end : found.start()]
        names = [f"{start}{before}{word}" for start in names for word in words]
        end = found.end()
    return list(dict.fromkeys(f"{start}{name[end:]}" for start in names))


def paths_of(name: str) -> list[Path]:
    """Return the paths that a name stands for: braces first, then ``*``, ``?``, ``[]``.

    A path that exists as it is written is no pattern.

    Raises
    ------
    FileError
        If there is nothing.
    ConfigError
        If the braces stand for too much.
    """
    if Path(name).exists():
        return [Path(name)]
    found: list[Path] = []
    for one in expanded(name):
        if glob.has_magic(one) and not Path(one).exists():
            matches = sorted(glob.glob(one, recursive=True))  # noqa: PTH207 - any path
            if not matches:
                raise FileError("no file has such a name", one, "Check the pattern.")
            found += map(Path, matches)
        else:
            found.append(Path(one))
    return found


def _words(text: str) -> list[str] | None:
    """Return what a pair of braces stands for, or None where it is no pattern."""
    bounds = _RANGE.fullmatch(text)
    if bounds is None:
        return text.split(",") if "," in text else None
    first, last = int(bounds[1]), int(bounds[2])
    if abs(last - first) >= _MOST:
        raise ConfigError(
            f"{{{text}}} stands for more than {_MOST:,} names",
            remedy="Give several patterns.",
        )
    step = 1 if last >= first else -1
    padded = any(b.startswith("0") and len(b) > 1 for b in bounds.groups())
    width = max(map(len, bounds.groups())) if padded else 0
    return [str(n).zfill(width) for n in range(first, last + step, step)]
