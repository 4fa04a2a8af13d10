"""Names by which files mark entries that are not clumps."""

from __future__ import annotations

import re

from clump_detector.core.notation import flag, whole

#: Classes and tags, in lower case with only letters and single blanks.
_NO_CLUMP = frozenset({
    "background", "bg", "sky", "ignore", "ignored", "ignore region", "ignored region",
    "ignored regions", "ignore regions", "to ignore", "dontcare", "dont care",
    "don t care", "do not care", "exclude", "excluded", "exclusion", "crowd", "void",
    "no clump", "not clump", "not a clump", "non clump", "no object", "nothing",
    "negative", "false positive", "none of these", "masked", "mask out",
})  # fmt: skip

#: Columns and attributes that mark one row if they are set.
IGNORED_COLUMNS = (
    "ignore", "ignored", "is_ignored", "exclude", "excluded", "iscrowd", "is_crowd",
    "crowd",
)  # fmt: skip
DIFFICULT_COLUMNS = ("difficult", "is_difficult")


def is_no_clump(word: str) -> bool:
    """Return whether the name of a class means that its boxes are not clumps."""
    plain = " ".join(re.findall(r"[^\W\d_]+", word.lower()))
    return plain in _NO_CLUMP and whole(word) is None


def is_set(word: str) -> bool:
    """Return whether the text of a flag's cell sets the flag."""
    return flag(word)
