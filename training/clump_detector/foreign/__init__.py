"""Labels that others made: read into boxes, and put on one's own cutouts."""

from .kinds import KINDS, read_labels
from .model import ForeignBox, ForeignLabels, Losses, SkyPlace
from .placing import Placed, PlacedBox, place_labels

__all__ = [
    "KINDS",
    "ForeignBox",
    "ForeignLabels",
    "Losses",
    "Placed",
    "PlacedBox",
    "SkyPlace",
    "place_labels",
    "read_labels",
]
