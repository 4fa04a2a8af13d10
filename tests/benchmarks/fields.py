"""Ten thousand drawn inputs over the properties of the field's files."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.benchmarks.goal import Figure
from tests.fields.properties import CHECKS

#: Inputs in all, shared evenly among the checks.
EXAMPLES = 10_000

FIELDS = Path(__file__).resolve().parent.parent / "fields"


def figures() -> Iterator[Figure]:
    """Draw inputs of every check that the tests of the fields note."""
    for path in sorted(FIELDS.glob("test_*.py")):
        importlib.import_module(f"tests.fields.{path.stem}")
    share = -(-EXAMPLES // len(CHECKS))
    wrong = 0
    drawn = 0
    for check, strategy in CHECKS:
        start = time.perf_counter()
        problem = failure_of(check, strategy(), share)
        drawn += share
        if problem:
            wrong += 1
            print(f"{check.__name__}: {problem}")
        name = check.__name__.removeprefix("check_").replace("_", " ")
        each = (time.perf_counter() - start) / share * 1000
        yield Figure(f"{name}: one input", each, "ms")
    yield Figure("drawn inputs", drawn, "", "10000")
    yield Figure("properties that do not hold", wrong, "", "0")


def failure_of(check: Callable[[Any], None], strategy: Any, n: int) -> str:
    """Return the smallest input for which a property does not hold, or nothing."""

    @seed(2023)
    @settings(
        max_examples=n,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(strategy)
    def every(drawn: Any) -> None:
        check(drawn)

    try:
        every()
    except Exception as error:  # whatever the check raises is a failure
        notes = " ".join(getattr(error, "__notes__", ()))
        return f"{type(error).__name__}: {error} {notes}"[:2000]
    return ""
