"""The page of what is understood says what the tests hold."""

from __future__ import annotations

import subprocess
import sys

from tests.helpers.paths import ROOT


def test_the_page_is_made_of_these_tables():
    code = "import understood_page; print(understood_page.page(), end='')"
    made = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "docs" / "scripts",
        capture_output=True,
        text=True,
        check=True,
    )
    assert (ROOT / "docs" / "understood.md").read_text() == made.stdout, (
        "make it again with: python docs/scripts/understood_page.py"
    )
