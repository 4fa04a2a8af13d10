"""What a user asks of a dataset, such as ``score > 0.3 and n_clumps > 4``.

The text is parsed as Python, and only what is listed here is understood; it becomes an
expression of pyarrow, and is never run. Besides Python's, SQL's spelling of ``and``,
``or``, ``not``, ``in``, ``=`` and ``<>`` is taken. As in SQL, a condition on an empty
value is neither true nor false, so that neither it nor its opposite selects a row;
``isnull`` asks for those.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from clump_detector.core.errors import ConfigError

from .text import column_of, unparsed, wrong

if TYPE_CHECKING:
    import pyarrow as pa

#: Kinds of values.
NUMBER, TEXT, TRUTH = "a number", "a text", "a condition"


class Value(NamedTuple):
    """An expression of pyarrow, and which kind of value it has."""

    expression: Any
    kind: str


def kind_of(column: pa.DataType) -> str:
    """Return the kind of a column's values, or an empty text for one of no use."""
    from pyarrow import types

    if types.is_boolean(column):
        return TRUTH
    if types.is_integer(column) or types.is_floating(column):
        return NUMBER
    return TEXT if types.is_string(column) or types.is_large_string(column) else ""


def compiled(part: ast.expr, columns: Mapping[str, Value]) -> Any:
    """Return a condition as an expression of pyarrow.

    Parameters
    ----------
    part : ast.expr
        One of `conditions`.
    columns : mapping of str to Value

    Raises
    ------
    ConfigError
        If it names another column, or what it asks makes no sense.
    """
    try:
        return _condition(_Compiler(columns), part)
    except RecursionError as error:
        raise wrong("it is nested too deeply") from error


def unknown_column(name: str, known: Iterable[str]) -> ConfigError:
    """Return the error for a column that is not there, with those of a similar name."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    remedy = (
        f"Did you mean {' or '.join(near)}?" if near else f"There are {_some(names)}."
    )
    return ConfigError(f"the dataset has no column {name!r}", None, remedy)


def _some(names: list[str]) -> str:
    return ", ".join(names[:30]) + (", …" if len(names) > 30 else "")


class _Compiler:
    """Makes expressions of pyarrow from parsed ones.

    Parameters
    ----------
    columns : mapping of str to Value
    """

    def __init__(self, columns: Mapping[str, Value]) -> None:
        self._columns = columns

    def value(self, node: ast.expr) -> Value:
        """Return the value of any node."""
        for kind, make in _NODES.items():
            if isinstance(node, kind):
                return make(self, node)
        raise wrong(f"{ast.unparse(node)!r} is not possible")

    def name(self, node: ast.Name) -> Value:
        """Return a column."""
        name = column_of(node.id)
        if name not in self._columns:
            raise unknown_column(name, self._columns)
        return self._columns[name]


def _condition(own: _Compiler, node: ast.expr) -> Any:
    return _of_kind(own, node, TRUTH)


def _of_kind(own: _Compiler, node: ast.expr, kind: str) -> Any:
    """Return what a node is, which has to be of a kind."""
    value = own.value(node)
    if value.kind != kind:
        raise wrong(f"{unparsed(node)} is {value.kind}, not {kind}")
    return value.expression


def _constant(own: _Compiler, node: ast.Constant) -> Value:
    import pyarrow.compute as pc

    value = node.value
    if isinstance(value, bool):
        return Value(pc.scalar(value), TRUTH)
    if isinstance(value, int | float):
        fits = isinstance(value, int) and abs(value) < 2**53
        try:
            return Value(pc.scalar(value if fits else float(value)), NUMBER)
        except OverflowError as error:
            raise wrong(f"{str(value)[:20]}… is too large") from error
    if isinstance(value, str):
        return Value(pc.scalar(value), TEXT)
    if value is None:
        raise wrong("compare with nothing by isnull(column)")
    raise wrong(f"{unparsed(node)} is neither a number nor a text")


def _bool_op(own: _Compiler, node: ast.BoolOp) -> Value:
    found = _condition(own, node.values[0])
    for other in node.values[1:]:
        more = _condition(own, other)
        found = found & more if isinstance(node.op, ast.And) else found | more
    return Value(found, TRUTH)


def _unary(own: _Compiler, node: ast.UnaryOp) -> Value:
    import pyarrow.compute as pc

    if isinstance(node.op, ast.Not):
        return Value(~_condition(own, node.operand), TRUTH)
    if isinstance(node.op, ast.USub):
        number = _number(node.operand)
        if number is not None:
            return _constant(own, ast.Constant(-number))
        return Value(pc.negate(_float(own, node.operand)), NUMBER)
    if isinstance(node.op, ast.UAdd):
        return Value(_of_kind(own, node.operand, NUMBER), NUMBER)
    raise wrong(f"{unparsed(node)} is not possible")


def _number(node: ast.expr) -> float | None:
    """Return the number that a constant is; None for anything else."""
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value


def _float(own: _Compiler, node: ast.expr) -> Any:
    import pyarrow as pa

    return _of_kind(own, node, NUMBER).cast(pa.float64())


def _arithmetic(own: _Compiler, node: ast.BinOp) -> Value:
    """Return a result in float64: nothing overflows, and dividing by 0 is no error."""
    import pyarrow.compute as pc

    make = {
        ast.Add: pc.add, ast.Sub: pc.subtract, ast.Mult: pc.multiply,
        ast.Div: pc.divide,
    }.get(type(node.op))  # fmt: skip
    if make is None:
        raise wrong(f"in {unparsed(node)}, use + - * or /")
    return Value(make(_float(own, node.left), _float(own, node.right)), NUMBER)


def _compare(own: _Compiler, node: ast.Compare) -> Value:
    """Return a comparison, also one such as ``0.3 < score < 0.5``."""
    found = None
    left = node.left
    for sign, right in zip(node.ops, node.comparators, strict=True):
        if isinstance(sign, ast.In | ast.NotIn):
            one = _among(own, left, right)
            one = ~one if isinstance(sign, ast.NotIn) else one
        else:
            one = _pair(own, left, sign, right)
        found = one if found is None else found & one
        left = right
    return Value(found, TRUTH)


def _pair(own: _Compiler, left: ast.expr, sign: ast.cmpop, right: ast.expr) -> Any:
    import operator

    make: Callable[[Any, Any], Any] | None = {
        ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt,
        ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    }.get(type(sign))  # fmt: skip
    if make is None:
        raise wrong("'is' is not possible; use == or isnull(column)")
    first, second = own.value(left), own.value(right)
    if first.kind != second.kind:
        raise wrong(
            f"{unparsed(left)} is {first.kind}, and {unparsed(right)} is {second.kind}"
        )
    if first.kind == TRUTH and not isinstance(sign, ast.Eq | ast.NotEq):
        raise wrong(f"{unparsed(left)} is a condition, which is not more or less")
    return make(first.expression, second.expression)


def _among(own: _Compiler, left: ast.expr, right: ast.expr) -> Any:
    """Return whether a value is one of a list."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not isinstance(right, ast.Tuple | ast.List | ast.Set):
        raise wrong('after "in", give a list such as ("clump", "odd clump")')
    value = own.value(left)
    constants = [_listed(node) for node in right.elts]
    fits = {NUMBER: int | float, TEXT: str}.get(value.kind)
    if fits is None or not all(isinstance(c, fits) for c in constants):
        raise wrong(f"the list after {unparsed(left)} in has to be of its kind")
    of = pa.float64() if value.kind == NUMBER else pa.string()
    asked = value.expression.cast(of) if value.kind == NUMBER else value.expression
    found = asked.isin(pa.array(constants, of))
    return pc.if_else(asked.is_null(), pc.scalar(pa.scalar(None, pa.bool_())), found)


