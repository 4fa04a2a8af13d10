"""A widget that is gone hears nothing any more."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable

from psygnal import SignalInstance
from qtpy.compat import isalive
from qtpy.QtWidgets import QWidget


def listen(
    widget: QWidget, *connections: tuple[SignalInstance, Callable[..., object]]
) -> Callable[[], None]:
    """Connect signals to slots for as long as a widget is there.

    Qt's own signal for that, ``destroyed``, may come while Python collects garbage and
    then crashes; here a slot looks for itself whether the widget is still there.

    Parameters
    ----------
    widget : QWidget
    *connections : (psygnal signal, bound method)
        The slots are called in the thread that emits, and keep nothing alive.

    Returns
    -------
    callable
        Disconnects them before that.
    """
    connected = [
        (signal, signal.connect(_while_alive(widget, signal, slot)))
        for signal, slot in connections
    ]

    def let_go() -> None:
        for signal, slot in connected:
            signal.disconnect(slot, missing_ok=True)

    return let_go


def _while_alive(
    widget: QWidget, signal: SignalInstance, slot: Callable[..., object]
) -> Callable[..., None]:
    """Return a slot that goes with its widget."""
    there, bound = weakref.ref(widget), weakref.WeakMethod(slot)
    n = len(inspect.signature(slot).parameters)

    def heard(*values: object) -> None:
        listener, call = there(), bound()
        if listener is None or call is None or not isalive(listener):
            signal.disconnect(heard, missing_ok=True)
        else:
            call(*values[:n])

    return heard
