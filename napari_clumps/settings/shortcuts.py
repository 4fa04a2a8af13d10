"""The shortcuts of a review, for the window, the buttons and the docs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psygnal import Signal

from clump_detector.core.errors import ConfigError


@dataclass(frozen=True)
class Shortcut:
    """A key, its action, and a description.

    Attributes
    ----------
    action : str
    key : str
        As Qt writes keys: ``Ctrl+Shift+Z``; ``Enter`` is either of the two.
    what : str
    repeats : bool
        Whether it repeats while the key is held down. A decision does not.
    """

    action: str
    key: str
    what: str
    repeats: bool = False


KEYS = (
    Shortcut("accept", "A", "Accept the current box"),
    Shortcut("reject", "R", "Reject the current box (deletes a box you drew)"),
    Shortcut("draw", "D", "Draw a box: drag from corner to corner"),
    Shortcut("add_here", "B", "Add a box at the cursor (2.5 × PSF FWHM)"),
    Shortcut("reclassify", "C", "Cycle the class of the current box"),
    Shortcut("accept_rest", "Space", "Accept remaining and continue"),
    Shortcut("reject_rest", "X", "Reject remaining and continue"),
    Shortcut("toggle_done", "Enter", "Mark cutout done / not done"),
    Shortcut("next_cutout", "N", "Next cutout", repeats=True),
    Shortcut("previous_cutout", "P", "Previous cutout", repeats=True),
    Shortcut("next_box", "Tab", "Next box", repeats=True),
    Shortcut("flag", "F", "Flag the cutout"),
    Shortcut("tag", "T", "Write tags of the cutout"),
    Shortcut("interest_0", "0", "Interest 0 of 3: plain"),
    Shortcut("interest_1", "1", "Interest 1 of 3"),
    Shortcut("interest_2", "2", "Interest 2 of 3"),
    Shortcut("interest_3", "3", "Interest 3 of 3: show it to a colleague"),
    Shortcut("undo", "Ctrl+Z", "Undo", repeats=True),
    Shortcut("redo", "Ctrl+Shift+Z", "Redo", repeats=True),
    Shortcut("toggle_boxes", "H", "Hide or show the boxes"),
    Shortcut("zoom", "Z", "Zoom to the current box, or back to the whole galaxy"),
    Shortcut("next_view", "V", "Next view: colour, each band, residual"),
    Shortcut("next_stretch", "S", "Next stretch"),
    Shortcut("move_left", "Left", "Move the current box left", repeats=True),
    Shortcut("move_right", "Right", "Move the current box right", repeats=True),
    Shortcut("move_up", "Up", "Move the current box up", repeats=True),
    Shortcut("move_down", "Down", "Move the current box down", repeats=True),
    Shortcut("narrower", "Shift+Left", "Make the current box narrower", repeats=True),
    Shortcut("wider", "Shift+Right", "Make the current box wider", repeats=True),
    Shortcut("shorter", "Shift+Up", "Make the current box shorter", repeats=True),
    Shortcut("taller", "Shift+Down", "Make the current box taller", repeats=True),
    Shortcut("show_keys", "F1", "Show all keys"),
)

#: Further keys for the same actions, as users expect them.
ALSO = {
    "Del": "reject",
    "Backspace": "reject",
    "Ctrl+Y": "redo",
    "PgDown": "next_cutout",
    "PgUp": "previous_cutout",
    "?": "show_keys",
}

BY_ACTION = {key.action: key for key in KEYS}


class KeyBook:
    """The current shortcuts: those of `KEYS`, or other keys that the user chose.

    Signals
    -------
    changed(): other keys were chosen.
    """

    changed = Signal()

    def __init__(self) -> None:
        self._actions = _bound({})

    def choose(self, chosen: Mapping[str, str]) -> None:
        """Set other keys, by action; nothing is changed if they conflict.

        Raises
        ------
        ConfigError
            If an action has no key, or two have the same.
        """
        actions = _bound(chosen)
        if actions != self._actions:
            self._actions = actions
            self.changed.emit()

    def take_over(self, chosen: Mapping[str, str]) -> list[str]:
        """Set the keys that the user chose in an earlier version.

        A new action whose key is one of them gets that with Ctrl.

        Returns
        -------
        list of str
            What is different from the usual keys for that, in sentences.

        Raises
        ------
        ConfigError
            If the chosen keys conflict among themselves.
        """
        taken = {pressed: action for action, pressed in chosen.items()}
        moved, said = dict(chosen), []
        for key in KEYS:
            if key.action not in chosen and key.key in taken:
                other = BY_ACTION.get(taken[key.key])
                if other is None:
                    continue  # of an action that there is no more
                moved[key.action] = f"Ctrl+{key.key}"
                said.append(
                    f"{key.key} is your key of '{other.what}': '{key.what}' is on "
                    f"Ctrl+{key.key}."
                )
        self.choose(moved)
        return said

    def key(self, action: str) -> str:
        """Return an action's key."""
        return next(key for key, behind in self._actions.items() if behind == action)

    def action(self, key: str) -> str | None:
        """Return the action behind a key, or None."""
        return self._actions.get(key)


def _bound(chosen: Mapping[str, str]) -> dict[str, str]:
    actions: dict[str, str] = {}
    for key in KEYS:
        pressed = chosen.get(key.action, key.key)
        if not pressed:
            raise ConfigError(f"'{key.what}' has no key", remedy="Give it one.")
        if pressed in actions:
            other = BY_ACTION[actions[pressed]].what
            raise ConfigError(
                f"{pressed} is the key of '{other}' and of '{key.what}'",
                remedy="Give one of them another key.",
            )
        actions[pressed] = key.action
    return actions | {k: action for k, action in ALSO.items() if k not in actions}


#: The shortcuts of this process.
BOOK = KeyBook()
