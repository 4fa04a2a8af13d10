"""The structure that CONTRIBUTING promises: folders one can survey, imports one way.

The contracts in ``pyproject.toml`` say which package may import which.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from graphlib import TopologicalSorter

import grimp
import pytest

from tests.helpers.paths import ROOT

PACKAGES = {
    "napari_clumps": ROOT / "napari_clumps",
    "clump_detector": ROOT / "training" / "clump_detector",
}


@pytest.fixture(scope="module")
def graph():
    """All imports, those for types and those inside functions among them."""
    return grimp.build_graph(*PACKAGES, cache_dir=None)


def test_no_module_imports_itself_by_a_detour(graph):
    needs = {m: graph.find_modules_directly_imported_by(m) for m in graph.modules}
    TopologicalSorter(needs).prepare()  # raises a CycleError that names the modules


@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_imports_itself_by_a_detour(graph, package):
    def top(module):
        return ".".join(module.split(".")[:2])

    inside = [m for m in graph.modules if m.startswith(f"{package}.")]
    needs = {top(m): set() for m in inside}
    for module in inside:
        needs[top(module)] |= {
            top(other)
            for other in graph.find_modules_directly_imported_by(module)
            if other.startswith(f"{package}.") and top(other) != top(module)
        }
    TopologicalSorter(needs).prepare()
    assert len(needs) <= 20


@pytest.mark.parametrize("package", PACKAGES)
def test_no_folder_has_more_than_twelve_modules(package):
    files = PACKAGES[package].rglob("*.py")
    counts = Counter(f.parent for f in files if f.name != "__init__.py")
    crowded = {str(folder): n for folder, n in counts.items() if n > 12}
    assert not crowded


def test_the_window_s_tests_import_no_torch():
    """Torch and the software renderer of a virtual display cannot share a process."""
    code = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        "sys.exit('torch' in sys.modules)\n"
    )
    folders = (ROOT / "tests" / "napari_clumps", ROOT / "tests" / "integration")
    files = [f for folder in folders for f in sorted(folder.rglob("test_*.py"))]
    names = [".".join(f.relative_to(ROOT).with_suffix("").parts) for f in files]
    done = subprocess.run([sys.executable, "-c", code, *names], cwd=ROOT, check=False)
    assert done.returncode == 0
