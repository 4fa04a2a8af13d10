"""The command line: runs a verb, and prints its errors in one line."""

from __future__ import annotations

import sys
from typing import Any

import typer

from clump_detector.core.errors import Cancelled, ClumpError

from . import data, detect, models, review, simulate, survey, train
from .evaluation import catalogues, evaluate, tiers
from .galaxies import artefacts, isophotes, other_sources, structure
from .options import app, warn

#: Each of these modules adds its verbs to `app`, which lists them in this order.
MODULES = (
    review, detect, survey, data, artefacts, other_sources, isophotes, structure, train,
    evaluate, catalogues, tiers, simulate, models,
)  # fmt: skip
_ORDER = [module.__name__ for module in MODULES]
app.registered_commands.sort(
    key=lambda verb: _ORDER.index(getattr(verb.callback, "__module__", ""))
)

#: Click's base of all errors of usage, wherever this version of typer keeps it.
_UsageError: Any = next(
    c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException"
)

#: The exit code after Ctrl+C, as shells have it.
_CANCELLED = 130


def main() -> None:
    """Run the command line; bad input is one line on stderr and exit code 2."""
    try:
        code = app(standalone_mode=False)
    except ClumpError as error:
        _fail(error.message)
    except _UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message())
            sys.exit(0)
        _fail(" ".join(error.format_message().split()))
    except typer.Exit as error:
        code = error.exit_code
    except (KeyboardInterrupt, typer.Abort, Cancelled):
        code = _CANCELLED
    if code == _CANCELLED:  # typer makes this of Ctrl+C, and says nothing
        print("Cancelled.", file=sys.stderr)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str) -> None:
    warn(message)
    sys.exit(2)
