"""Links of the pages lead somewhere, and the code that they name is there."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.helpers.paths import ROOT

PAGES = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").glob("*.md"),
    ROOT / "training" / "README.md",
    ROOT / "sample_data" / "README.md",
]
CODE = {
    "napari_clumps": ROOT,
    "clump_detector": ROOT / "training",
    "tests": ROOT,
}


def anchors_in(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    lines = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", line.lower()) for line in lines)
    return {line.strip().replace(" ", "-") for line in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_to_a_page_and_its_heading(page):
    text = page.read_text(encoding="utf-8")
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors_in(target)):
            lost.append(link)
    assert lost == []


@cache
def names_in(module: str) -> set[str] | None:
    """Return the names that a module defines, methods as Class.method, or None."""
    folder = CODE[module.split(".")[0]] / module.replace(".", "/")
    files = [folder.with_suffix(".py"), folder / "__init__.py"]
    path = next((file for file in files if file.is_file()), None)
    if path is None:
        return set() if folder.is_dir() else None
    return set(_defined(ast.parse(path.read_text(encoding="utf-8")).body))


def _defined(body, before=""):
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield f"{before}{node.name}"
            if isinstance(node, ast.ClassDef):
                yield from _defined(node.body, f"{node.name}.")
        elif isinstance(node, ast.Assign):
            yield from (f"{before}{t.id}" for t in node.targets if hasattr(t, "id"))
        elif isinstance(node, ast.AnnAssign) and hasattr(node.target, "id"):
            yield f"{before}{node.target.id}"


NAMED = [ROOT / "docs" / "architecture.md", ROOT / "CONTRIBUTING.md"]


@pytest.mark.parametrize("page", NAMED, ids=lambda page: page.name)
def test_modules_and_functions_that_a_page_names_are_in_the_code(page):
    text = page.read_text(encoding="utf-8")
    roots = "|".join(CODE)
    lost = []
    for module, name in re.findall(rf"`((?:{roots})[\w.]*)(?::([\w.]+))?`", text):
        names = names_in(module)
        if names is None or (name and name not in names):
            lost.append(f"{module}:{name}")
    assert lost == []


def test_files_that_the_guide_names_are_there():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    folders = r"(?:napari_clumps|training|tests|docs|sample_data)"
    named = re.findall(rf"`({folders}/[\w./-]+)`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", NAMED, ids=lambda page: page.name)
def test_other_names_on_a_page_are_somewhere_in_the_code(page):
    """Names without their module, such as `Fitter.step` after its file."""
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for top in ("napari_clumps", "training", "tests")
        for path in (ROOT / top).rglob("*.py")
    )
    words = set(re.findall(r"\w+", code))
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?)`", text)
    parts = {part for name in named for part in name.split(".")}
    endings = {"md", "py", "toml", "yaml", "safetensors", "json"}
    assert {part for part in parts - words - endings if "_" in part} == set()
    assert {part for part in parts - words - endings if part != part.lower()} == set()


def test_architecture_has_a_line_for_each_package():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    packages = [
        ".".join(path.parent.relative_to(CODE[top]).parts)
        for top in ("napari_clumps", "clump_detector")
        for path in (CODE[top] / top).rglob("__init__.py")
    ]
    missing = [p for p in packages if "." in p and f"| `{p}` |" not in text]
    assert missing == []


def test_the_citation_has_the_version_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cited["version"] == project["version"]
    assert cited["license"] == project["license"]
