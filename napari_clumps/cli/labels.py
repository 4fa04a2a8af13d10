"""The labels that a verb works on: label sets, or the present state of reviews."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from clump_detector.core.errors import ClumpError, LabelError
from clump_detector.labels.classes.mapping import ClassMap, taken_as
from clump_detector.labels.joined import join_label_sets, set_name
from clump_detector.labels.label_set import LabelSet, read_label_set, write_label_set

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


@contextmanager
def joined_labels(
    paths: Sequence[Path], classes: ClassMap | None = None
) -> Iterator[Path]:
    """Give the file of one label set that has the labels of all that are named.

    Parameters
    ----------
    paths : sequence of path
        Label sets and reviews, one at least.
    classes : mapping of str to (str or None), optional
        What classes are taken for; see `taken_as`.
    """
    with ExitStack() as stack:
        files = [stack.enter_context(frozen_labels(path)) for path in paths]
        if len(files) == 1 and not classes:
            yield files[0]
            return
        names = [set_name(path) for path in paths]
        sets = [read_label_set(file) for file in files]
        joined = join_label_sets(list(zip(names, sets, strict=True)))
        told = {why for one in sets for why in one.info.get("left_out", ())}
        for why in joined.info.get("left_out", ()):
            if why not in told:
                print(f"Left out: {why}.", file=sys.stderr)
        folder = tempfile.TemporaryDirectory(prefix="napari-clumps-")
        together = Path(stack.enter_context(folder)) / "labels.json"
        write_label_set(_taken_as(joined, classes or {}), together)
        try:
            yield together
        except ClumpError as error:
            if error.path != together:
                raise
            # Nobody knows the file that is made here and gone again.
            raise type(error)(error.what, None, error.remedy) from error


def _taken_as(labels: LabelSet, classes: ClassMap) -> LabelSet:
    """Return labels with other classes; refuse classes that they do not have.

    Raises
    ------
    LabelError
    """
    if wrong := [cls for cls in classes if cls not in labels.classes]:
        raise LabelError(
            f"the labels have no class {wrong[0]!r}",
            remedy=f"They have: {', '.join(map(repr, labels.classes))}.",
        )
    return taken_as(labels, classes)
