"""The keys of a review: one place for the window, the buttons and the docs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """A key, the controller's method behind it, and what it does in words."""

    action: str
    key: str
    what: str

    @property
    def shown(self) -> str:
        """The key as people write it."""
        return self.key.replace("Control", "Ctrl").replace("-", "+")


KEYS = (
    Key("accept", "A", "Accept the current box"),
    Key("reject", "R", "Reject the current box (a drawn one goes)"),
    Key("draw", "D", "Draw a box: drag from corner to corner"),
    Key("reclassify", "C", "Give the current box the next class"),
    Key("accept_rest", "Space", "Accept what is left and go on"),
    Key("toggle_done", "Enter", "Set the cutout done, or not done again"),
    Key("next_cutout", "N", "Next cutout"),
    Key("previous_cutout", "P", "Previous cutout"),
    Key("next_box", "Tab", "Next box"),
    Key("undo", "Control-Z", "Undo"),
    Key("redo", "Control-Shift-Z", "Redo"),
    Key("toggle_boxes", "H", "Hide or show the boxes"),
)

#: Further keys for the same actions, where hands expect them.
ALSO = {"Delete": "reject", "Backspace": "reject", "Control-Y": "redo"}

BY_ACTION = {key.action: key for key in KEYS}
