"""Labels in any numbering and notation: right boxes and classes, or refused."""

from __future__ import annotations

from hypothesis import given, settings

from tests.fields.labels_drawn import (
    check_coco,
    check_ds9,
    check_table,
    check_voc,
    check_wrong_numbering,
    check_yolo,
    coco_labels,
    named_labels,
    wrong_numberings,
    yolo_labels,
)

few = settings(max_examples=40, deadline=None)


@few
@given(yolo_labels())
def test_yolo(drawn):
    check_yolo(drawn)


@few
@given(wrong_numberings())
def test_a_wrong_numbering(drawn):
    check_wrong_numbering(drawn)


@few
@given(coco_labels())
def test_coco(drawn):
    check_coco(drawn)


@few
@given(named_labels())
def test_voc(drawn):
    check_voc(drawn)


@few
@given(named_labels())
def test_ds9(drawn):
    check_ds9(drawn)


@few
@given(named_labels())
def test_a_table(drawn):
    check_table(drawn)
