"""Which names YOLO's class numbers have: the nearest file of names above a label file.

Programs put ``data.yaml`` two folders above the labels, ``classes.txt`` among them,
``obj.names`` beside their folder. The nearest one counts; it is looked for in the
folder of a label file and in at most three above the chosen folder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clump_detector.core.errors import LabelError
from clump_detector.core.notation import whole
from clump_detector.labels.packed_files import is_inside, read_text

YAML_NAMES = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
TEXT_NAMES = (
    "classes.txt", "obj.names", "classes.names", "labels.names", "_darknet.labels",
    "_classes.txt",
)  # fmt: skip

#: Label Studio's, beside ``classes.txt``.
_JSON_NAMES = ("notes.json",)

_MOST_BYTES = 5_000_000

#: Bytes of ``data.yaml``: YAML is read slowly.
_MOST_YAML = 100_000

#: Folders above the chosen one that are searched.
_ABOVE = 3

_MOST_CLASSES = 10_000


@dataclass(frozen=True)
class ClassNames:
    """What the numbers of a label file mean.

    Attributes
    ----------
    path : Path or None
        The file that names them.
    classes : mapping of int to str
    keypoints : (int, int) or None
        How many keypoints follow a box, and how many numbers each has.
    """

    path: Path | None = None
    classes: Mapping[int, str] = field(default_factory=dict)
    keypoints: tuple[int, int] | None = None


class NamesAbove:
    """The files of names above label files; each folder is looked into once.

    Parameters
    ----------
    chosen : Path
        The folder that was chosen.
    """

    def __init__(self, chosen: Path) -> None:
        self._chosen = chosen.absolute()
        self._found: dict[Path, ClassNames] = {}

    def of(self, folder: Path) -> ClassNames:
        """Return the names of the label files in a folder.

        Raises
        ------
        LabelError
            If a file of names is damaged, or two in one folder name other classes.
        FileError
            If one cannot be read.
        """
        folder = folder.absolute()
        if folder not in self._found:
            here = _names_in(folder)
            whole_story = here.classes and here.keypoints
            if not whole_story and self._goes_on(folder):
                above = self.of(folder.parent)
                named = here if here.classes else above
                keypoints = here.keypoints or above.keypoints
                here = ClassNames(named.path, named.classes, keypoints)
            self._found[folder] = here
        return self._found[folder]

    def _goes_on(self, folder: Path) -> bool:
        if folder.parent == folder:
            return False
        if folder != self._chosen and folder.is_relative_to(self._chosen):
            return True
        tops = [self._chosen, *self._chosen.parents][:_ABOVE]
        return folder in tops


def _names_in(folder: Path) -> ClassNames:
    """Return the names that the files in one folder give."""
    found = [
        names
        for name in (*YAML_NAMES, *TEXT_NAMES, *_JSON_NAMES)
        if (path := folder / name).is_file() and is_inside(path, folder)
        if (names := _read(path)).classes or names.keypoints
    ]
    named = [names for names in found if names.classes]
    for other in named[1:]:
        if other.classes != named[0].classes:
            raise LabelError(
                f"it names other classes than {_name(other)} beside it",
                named[0].path,
                "Remove the one that is not of these labels.",
            )
    keypoints = next((n.keypoints for n in found if n.keypoints), None)
    first = named[0] if named else ClassNames()
    return ClassNames(first.path, first.classes, keypoints)


def _name(names: ClassNames) -> str:
    return names.path.name if names.path is not None else ""


def _read(path: Path) -> ClassNames:
    if path.name in YAML_NAMES:
        return _in_yaml(path)
    if path.name in _JSON_NAMES:
        return ClassNames(path, _in_json(path))
    lines = [line.strip() for line in read_text(path, _MOST_BYTES).splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    # A line without a name counts, and names nothing.
    named = {i: line for i, line in enumerate(lines[:_MOST_CLASSES]) if line}
    return ClassNames(path, named)


def _in_yaml(path: Path) -> ClassNames:
    import yaml

    try:
        # Everything stays text: a class may be called "no", which is no truth value.
        content: Any = yaml.load(read_text(path, _MOST_YAML), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = str(error).splitlines()[0][:120]
        raise LabelError(
            f"this is no YAML ({reason})", path, "Mend it, or remove it."
        ) from error
    if not isinstance(content, dict):
        return ClassNames()
    shape = content.get("kpt_shape")
    numbers = [whole(v) for v in shape] if isinstance(shape, list) else []
    keypoints = None
    if len(numbers) == 2 and numbers[0] and numbers[1] in (2, 3) and numbers[0] > 0:
        keypoints = numbers[0], numbers[1]
    return ClassNames(path, _listed(content.get("names")), keypoints)


def _listed(names: Any) -> dict[int, str]:
    """Return names by number, from a list or a mapping; what is no text names none."""
    if isinstance(names, dict):
        pairs = [(whole(key), name) for key, name in list(names.items())]
    elif isinstance(names, list):
        # A few lines of YAML can stand for a list that has no end.
        pairs = list(enumerate(names[:_MOST_CLASSES]))
    else:
        return {}
    return {
        number: name.strip()
        for number, name in pairs
        if number is not None and 0 <= number < _MOST_CLASSES
        if isinstance(name, str) and name.strip()
    }


def _in_json(path: Path) -> dict[int, str]:
    try:
        content = json.loads(read_text(path, _MOST_YAML))
    except (ValueError, RecursionError):
        return {}  # somebody's notes
    entries = content.get("categories") if isinstance(content, dict) else None
    return {
        number: str(entry.get("name", ""))
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, dict)
        if (number := whole(entry.get("id"))) is not None and entry.get("name")
    }
