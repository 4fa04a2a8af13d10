"""A review's state: cutouts, boxes, decisions, undo, and the file that keeps them."""

from napari_clumps.review.images.glance import Glance
from napari_clumps.review.storage.records import (
    DECIDED,
    FLAGS,
    KEPT,
    Box,
    Corners,
    Counts,
    CutoutRecord,
    Decision,
    Label,
    Opinion,
    Proposal,
    Status,
)

from .box_index import SORTS, Arrangement, Crop, Crops, arranged
from .label_import import Taken
from .merge import MergeResult, merged_in_words
from .queue import ORDERS, SHOWN, Queue, QueuePlan
from .review import Review
from .statistics import SCORE_BIN, Outcome, Pace, statistics_in_words

__all__ = [
    "DECIDED",
    "FLAGS",
    "KEPT",
    "ORDERS",
    "SCORE_BIN",
    "SHOWN",
    "SORTS",
    "Arrangement",
    "Box",
    "Corners",
    "Counts",
    "Crop",
    "Crops",
    "CutoutRecord",
    "Decision",
    "Glance",
    "Label",
    "MergeResult",
    "Opinion",
    "Outcome",
    "Pace",
    "Proposal",
    "Queue",
    "QueuePlan",
    "Review",
    "Status",
    "Taken",
    "arranged",
    "merged_in_words",
    "statistics_in_words",
]
