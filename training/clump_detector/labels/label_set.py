"""The label set: boxes of cutouts with their provenance, for training and export."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from clump_detector.core import boxes as geometry
from clump_detector.core.errors import FileError, LabelError
from clump_detector.core.files import read_json, relative_path, write_json
from clump_detector.core.json_types import JsonObject
from clump_detector.image_files.sources import Source

from .classes.names import DEFAULT_CLASSES
from .coco_file import (
    Id,
    class_names,
    edges_of,
    id_of,
    in_order,
    is_difficult,
    is_ours,
    set_aside,
    sized,
    sized_images,
    without_no_clumps,
)

_MAKE_AGAIN = "Export the label set again, or correct it in an editor."


@dataclass(frozen=True)
class LabelledBox:
    """One box of a label set, in pixels counted from the first one's centre.

    ``status`` is a review's status; ``origin`` is ``model``, ``person`` or
    ``simulation``; ``ignored`` boxes are neither object nor background; ``weight`` is
    the weight in training. ``outline`` has x and y of the corners of the clump's
    segment in turn, and ``area`` its pixels, where they are known.
    """

    x1: float
    y1: float
    x2: float
    y2: float
    cls: str
    status: str = "accepted"
    origin: str = "person"
    ignored: bool = False
    weight: float = 1.0
    score: float | None = None
    model: str | None = None
    annotator: str | None = None
    time: str | None = None
    extra: JsonObject = field(default_factory=dict)
    outline: tuple[float, ...] = ()
    area: int = 0

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """The corners x1, y1, x2, y2."""
        return self.x1, self.y1, self.x2, self.y2


@dataclass(frozen=True)
class LabelledCutout:
    """One cutout of a label set, with its boxes.

    ``done`` means that every clump is boxed; ``held_out`` that it is only for testing;
    ``blind`` that its clumps were marked before a model's boxes were shown there;
    ``keys`` are those of `clump_detector.images.identity`; ``flags``, ``remark``,
    ``tags`` and ``interest`` (0 to 3, None where it is not said) are the user's;
    ``arm`` tells where an order of a model's chose it (``chosen``, or drawn at
    ``random`` by it); ``label_set`` names the set it was in before several were joined.
    """

    source: Source
    width: int
    height: int
    done: bool = True
    held_out: bool = False
    boxes: tuple[LabelledBox, ...] = ()
    rejected: tuple[LabelledBox, ...] = ()
    fwhm: float | None = None
    blind: bool = False
    keys: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    remark: str = ""
    label_set: str = ""
    tags: tuple[str, ...] = ()
    interest: int | None = None
    arm: str = ""

    def array(self, *, ignored: bool = False) -> geometry.Boxes:
        """Return the boxes that are (not) ignored, shape (n, 4)."""
        return geometry.as_boxes(
            [b.corners for b in self.boxes if b.ignored is ignored] or np.zeros((0, 4))
        )


@dataclass(frozen=True)
class LabelSet:
    """Frozen boxes of cutouts, with their provenance in ``info``."""

    cutouts: tuple[LabelledCutout, ...]
    classes: tuple[str, ...] = DEFAULT_CLASSES
    info: JsonObject = field(default_factory=dict)

    def subset(self, *, held_out: bool) -> LabelSet:
        """Return the label set of the cutouts that are (not) held out."""
        chosen = tuple(c for c in self.cutouts if c.held_out is held_out)
        return replace(self, cutouts=chosen)

    def hash(self) -> str:
        """Return a SHA-256 of boxes and names, independent of the images' folder."""
        rows = [
            (
                c.source.name,
                c.done,
                c.held_out,
                [_key(b) for b in (*c.boxes, *c.rejected)],
            )
            for c in self.cutouts
        ]
        return hashlib.sha256(json.dumps([rows, self.classes]).encode()).hexdigest()

    @property
    def n_boxes(self) -> int:
        """Number of boxes that are not ignored."""
        return sum(len(c.array()) for c in self.cutouts)


def _key(box: LabelledBox) -> list[str | float]:
    return [*(round(v, 3) for v in box.corners), box.cls, box.status, box.ignored]


