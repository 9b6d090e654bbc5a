"""`$(eval ...)` without Python's eval: arithmetic, comparison, logic, a few functions.

ROS 2 launch hands the expression to Python. Launch files need little of that, and a file
from somewhere else should not be able to run code: what is not listed here is refused.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, container: item in container,
    ast.NotIn: lambda item, container: item not in container,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "bool": bool,
    "float": float,
    "int": int,
    "len": len,
    "max": max,
    "min": min,
    "round": round,
    "str": str,
    "sqrt": math.sqrt,
    "radians": math.radians,
    "degrees": math.degrees,
    "floor": math.floor,
    "ceil": math.ceil,
}
_CONSTANTS = {"pi": math.pi, "tau": math.tau}
_LONGEST = 1000


class ExpressionError(Exception):
    """The expression is not in the allowed subset, or fails."""


def evaluate(expression: str) -> str:
    """Return the value of an expression as `str` writes it.

    Raises:
        ExpressionError: with what is wrong.
    """
    if len(expression) > _LONGEST:
        raise ExpressionError(f"longer than {_LONGEST} characters")
    try:
        tree = ast.parse(expression.strip(), mode="eval")
        return str(_value(tree.body))
    except SyntaxError as error:
        raise ExpressionError(f"is not an expression: {error.msg}") from error
    except (ArithmeticError, TypeError, ValueError, MemoryError, RecursionError) as error:
        raise ExpressionError(f"fails: {error}") from error


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float, str)):
        return node.value
    if isinstance(node, ast.Name) and node.id in _CONSTANTS:
        return _CONSTANTS[node.id]
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        return _UNARY[type(node.op)](_value(node.operand))
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return _binary(node)
    if isinstance(node, ast.BoolOp):
        return _logic(node)
    if isinstance(node, ast.Compare):
        return _compare(node)
    if isinstance(node, ast.IfExp):
        return _value(node.body if _value(node.test) else node.orelse)
    if isinstance(node, (ast.List, ast.Tuple)):
        values = [_value(item) for item in node.elts]
        return values if isinstance(node, ast.List) else tuple(values)
    if isinstance(node, ast.Call):
        return _call(node)
    if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "math":
        return _value(ast.Name(id=node.attr))
    raise ExpressionError(
        f"`{ast.unparse(node)}` is not allowed; allowed are numbers, strings, lists, "
        f"+ - * / // %, comparisons, and/or/not, if-else, {', '.join(sorted(_FUNCTIONS))}, "
        f"{', '.join(sorted(_CONSTANTS))}"
    )


def _binary(node: ast.BinOp) -> Any:
    left, right = _value(node.left), _value(node.right)
    if isinstance(node.op, ast.Mult) and not all(
        isinstance(side, (bool, int, float)) for side in (left, right)
    ):
        raise ExpressionError(f"`{ast.unparse(node)}`: only numbers can be multiplied")
    return _BINARY[type(node.op)](left, right)


def _logic(node: ast.BoolOp) -> Any:
    stop_at = isinstance(node.op, ast.Or)
    value: Any = None
    for operand in node.values:
        value = _value(operand)
        if bool(value) == stop_at:
            break
    return value


def _compare(node: ast.Compare) -> bool:
    left = _value(node.left)
    for kind, operand in zip(node.ops, node.comparators, strict=True):
        if type(kind) not in _COMPARE:
            raise ExpressionError(f"`{ast.unparse(node)}`: this comparison is not allowed")
        right = _value(operand)
        if not _COMPARE[type(kind)](left, right):
            return False
        left = right
    return True


def _call(node: ast.Call) -> Any:
    name = ast.unparse(node.func).removeprefix("math.")
    if name not in _FUNCTIONS or node.keywords:
        raise ExpressionError(
            f"`{ast.unparse(node)}` is not allowed; functions are {', '.join(sorted(_FUNCTIONS))}"
        )
    return _FUNCTIONS[name](*[_value(argument) for argument in node.args])
