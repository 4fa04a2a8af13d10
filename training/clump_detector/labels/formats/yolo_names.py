"""The names of YOLO's class numbers, from the nearest file of names.

Programs put ``data.yaml`` two folders above the labels, ``classes.txt`` among them,
``obj.names`` next to their folder. The nearest one is used; it is searched in the
folder of a label file and in at most three folders above the chosen one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from clump_detector.core.errors import LabelError
from clump_detector.core.notation import whole
from clump_detector.labels.packed_files import is_inside, read_text

YAML_NAMES = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
TEXT_NAMES = (
    "classes.txt", "obj.names", "classes.names", "labels.names", "_darknet.labels",
    "_classes.txt",
)  # fmt: skip

#: Label Studio's, next to ``classes.txt``.
_JSON_NAMES = ("notes.json",)

_MOST_BYTES = 5_000_000

#: Greatest size of ``data.yaml`` in bytes: reading YAML is slow.
_MOST_YAML = 100_000

#: Folders above the chosen one that are searched.
_ABOVE = 3

_MOST_CLASSES = 10_000


@dataclass(frozen=True)
class ClassNames:
    """The names of the class numbers in a label file.

    Attributes
    ----------
    path : Path or None
        The file that names them.
    classes : mapping of int to str
    keypoints : (int, int) or None
        The number of keypoints after a box, and of values for each.
    """

    path: Path | None = None
    classes: Mapping[int, str] = field(default_factory=dict)
    keypoints: tuple[int, int] | None = None


class NamesAbove:
    """The files of names for label files; each folder is searched once.

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
            complete = here.classes and here.keypoints
            if not complete and self._continues(folder):
                above = self.of(folder.parent)
                named = here if here.classes else above
                keypoints = here.keypoints or above.keypoints
                here = ClassNames(named.path, named.classes, keypoints)
            self._found[folder] = here
        return self._found[folder]

    def _continues(self, folder: Path) -> bool:
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
                f"it names other classes than {_name(other)} next to it",
                named[0].path,
                "Remove the one that does not belong to these labels.",
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
    # An empty line counts, but its number has no name.
    named = {i: line for i, line in enumerate(lines[:_MOST_CLASSES]) if line}
    return ClassNames(path, named)


def _in_yaml(path: Path) -> ClassNames:
    import yaml

    try:
        # Everything stays text: a class may be named "no", which YAML reads as false.
        content: object = yaml.load(read_text(path, _MOST_YAML), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = str(error).splitlines()[0][:120]
        raise LabelError(
            f"this is not valid YAML ({reason})", path, "Correct it, or remove it."
        ) from error
    if not isinstance(content, dict):
        return ClassNames()
    shape = content.get("kpt_shape")
    numbers = [whole(v) for v in shape] if isinstance(shape, list) else []
    keypoints = None
    if len(numbers) == 2 and numbers[0] and numbers[1] in (2, 3) and numbers[0] > 0:
        keypoints = numbers[0], numbers[1]
    return ClassNames(path, _listed(content.get("names")), keypoints)


def _listed(names: object) -> dict[int, str]:
    """Return names by number, from a list or a mapping; only texts are names."""
    if isinstance(names, dict):
        pairs = [(whole(key), name) for key, name in list(names.items())]
    elif isinstance(names, list):
        # A few lines of YAML can expand to an endless list.
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
        return {}  # notes of another kind
    entries = content.get("categories") if isinstance(content, dict) else None
    return {
        number: str(entry.get("name", ""))
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, dict)
        if (number := whole(entry.get("id"))) is not None and entry.get("name")
    }
