"""Folders that tests use: the project, the data of the tests, real galaxies."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"

#: Real galaxies and labels that are no part of the project; tests skip without them.
SHARED = ROOT.parent / "shared"
