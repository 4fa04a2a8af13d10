"""The page on photometry names every column and every flag."""

from __future__ import annotations

from clump_detector.catalogue import COLUMNS
from clump_detector.photometry import MEANING
from tests.helpers.paths import ROOT

PAGE = ROOT / "docs" / "photometry.md"


def test_the_page_names_every_column_and_flag():
    text = PAGE.read_text(encoding="utf-8")
    rows = [
        f"| `{c.name}` | {c.kind}{f', {c.unit}' if c.unit else ''} |" for c in COLUMNS
    ]
    assert [row for row in rows if row not in text] == []
    flags = [
        f"| {bit.value} | `{bit.name}` | {words} |" for bit, words in MEANING.items()
    ]
    assert [row for row in flags if row not in text] == []