def write_label_set(labels: LabelSet, path: str | Path) -> None:
    """Write a label set as COCO JSON, completely or not at all.

    Parameters
    ----------
    labels : LabelSet
    path : path
        Paths of images become relative to its folder.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    write_json(path, to_coco(labels, Path(path).parent))


def to_coco(labels: LabelSet, folder: Path) -> JsonObject:
    """Return a label set as the dictionary of COCO JSON.

    Parameters
    ----------
    labels : LabelSet
    folder : Path
        The folder that paths of images become relative to.
    """
    numbers = {name: i + 1 for i, name in enumerate(labels.classes)}
    images: list[JsonObject] = []
    annotations: list[JsonObject] = []
    rejected: list[JsonObject] = []
    for number, cutout in enumerate(labels.cutouts, start=1):
        images.append(_image_entry(cutout, number, folder))
        annotations += [_entry(b, number, numbers[b.cls]) for b in cutout.boxes]
        rejected += [_entry(b, number, numbers[b.cls]) for b in cutout.rejected]
    for entries in (annotations, rejected):
        for i, entry in enumerate(entries, start=1):
            entry["id"] = i
    return {
        "info": {"description": "Clump labels made with napari-clumps", **labels.info},
        "licenses": [],
        "categories": [
            {"id": i, "name": name, "supercategory": "clump"}
            for name, i in numbers.items()
        ],
        "images": images,
        "annotations": annotations,
        "rejected": rejected,
    }


def _image_entry(cutout: LabelledCutout, number: int, folder: Path) -> JsonObject:
    entry = {
        "id": number,
        "file_name": relative_path(cutout.source.path, folder),
        "width": cutout.width,
        "height": cutout.height,
        "name": cutout.source.name,
        "done": cutout.done,
        "held_out": cutout.held_out,
    }
    if len(cutout.source.files) > 1:
        entry["files"] = [relative_path(path, folder) for path in cutout.source.files]
    if cutout.source.bands:
        entry["bands"] = list(cutout.source.bands)
    if cutout.fwhm is not None:
        entry["psf_fwhm_px"] = round(cutout.fwhm, 4)
    if cutout.blind:
        entry["blind"] = True
    for name in ("keys", "flags", "tags"):
        if getattr(cutout, name):
            entry[name] = list(getattr(cutout, name))
    for name in ("remark", "label_set", "arm"):
        if getattr(cutout, name):
            entry[name] = getattr(cutout, name)
    if cutout.interest is not None:
        entry["interest"] = cutout.interest
    return entry


def _entry(box: LabelledBox, image: int, category: int) -> JsonObject:
    x1, y1, x2, y2 = (
        round(float(v), 4) for v in geometry.to_edges(np.array([box.corners]))[0]
    )
    width, height = round(x2 - x1, 4), round(y2 - y1, 4)
    attributes = {
        "status": box.status,
        "origin": box.origin,
        "score": box.score,
        "model": box.model,
        "annotator": box.annotator,
        "time": box.time,
        **({} if box.weight == 1 else {"weight": box.weight}),
        **box.extra,
    }
    area, outline = round(width * height, 4), [x1, y1, x2, y1, x2, y2, x1, y2]
    if box.outline:  # COCO counts from the corner of the first pixel
        area, outline = float(box.area), [v + 0.5 for v in box.outline]
    return {
        "id": 0,
        "image_id": image,
        "category_id": category,
        "bbox": [x1, y1, width, height],
        "area": area,
        "segmentation": [outline],
        "iscrowd": int(box.ignored),
        "attributes": attributes,
    }


def read_label_set(path: str | Path) -> LabelSet:
    """Read a label set, or any COCO JSON with boxes.

    Cutouts without the key ``done`` are done, and ones without ``held_out`` are not
    held out. For whether the image files exist see `missing_files`.

    Raises
    ------
    LabelError
        If the file is not a label set, has no image, or has a box that is outside its
        image, has no area, or names an image or class that is not in the file.
    """
    path = Path(path)
    try:
        content = read_json(path)
    except FileError as error:
        raise LabelError(error.what, path, error.remedy) from error
    try:
        classes = class_names(content["categories"], path)
        images = sized_images(content["images"], path)
        info = content.get("info")
        if not is_ours(info):
            classes = without_no_clumps(classes)
        annotations = _boxes_by_image(content["annotations"], images, classes, path)
        rejected = _boxes_by_image(content.get("rejected", []), images, classes, path)
        cutouts = tuple(
            _cutout(entry, path, annotations.get(i, ()), rejected.get(i, ()))
            for i, entry in images.items()
        )
    except LabelError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LabelError(
            f"this is not a COCO label set ({type(error).__name__}: {error})",
            path,
            _MAKE_AGAIN,
        ) from error
    if not cutouts:
        raise LabelError("this label set has no image", path, _MAKE_AGAIN)
    named = (classes[i] for i in sorted(classes, key=in_order))
    names = tuple(name for name in named if name)
    return LabelSet(cutouts, names, dict(info) if isinstance(info, dict) else {})


def missing_files(labels: LabelSet) -> list[Path]:
    """Return the image files of a label set that do not exist."""
    return [p for c in labels.cutouts for p in c.source.files if not p.is_file()]


def _cutout(
    entry: JsonObject,
    path: Path,
    boxes: Sequence[LabelledBox],
    rejected: Sequence[LabelledBox],
) -> LabelledCutout:
    names = entry.get("files", [entry["file_name"]])
    files = tuple(_image_file(path, name) for name in names)
    source = Source(
        str(entry.get("name", Path(entry["file_name"]).stem)),
        files,
        tuple(entry.get("bands", ())),
    )
    fwhm = float(entry.get("psf_fwhm_px") or 0)
    return LabelledCutout(
        source,
        *sized(entry),
        bool(entry.get("done", True)),
        bool(entry.get("held_out", False)),
        tuple(boxes),
        tuple(rejected),
        fwhm if 0 < fwhm < np.inf else None,
        bool(entry.get("blind", False)),
        _texts(entry.get("keys")),
        _texts(entry.get("flags")),
        str(entry.get("remark") or ""),
        str(entry.get("label_set") or ""),
        _texts(entry.get("tags")),
        None if entry.get("interest") is None else int(entry["interest"]),
        str(entry.get("arm") or ""),
    )


def _image_file(path: Path, name: str) -> Path:
    """Return the path of an image: relative to the file, or in COCO's layout.

    The COCO data sets have ``annotations/instances_train.json`` next to
    ``images/train`` or ``train``, and names without a folder.
    """
    relative = path.parent / name
    split, above = path.stem.removeprefix("instances_"), path.parent.parent
    folders = (above / "images" / split, above / "images", above / split)
    if relative.exists() or path.parent.name != "annotations":
        return relative
    return next((p / name for p in folders if (p / name).exists()), relative)


def _texts(value: object) -> tuple[str, ...]:
    """Return a list of texts as a tuple; other programs' values are ignored."""
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _boxes_by_image(
    entries: list[JsonObject],
    images: dict[Id, JsonObject],
    classes: dict[Id, str],
    path: Path,
) -> dict[Id, list[LabelledBox]]:
    found: dict[Id, list[LabelledBox]] = {}
    for entry in entries:
        number, cls = id_of(entry["image_id"]), id_of(entry["category_id"])
        if number is None or number not in images:
            raise LabelError(
                f"box {entry.get('id')} names image {entry['image_id']}, which is not "
                "in the file",
                path,
                _MAKE_AGAIN,
            )
        if cls is None or cls not in classes:
            raise LabelError(
                f"box {entry.get('id')} names class {entry['category_id']}, which is "
                "not in the file",
                path,
                _MAKE_AGAIN,
            )
        box = _box(entry, images[number], classes[cls], path)
        if not box.cls:
            # Neither a clump nor background; its class does not matter then.
            some = next(name for name in classes.values() if name)
            box = replace(box, cls=some, ignored=True)
        found.setdefault(number, []).append(box)
    return found


