"""Expressions against Python: arithmetic, precedence, and any words at all."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gandsl.spec.values import LARGEST, POISON
from tests.spec.helpers import said, value_of
from tests.spec.scope import NAMES

NUMBERS = st.integers(-20, 20) | st.floats(-8, 8, allow_nan=False).map(lambda x: round(x, 3))


def _combine(parts: tuple[tuple[str, Any], str, tuple[str, Any]]) -> tuple[str, Any]:
    (left, x), operator, (right, y) = parts
    text = f"({left}) {operator} ({right})"
    if x is None or y is None:
        return text, None
    try:
        value = {
            "+": lambda: x + y,
            "-": lambda: x - y,
            "*": lambda: x * y,
            "/": lambda: x / y,
            "//": lambda: x // y,
            "%": lambda: x % y,
            "**": lambda: x**y if abs(y) < 40 else None,
        }[operator]()
    except (ZeroDivisionError, OverflowError):
        return text, None
    fine = (
        isinstance(value, int | float)
        and math.isfinite(value)
        and (isinstance(value, float) or abs(value) <= LARGEST)
    )
    return text, value if fine else None


ARITHMETIC = st.recursive(
    NUMBERS.map(lambda x: (repr(x), x)),
    lambda inner: (
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%", "**"]), inner).map(_combine)
        | inner.map(lambda pair: (f"-({pair[0]})", None if pair[1] is None else -pair[1]))
    ),
    max_leaves=8,
)


@given(ARITHMETIC)
def test_arithmetic_is_pythons(pair: tuple[str, Any]) -> None:
    """The same number of the same type, or, where Python has none within bounds, a report."""
    text, value = pair
    found, diagnostics = value_of(text)
    if value is None:
        return  # an intermediate may leave the bounds and a later operation come back: nothing to compare
    assert said(diagnostics) == []
    assert found == value and type(found) is type(value)


@given(
    st.lists(
        st.sampled_from(
            [
                "1",
                "2",
                "3",
                "a",
                "b",
                "+",
                "-",
                "*",
                "//",
                "%",
                "**",
                "(",
                ")",
                "<",
                "==",
                "and",
                "or",
                "not",
                "if",
                "else",
                "xs",
                "[",
                "]",
                ",",
                ".",
                ":",
                "min",
                "len",
                "x",
                "res",
                "f",
            ]
        ),
        max_size=16,
    )
)
def test_any_expression_has_a_value_or_a_report(tokens: list[str]) -> None:
    found, diagnostics = value_of(" ".join(tokens), NAMES)
    assert diagnostics.has_errors == (found is None or found is POISON)


@pytest.mark.parametrize(
    "text",
    ["2 + 3 * 4 - 5", "2 ** 3 ** 0", "-3 ** 2 * 2", "7 // 2 * 2 % 3", "1 - 2 - 3", "2 * -3", "8 / 4 / 2"],
)
def test_precedence_is_pythons(text: str) -> None:
    import ast

    assert value_of(text)[0] == _python(ast.parse(text, mode="eval").body)


def _python(node: Any) -> Any:
    import ast
    import operator

    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.UnaryOp):
        return -_python(node.operand)
    rule = {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: operator.truediv,
        ast.FloorDiv: operator.floordiv,
        ast.Mod: operator.mod,
        ast.Pow: operator.pow,
    }[type(node.op)]
    return rule(_python(node.left), _python(node.right))
