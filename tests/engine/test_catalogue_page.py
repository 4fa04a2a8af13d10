"""The page on measuring names every column and every flag."""

from __future__ import annotations

from pathlib import Path

from clump_detector.catalogue import COLUMNS
from clump_detector.photometry import MEANING

PAGE = Path(__file__).parents[2] / "docs" / "measuring.md"


def test_the_page_names_every_column_and_flag():
    text = PAGE.read_text(encoding="utf-8")
    assert [c.name for c in COLUMNS if f"`{c.name}` | {c.unit} |" not in text] == []
    assert [m for bit, m in MEANING.items() if f"| {bit.value} |" not in text] == []
