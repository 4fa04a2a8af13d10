"""What the tests of the command line share."""

from __future__ import annotations

import sys

import pytest

from napari_clumps.cli import main


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a verb in this process; return (exit code, stdout, stderr)."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["napari-clumps", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main.main()
        captured = capsys.readouterr()
        return end.value.code, captured.out, captured.err

    return run
