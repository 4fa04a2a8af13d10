"""A widget that is gone hears nothing any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtWidgets import QWidget


def listen(
    widget: QWidget, *connections: tuple[Any, Callable[..., Any]]
) -> Callable[[], None]:
    """Connect signals to a widget's slots for as long as the widget is there.

    Parameters
    ----------
    widget : QWidget
    *connections : (psygnal signal, slot)
        The slots are called in the thread that emits.

    Returns
    -------
    callable
        Disconnects them before that.
    """
    for signal, slot in connections:
        signal.connect(slot)

    def let_go() -> None:
        for signal, slot in connections:
            signal.disconnect(slot, missing_ok=True)

    widget.destroyed.connect(let_go)
    return let_go
