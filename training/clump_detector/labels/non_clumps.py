"""Words by which files say that something is no clump, though it stands among them."""

from __future__ import annotations

import re

from clump_detector.core.notation import flag, whole

#: Classes and tags, in small letters with nothing but letters and single blanks.
_NO_CLUMP = frozenset({
    "background", "bg", "sky", "ignore", "ignored", "ignore region", "ignored region",
    "ignored regions", "ignore regions", "to ignore", "dontcare", "dont care",
    "don t care", "do not care", "exclude", "excluded", "exclusion", "crowd", "void",
    "no clump", "not clump", "not a clump", "non clump", "no object", "nothing",
    "negative", "false positive", "none of these", "masked", "mask out",
})  # fmt: skip

#: Columns and attributes that, where they are set, say it of one row.
IGNORED_COLUMNS = (
    "ignore", "ignored", "is_ignored", "exclude", "excluded", "iscrowd", "is_crowd",
    "crowd",
)  # fmt: skip
DIFFICULT_COLUMNS = ("difficult", "is_difficult")


def is_no_clump(word: str) -> bool:
    """Tell whether the name of a class says that its boxes mark no clump."""
    plain = " ".join(re.findall(r"[^\W\d_]+", word.lower()))
    return plain in _NO_CLUMP and whole(word) is None


def is_set(word: str) -> bool:
    """Tell whether the text of a flag's cell sets it."""
    return flag(word)
