"""A review's state: cutouts, boxes, decisions, undo, and the file that keeps them."""

from .arrange import SORTS, Arrangement, arranged
from .crops import Crop, Crops
from .glance import Glance
from .merging import Merged, merged_in_words
from .model import (
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
from .pace import SCORE_BIN, Outcome, Pace, in_words
from .queue import ORDERS, SHOWN, Queue, QueuePlan
from .review import Review
from .taking import Taken

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
    "Merged",
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
    "in_words",
    "merged_in_words",
]
