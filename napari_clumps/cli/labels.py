"""The labels that a verb works on: a label set, or the present state of a review."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clump_detector.core.errors import ClumpError, LabelError
from clump_detector.labels.label_set import write_label_set

_DECIDE = "Accept, reject or draw some boxes, or set cutouts done, first."


@contextmanager
def frozen_labels(path: Path) -> Iterator[Path]:
    """Give the label set's file: the one named, or the frozen state of a review."""
    if path.suffix != ".clumps":
        yield path
        return
    from napari_clumps.review import Review

    with tempfile.TemporaryDirectory(prefix="napari-clumps-") as folder:
        frozen = Path(folder) / "labels.json"
        with Review.open(path, read_only=True) as review:
            labels = review.label_set()
        left_out = [f"Left out: {why}" for why in labels.info.get("left_out", ())]
        if left_out and not labels.cutouts:
            raise LabelError(
                f"no labelled image is as it was. {' '.join(left_out[:3])}".rstrip("."),
                path,
                "Put the images back that were labelled.",
            )
        if not labels.cutouts:
            raise LabelError(
                "no cutout is done and no box decided in this review", path, _DECIDE
            )
        print("".join(f"{why}\n" for why in left_out), end="", file=sys.stderr)
        write_label_set(labels, frozen)
        try:
            yield frozen
        except ClumpError as error:
            if error.path is None or not error.path.is_relative_to(folder):
                raise
            # What is wrong with its labels is wrong with the review, which a person
            # knows; the frozen file is gone before he could look at it.
            raise type(error)(error.what, path, error.remedy) from error
