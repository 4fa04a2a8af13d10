"""The text of an expression, taken apart: SQL's words, Python's grammar."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable

from clump_detector.core.errors import ConfigError

_LONGEST = 10_000

#: Names that Python keeps for itself, and what stands for them while it parses.
_RENAMED = {"class": "class_"}
_SQL = {"AND": "and", "OR": "or", "NOT": "not", "IN": "in", "=": "==", "<>": "!="}

_HELP = (
    'Write it like "score > 0.3 and n_clumps > 4", with and, or, not, in, + - * /, '
    "between(x, 1, 2), isnull(x), contains(text, part) and abs(x)."
)


def conditions(text: str) -> list[ast.expr]:
    """Return the parts of a text that all have to hold; none for an empty text.

    Raises
    ------
    ConfigError
        If it is no expression.
    """
    if not text.strip():
        return []
    if len(text) > _LONGEST:
        raise wrong("it is longer than 10,000 characters")
    try:
        parsed = ast.parse(_as_python(text.strip()), mode="eval").body
        return list(_parts(parsed))
    except (SyntaxError, tokenize.TokenError) as error:
        raise wrong(f"{text.strip()!r}: {_said(error)}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise wrong("it is nested too deeply, or no text") from error


def names_in(part: ast.expr) -> set[str]:
    """Return the columns that an expression names."""
    calls = {id(node.func) for node in ast.walk(part) if isinstance(node, ast.Call)}
    return {
        column_of(node.id)
        for node in ast.walk(part)
        if isinstance(node, ast.Name) and id(node) not in calls
    }


def unparsed(node: ast.expr) -> str:
    """Return the text of an expression, as users write it."""
    return ast.unparse(node).replace("class_", "class")


def wrong(what: str) -> ConfigError:
    """Return the error for what is no expression."""
    return ConfigError(f"this expression cannot be understood: {what}", None, _HELP)


def _said(error: Exception) -> str:
    return str(error.args[0]).split(" (")[0] if error.args else "wrong"


def _as_python(text: str) -> str:
    """Return a text with the words that Python has for those of SQL and of columns."""
    tokens = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            raise SyntaxError("there is a # outside of quotes")
        word = token.string
        if token.type in (tokenize.NAME, tokenize.OP):
            word = _RENAMED.get(word, _SQL.get(word, word))
        tokens.append((token.type, word))
    return tokenize.untokenize(tokens).strip()


def column_of(name: str) -> str:
    """Return the column that a name of Python stands for."""
    return next((own for own, other in _RENAMED.items() if other == name), name)


def _parts(node: ast.expr) -> Iterable[ast.expr]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for value in node.values:
            yield from _parts(value)
    else:
        yield node
