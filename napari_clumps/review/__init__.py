"""The state of a review: cutouts, boxes, decisions, undo, and the file format."""

from napari_clumps.review.images.summary import CutoutSummary
from napari_clumps.review.storage.records import (
    DECIDED,
    FLAGS,
    INTERESTS,
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

from .label_import import LabelImportResult
from .merge import MergeResult, merge_in_words
from .notes import SurveyOrigin
from .queries.box_index import SORTS, Arrangement, Crop, Crops, arrange
from .queries.facts import STATES, CutoutFacts
from .queries.queue import ORDERS, RANKED, SHOWN, Queue, QueuePlan
from .queries.statistics import (
    SCORE_BIN,
    Outcome,
    ReviewStatistics,
    statistics_in_words,
)
from .review import Review

__all__ = [
    "DECIDED",
    "FLAGS",
    "INTERESTS",
    "KEPT",
    "ORDERS",
    "RANKED",
    "SCORE_BIN",
    "SHOWN",
    "SORTS",
    "STATES",
    "Arrangement",
    "Box",
    "Corners",
    "Counts",
    "Crop",
    "Crops",
    "CutoutFacts",
    "CutoutRecord",
    "CutoutSummary",
    "Decision",
    "Label",
    "LabelImportResult",
    "MergeResult",
    "Opinion",
    "Outcome",
    "Proposal",
    "Queue",
    "QueuePlan",
    "Review",
    "ReviewStatistics",
    "Status",
    "SurveyOrigin",
    "arrange",
    "merge_in_words",
    "statistics_in_words",
]