def _box(entry: JsonObject, image: JsonObject, cls: str, path: Path) -> LabelledBox:
    edges, given = edges_of(entry), entry.get("bbox")
    name = image.get("file_name", image["id"])
    if edges is None:
        raise LabelError(
            f"box {entry.get('id')} of {name} has no area ({given})", path, _MAKE_AGAIN
        )
    corners = geometry.from_edges(np.array([edges]))
    if geometry.outside(corners, *sized(image))[0]:
        raise LabelError(
            f"box {entry.get('id')} of {name} is outside the image "
            f"({given} in {image['width']} x {image['height']} pixels)",
            path,
            _MAKE_AGAIN,
        )
    ignored = bool(set_aside(entry)) or is_difficult(entry)
    attributes = dict(entry.get("attributes") or {})
    known = {
        key: attributes.pop(key)
        for key in ("status", "origin", "score", "model", "annotator", "time")
        if key in attributes
    }
    x1, y1, x2, y2 = (float(v) for v in corners[0])
    weight = float(attributes.pop("weight", 1.0))
    if not 0 < weight < np.inf:
        raise LabelError(
            f"box {entry.get('id')} of {name} has the weight {weight:g}",
            path,
            "Give a weight above 0, or none for 1.",
        )
    return LabelledBox(
        x1, y1, x2, y2, cls,
        ignored=ignored, weight=weight, extra=attributes, **known,
    )  # fmt: skip
