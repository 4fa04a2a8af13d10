"""Words for messages: numbers with their nouns, and the message of an error."""

from __future__ import annotations

from .errors import ClumpError


def plural(n: int, one: str, many: str = "") -> str:
    """Return a number with its noun.

    Parameters
    ----------
    n : int
    one : str
        The noun in the singular.
    many : str
        In the plural; by default the singular and an s.

    Returns
    -------
    str
        Such as ``1 box`` or ``1,200 boxes``.
    """
    return f"{n:,} {one if n == 1 else many or f'{one}s'}"


def message_of(error: Exception) -> str:
    """Return the message of an error for the user: what went wrong, and the remedy."""
    return error.message if isinstance(error, ClumpError) else str(error)
