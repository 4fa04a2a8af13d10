"""Recognising JSON files of labels of other programs than COCO, for messages."""

from __future__ import annotations

from typing import TypeAlias

#: Keys of a file, or of each entry of its list, and the format that has them.
_Kinds: TypeAlias = tuple[tuple[set[str], str], ...]
_WHOLE: _Kinds = (
    ({"shapes", "imagePath"}, "LabelMe's JSON"),
    ({"_via_img_metadata"}, "a project of VIA"),
    ({"objects", "size"}, "Supervisely's JSON"),
    ({"type", "features"}, "GeoJSON"),
    ({"asset", "regions"}, "VoTT's JSON"),
    ({"assets", "tags"}, "VoTT's JSON"),
    ({"dataset", "items"}, "Darwin's JSON"),
    ({"frames", "labels"}, "a file of frames"),
    ({"info", "items"}, "Datumaro's JSON"),
)
_ENTRIES: _Kinds = (
    ({"data", "annotations"}, "Label Studio's JSON"),
    ({"data", "completions"}, "Label Studio's JSON"),
    ({"data", "predictions"}, "Label Studio's JSON"),
    ({"image", "annotations"}, "CreateML's JSON"),
    ({"External ID", "Label"}, "Labelbox's JSON"),
    ({"data_row", "projects"}, "Labelbox's JSON"),
    ({"filename", "regions"}, "VIA's JSON"),
)


def other_format(content: object) -> str:
    """Return the format of a JSON file that is not COCO, or ''."""
    if isinstance(content, dict):
        if {"annotations", "images"} & content.keys():
            return ""
        found = _named(content, _WHOLE)
        values = list(content.values())
        return found or (_of_entries(values) if len(values) < 1_000_000 else "")
    return _of_entries(content) if isinstance(content, list) else ""


def _of_entries(entries: list[object]) -> str:
    first = next((entry for entry in entries if isinstance(entry, dict)), {})
    return _named(first, _ENTRIES)


def _named(content: dict[str, object], kinds: _Kinds) -> str:
    return next((name for keys, name in kinds if keys <= content.keys()), "")
