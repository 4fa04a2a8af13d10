"""Write ``docs/understood.md`` from the tables of the tests in ``tests/fields``."""

from __future__ import annotations

import importlib
import sys
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "understood.md"

HEAD = """# What is understood

How the files of surveys and of other programs are handled. Every row is checked by a
test in `tests/fields`; `python docs/scripts/understood_page.py` makes this page from
them. *Read*: taken as it is. *Converted*: turned into what the program works with.
*Ignored*: left out, and reported where it matters. *Refused*: with a message that gives
the reason.
"""


def page() -> str:
    """Return the page's text."""
    sys.path.insert(0, str(ROOT))
    from tests.fields.understood import ROWS

    for path in sorted((ROOT / "tests" / "fields").glob("test_*.py")):
        importlib.import_module(f"tests.fields.{path.stem}")
    parts = [HEAD]
    rows = sorted(ROWS, key=lambda row: (row.source.lower(), row.situation.lower()))
    for source, group in groupby(rows, key=lambda row: row.source):
        parts.append(f"\n## {source}\n\n| in the file | it is | what is done |\n")
        parts.append("|---|---|---|\n")
        parts += [f"| {r.situation} | {r.outcome} | {r.rule} |\n" for r in group]
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
