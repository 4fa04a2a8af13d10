"""Errors of the engine and the review, shown as messages to the user."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from clump_detector.core.errors import ClumpError

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class Warns(Protocol):
    """An object that can show warnings."""

    def warn(self, message: str) -> None:
        """Show a warning: what went wrong and what to do."""


class HasSession(Protocol):
    """An object with a session, which shows its errors."""

    @property
    def session(self) -> Warns:
        """The session."""


_Owner = TypeVar("_Owner", bound=HasSession)


def shows_errors(
    method: Callable[Concatenate[_Owner, _Given], _Result],
) -> Callable[Concatenate[_Owner, _Given], _Result | None]:
    """Have a method show an error in its session instead of raising it.

    It returns None then.
    """

    @functools.wraps(method)
    def guarded(
        self: _Owner, /, *args: _Given.args, **kwargs: _Given.kwargs
    ) -> _Result | None:
        try:
            return method(self, *args, **kwargs)
        except ClumpError as error:
            self.session.warn(error.message)
            return None

    return guarded