def _listed(node: ast.expr) -> object:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = _number(node.operand)
        if number is not None:
            return -number
    if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
        raise wrong("a list can only have numbers and texts")
    return node.value


def _call(own: _Compiler, node: ast.Call) -> Value:
    """Return what one of the functions gives."""
    import pyarrow.compute as pc

    name = node.func.id if isinstance(node.func, ast.Name) else ""
    given = {"between": 3, "isnull": 1, "abs": 1, "contains": 2}.get(name)
    if given is None or node.keywords or any(map(_is_star, node.args)):
        raise wrong(f"there is no function {unparsed(node.func)!r}")
    if len(node.args) != given:
        raise wrong(f"{name} takes {given} in its brackets, not {len(node.args)}")
    first = node.args[0]
    if name == "isnull":
        return Value(own.value(first).expression.is_null(nan_is_null=True), TRUTH)
    if name == "abs":
        return Value(pc.abs(_float(own, first)), NUMBER)
    if name == "between":
        low, high = node.args[1:]
        above, below = (
            _pair(own, first, ast.GtE(), low),
            _pair(own, first, ast.LtE(), high),
        )
        return Value(above & below, TRUTH)
    part = node.args[1]
    if not isinstance(part, ast.Constant) or not isinstance(part.value, str):
        raise wrong("contains takes a column and a text in quotes")
    text = _of_kind(own, first, TEXT)
    return Value(pc.match_substring(text, pattern=part.value), TRUTH)


def _is_star(node: ast.expr) -> bool:
    return isinstance(node, ast.Starred)


_NODES: Mapping[type, Callable[[_Compiler, Any], Value]] = {
    ast.Name: _Compiler.name,
    ast.Constant: _constant,
    ast.BoolOp: _bool_op,
    ast.UnaryOp: _unary,
    ast.BinOp: _arithmetic,
    ast.Compare: _compare,
    ast.Call: _call,
}
