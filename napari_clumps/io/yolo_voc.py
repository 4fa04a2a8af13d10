"""Folders of pictures and labels: YOLO and Pascal VOC.

Neither can record that a cutout is not done, so only done ones are exported unless
others are asked for. Held-out cutouts are the test set; of the others some are for
validation, chosen by their content. Pictures are PNG, as the detector sees them, in
the order of the array.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from clump_detector.images.cutout import Cutout
from clump_detector.images.identity import is_for_validation
from clump_detector.images.rgb import to_rgb
from clump_detector.labels.formats.voc import label_map, voc_xml
from clump_detector.labels.formats.yolo import data_yaml, yolo_line
from napari_clumps.review import CutoutRecord, Review

from .cutout_folder import Outgoing, into_folder
from .selection import ExportOptions, Step, selected, write_text_into

#: What the pictures of a folder are for.
SPLITS = ("train", "val", "test")

#: Share of the cutouts that are not held out.
_VALIDATION = 0.1


def export_yolo(
    review: Review, folder: Path, options: ExportOptions
) -> Generator[Step, None, str]:
    """Write ``images``, ``labels`` and ``data.yaml``.

    Parameters
    ----------
    review : Review
    folder : path
        The folder to create.
    options : ExportOptions
        ``undone`` asks for cutouts that are not done, too.

    Returns
    -------
    str
        A sentence about what was written.

    Raises
    ------
    LabelError
        If there is nothing to export, or no image can be used.
    """
    found = selected(review, options, done_only=True, empty=True)
    numbers = {cls: i for i, cls in enumerate(review.classes)}
    splits = dict.fromkeys(SPLITS, 0)

    def put(temporary: Path, one: Outgoing) -> None:
        split = split_of(review, one.record)
        save_png(one.cutout, temporary / "images" / split / f"{one.name}.png")
        lines = [yolo_line(numbers[b.cls], c, *one.size) for b, c in one.boxes]
        text = "".join(f"{line}\n" for line in lines)
        write_text_into(temporary / "labels" / split / f"{one.name}.txt", text)
        splits[split] += 1

    def end(temporary: Path) -> None:
        # Trainers want both; where one is empty they are the same.
        folders = {split: split for split, n in splits.items() if n}
        some = folders.get("train") or folders.get("val") or "train"
        folders = {"train": some, "val": some, **folders}
        write_text_into(temporary / "data.yaml", data_yaml(review.classes, folders))

    return (yield from into_folder(review, folder, found, put, end))


def export_voc(
    review: Review, folder: Path, options: ExportOptions
) -> Generator[Step, None, str]:
    """Write ``JPEGImages``, ``Annotations``, ``ImageSets/Main`` and ``labelmap.txt``.

    The last one is not part of the challenge's layout: without it CVAT and datumaro
    refuse classes that are not the challenge's own.

    Parameters
    ----------
    review : Review
    folder : path
        The folder to create.
    options : ExportOptions
        ``undone`` asks for cutouts that are not done, too.

    Returns
    -------
    str
        A sentence about what was written.

    Raises
    ------
    LabelError
        If there is nothing to export, or no image can be used.
    """
    found = selected(review, options, done_only=True, empty=True)
    sets: dict[str, list[str]] = {split: [] for split in SPLITS}

    def put(temporary: Path, one: Outgoing) -> None:
        save_png(one.cutout, temporary / "JPEGImages" / f"{one.name}.png")
        objects = [(b.cls, c, not b.kept) for b, c in one.boxes]
        text = voc_xml(f"{one.name}.png", one.size, objects)
        write_text_into(temporary / "Annotations" / f"{one.name}.xml", text)
        sets[split_of(review, one.record)].append(one.name)

    def end(temporary: Path) -> None:
        write_text_into(temporary / "labelmap.txt", label_map(review.classes))
        sets["trainval"] = [*sets["train"], *sets["val"]]
        for split, chosen in sets.items():
            path = temporary / "ImageSets" / "Main" / f"{split}.txt"
            write_text_into(path, "".join(f"{name}\n" for name in chosen))

    return (yield from into_folder(review, folder, found, put, end))


def save_png(cutout: Cutout, path: Path) -> None:
    """Write a cutout as PNG, as the detector sees it.

    Parameters
    ----------
    cutout : Cutout
    path : path
        Its folder is made if need be.
    """
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(to_rgb(cutout)).save(path, format="PNG")


def split_of(review: Review, cutout: CutoutRecord) -> str:
    """Return the subset that a cutout belongs to: one of `SPLITS`.

    Parameters
    ----------
    review : Review
    cutout : CutoutRecord
    """
    if cutout.held_out:
        return "test"
    keys = review.keys(cutout)
    return "val" if keys and is_for_validation(keys, _VALIDATION) else "train"
