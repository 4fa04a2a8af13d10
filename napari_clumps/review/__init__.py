"""A review's state: cutouts, boxes, decisions, undo, and the file that keeps them."""

from .model import (
    DECIDED,
    KEPT,
    Box,
    Counts,
    CutoutRecord,
    Decision,
    Proposal,
    Status,
)
from .pace import SCORE_BIN, Outcome, Pace, in_words
from .queue import next_cutout, next_undone, previous_cutout
from .review import Review

__all__ = [
    "DECIDED",
    "KEPT",
    "SCORE_BIN",
    "Box",
    "Counts",
    "CutoutRecord",
    "Decision",
    "Outcome",
    "Pace",
    "Proposal",
    "Review",
    "Status",
    "in_words",
    "next_cutout",
    "next_undone",
    "previous_cutout",
]
