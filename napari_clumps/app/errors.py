"""Errors of the engine and the review, shown as messages to the user."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from clump_detector.core.errors import ClumpError

Method = TypeVar("Method", bound=Callable[..., Any])


class Warns(Protocol):
    """An object that can show warnings."""

    def warn(self, message: str) -> None:
        """Show a warning: what went wrong and what to do."""


class HasSession(Protocol):
    """An object with a session, which shows its errors."""

    @property
    def session(self) -> Warns:
        """The session."""


def shows_errors(method: Method) -> Method:
    """Have a method show an error in its session instead of raising it.

    It returns None then.
    """

    @functools.wraps(method)
    def guarded(self: HasSession, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except ClumpError as error:
            self.session.warn(error.message)
            return None

    return guarded  # type: ignore[return-value]
