"""An error of the engine or the review becomes a message for the person."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from clump_detector.core.errors import ClumpError

Method = TypeVar("Method", bound=Callable[..., Any])


class Warns(Protocol):
    """What can show a message where it cannot be overlooked."""

    def warn(self, message: str) -> None:
        """Show what went wrong and what to do."""


def shows_errors(method: Method) -> Method:
    """Have a method of what `Warns` show an error instead of raising it.

    It returns None then.
    """

    @functools.wraps(method)
    def guarded(self: Warns, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except ClumpError as error:
            self.warn(error.message)
            return None

    return guarded  # type: ignore[return-value]
