"""Folders of pictures and labels: YOLO and Pascal VOC.

Neither can say that a cutout is not done, so only done ones go out unless others are
asked for. Cutouts that are held out are the test set; of the others some are for
validation, chosen by what they show. Pictures are PNG, as the detector sees them, in
the order of the array.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from clump_detector.files import atomic_folder
from clump_detector.foreign.voc import label_map, voc_xml
from clump_detector.foreign.yolo import data_yaml, yolo_line
from clump_detector.identity import is_for_validation
from clump_detector.images import Cutout
from clump_detector.stretch import to_rgb

from ..review import CutoutRecord, Review
from .chosen import Step, Tally, Wish, going, put_text, read
from .file_names import FileNames

#: What the pictures of a folder are for.
SPLITS = ("train", "val", "test")

#: Share of the cutouts that are not held out.
_VALIDATION = 0.1


def export_yolo(review: Review, folder: Path, wish: Wish) -> Generator[Step, None, str]:
    """Write ``images``, ``labels`` and ``data.yaml``."""
    found = going(review, wish, done_only=True, empty=True)
    numbers = {cls: i for i, cls in enumerate(review.classes)}
    tally, names = Tally(), FileNames.of_review(review)
    splits = dict.fromkeys(SPLITS, 0)
    with atomic_folder(folder) as temporary:
        for place, record, cutout, boxes in read(review, found, tally):
            if cutout is not None:
                size = cutout.width, cutout.height
                split, name = split_of(review, record), names.of(record.source, size)
                save_png(cutout, temporary / "images" / split / f"{name}.png")
                lines = [yolo_line(numbers[b.cls], c, *size) for b, c in boxes]
                text = "".join(f"{line}\n" for line in lines)
                put_text(temporary / "labels" / split / f"{name}.txt", text)
                splits[split] += 1
                tally.add(len(boxes))
            yield place, len(found)
        tally.refuse_nothing(folder)
        names.write(temporary)
        # Trainers want both; where one is empty they are the same.
        folders = {split: split for split, n in splits.items() if n}
        some = folders.get("train") or folders.get("val") or "train"
        folders = {"train": some, "val": some, **folders}
        put_text(temporary / "data.yaml", data_yaml(review.classes, folders))
    return f"{folder}: {tally.in_words()}"


def export_voc(review: Review, folder: Path, wish: Wish) -> Generator[Step, None, str]:
    """Write ``JPEGImages``, ``Annotations``, ``ImageSets/Main`` and ``labelmap.txt``.

    The last one is no part of the challenge's layout: CVAT and datumaro refuse classes
    that are not the challenge's own without it.
    """
    found = going(review, wish, done_only=True, empty=True)
    tally, names = Tally(), FileNames.of_review(review)
    sets: dict[str, list[str]] = {split: [] for split in SPLITS}
    with atomic_folder(folder) as temporary:
        for place, record, cutout, boxes in read(review, found, tally):
            if cutout is not None:
                size = cutout.width, cutout.height
                name = names.of(record.source, size)
                save_png(cutout, temporary / "JPEGImages" / f"{name}.png")
                objects = [(b.cls, c, not b.kept) for b, c in boxes]
                text = voc_xml(f"{name}.png", size, objects)
                put_text(temporary / "Annotations" / f"{name}.xml", text)
                sets[split_of(review, record)].append(name)
                tally.add(len(boxes))
            yield place, len(found)
        tally.refuse_nothing(folder)
        names.write(temporary)
        put_text(temporary / "labelmap.txt", label_map(review.classes))
        sets["trainval"] = [*sets["train"], *sets["val"]]
        for split, chosen in sets.items():
            path = temporary / "ImageSets" / "Main" / f"{split}.txt"
            put_text(path, "".join(f"{name}\n" for name in chosen))
    return f"{folder}: {tally.in_words()}"


def save_png(cutout: Cutout, path: Path) -> None:
    """Write a cutout as the detector sees it."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(to_rgb(cutout)).save(path, format="PNG")


def split_of(review: Review, cutout: CutoutRecord) -> str:
    """Return what a cutout is for: one of `SPLITS`."""
    if cutout.held_out:
        return "test"
    keys = review.keys(cutout)
    return "val" if keys and is_for_validation(keys, _VALIDATION) else "train"
