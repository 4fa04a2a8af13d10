"""How far a verb is: a bar on a terminal, a few lines in a log."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from napari_clumps.cli.progress import ProgressLine, shown_steps

#: Counts to ten, and says something in the middle.
COUNTING = """
import sys
from napari_clumps.cli.progress import ProgressLine
line = ProgressLine("Counting", 10)
for i in range(1, 11):
    line.show(i)
    if i == 5:
        print("halfway", flush=True)
line.end()
print("done", flush=True)
"""


def test_a_log_gets_a_line_at_each_quarter(capsys):
    line = ProgressLine("Counting")
    for done in range(101):
        line.show(done, 100, "words of the engine")
    line.end()
    assert capsys.readouterr().err.splitlines() == [
        "Counting:  25 %", "Counting:  50 %", "Counting:  75 %", "Counting: 100 %",
    ]  # fmt: skip


def test_work_of_one_step_says_nothing(capsys):
    def work():
        yield 1, 1
        return "made"

    assert shown_steps(work(), "Counting") == "made"
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar_and_whole_lines_between():
    pty = pytest.importorskip("pty", reason="needs a pseudo-terminal")
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "NO_COLOR": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", COUNTING], stdout=theirs, stderr=theirs, env=environment
    ) as child:
        os.close(theirs)
        said = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            said += part
    os.close(ours)
    assert child.returncode == 0
    text = said.decode()
    assert "Counting" in text
    assert "100%" in text
    assert "halfway" in text
    assert text.rstrip().splitlines()[-1].endswith("done")
