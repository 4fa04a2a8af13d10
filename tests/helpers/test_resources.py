"""What the tests measure is their own."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from tests.helpers.resources import peak_memory

GIGABYTE = 2**27  # numbers of eight bytes

CHILD = """
import numpy as np
from tests.helpers.resources import peak_memory
before = peak_memory()
np.ones(2**26)
print(before, peak_memory())
"""


@pytest.mark.skipif(peak_memory() is None, reason="this system tells no peak")
def test_a_childs_peak_is_its_own_whatever_its_parent_held():
    held = np.ones(GIGABYTE)
    command = [sys.executable, "-c", CHILD]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    before, after = map(float, done.stdout.split())
    del held
    assert before < 0.4
    assert before + 0.4 < after < 1
    assert peak_memory() > 1  # what this process held for a moment counts, too
