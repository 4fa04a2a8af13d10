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
from .queue import next_cutout, next_undone, previous_cutout
from .review import Review

__all__ = [
    "DECIDED",
    "KEPT",
    "Box",
    "Counts",
    "CutoutRecord",
    "Decision",
    "Proposal",
    "Review",
    "Status",
    "next_cutout",
    "next_undone",
    "previous_cutout",
]
