"""Long work as a generator of (done, total)."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

Result = TypeVar("Result")

#: Cutouts processed so far, and all of them.
Step = tuple[int, int]


def check_each_step(
    steps: Generator[Step, None, Result], should_go_on: Callable[[], None]
) -> Generator[Step, None, Result]:
    """Run a generator and call a function before each of its steps.

    Parameters
    ----------
    steps : generator
    should_go_on : callable
        An exception it raises ends the work.
    """
    while True:
        should_go_on()
        try:
            step = next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result
        yield step


def run_to_end(steps: Generator[object, None, Result]) -> Result:
    """Run a generator to its end and return what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result
