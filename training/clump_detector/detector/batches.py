"""Which pictures go through the network together, and errors that stay apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ParamSpec, TypeVar

from clump_detector.core.errors import Cancelled
from clump_detector.core.progress import CancelToken
from clump_detector.models.network_scale import NetworkPicture

_Result = TypeVar("_Result")
_Inputs = ParamSpec("_Inputs")


def groups(
    seen: Sequence[NetworkPicture | Exception], most: int, side: int
) -> Iterator[dict[int, NetworkPicture]]:
    """Yield pictures of one size, up to some of them, by their index.

    Parameters
    ----------
    seen : sequence of NetworkPicture or Exception
        Errors are left out.
    most : int
        Pictures in a group.
    side : int
        Longest side of a tile; a picture of more tiles has a group of its own.
    """
    waiting: dict[tuple[int, ...], dict[int, NetworkPicture]] = {}
    for k, one in enumerate(seen):
        if isinstance(one, Exception):
            continue
        shape = one.picture.shape
        group = waiting.setdefault(shape, {})
        group[k] = one
        if len(group) >= most or max(shape[:2]) > side:
            yield waiting.pop(shape)
    yield from waiting.values()


def or_error(
    cancel: CancelToken,
    function: Callable[_Inputs, _Result],
    *inputs: _Inputs.args,
    **named: _Inputs.kwargs,
) -> _Result | Exception:
    """Return what a function returns, or the error that it raises.

    Parameters
    ----------
    cancel : CancelToken
        Checked first.
    function : callable
    *inputs, **named
        What it is given.

    Raises
    ------
    Cancelled
    """
    cancel.check()
    try:
        return function(*inputs, **named)
    except Cancelled:
        raise
    except Exception as error:  # whatever it is, the other cutouts are not to blame
        return error
