"""The parser: what groups with what, where each part stands, and what is no expression."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gandsl.diagnostics import Diagnostics, Span
from gandsl.spec.expressions import UNITS, Binary, CallExpr, Expr
from gandsl.spec.parse import parse, parse_type
from gandsl_runtime.plan import UNITS as PLAN_UNITS
from tests.spec.helpers import messages, said


def parsed(text: str) -> tuple[Expr | None, Diagnostics]:
    diagnostics = Diagnostics({"e": text})
    return parse(text, Span("e", 1, 1, 1, 1 + len(text)), diagnostics), diagnostics


@pytest.mark.parametrize(
    ("text", "words", "part"),
    [
        ("", "", "an expression is wanted"),
        ("2 +* 3", "*", "a value is wanted here"),
        ("1 +", "+", "behind `+`"),
        ("a b", "b", "an operator is wanted"),
        ("10 kimgs", "kimgs", "did you mean `kimg`"),
        ("1_000", "_000", "without `_`"),
        ("1 2", "2", "an operator is wanted"),
        ("a = b", "=", "`==`"),
        ("a & b", "&", "`and`"),
        ("a || b", "|", "`or`"),
        ("!a", "!", "`not`"),
        ("2 ^ 3", "^", "`**`"),
        ("a ? b : c", "?", "`x if c else y`"),
        ("{a}", "{", "no mappings"),
        ("a × b", "×", "`*`"),
        ("'abc", "'", "quote is not closed"),
        ("width(res", "(", "not closed"),
        ("min(a, [1, 2)", ")", "`]` or `,` is wanted"),
        ("min(a,", "(", "not closed"),
        ("(a", "(", "not closed"),
        ("a)", ")", "cannot follow"),
        ("x.", ".", "a name is wanted"),
        ("x.3", ".3", "an operator is wanted"),
        ("f(x)(y)", "(", "only a name can be called"),
        ("a if b", "if", "no `else`"),
        ("a not in b", "not", "not in"),
        ("lambda x: x", "x", "an operator is wanted"),
        ("[x for x in y]", "for", "an operator is wanted"),
        ("a[1:2:3]", ":", "`]` or `,` is wanted"),
        ("f(*a)", "*", "a value is wanted"),
        ("else", "else", "a value is wanted"),
        ("a; b", ";", "means nothing here"),
        ("(" * 100 + "1" + ")" * 100, "(", "nested more than"),
        ("-" * 100 + "1", "-", "nested more than"),
        ("not " * 100 + "a", "not", "nested more than"),
        ("a" + "[0]" * 100, "0", "nested more than"),
        ("a" + ".b" * 100, ".", "nested more than"),
        ("2" + "**2" * 100, "2", "nested more than"),
        ("1" + " if a else 1" * 100, "a", "nested more than"),
    ],
)
def test_what_is_no_expression(text: str, words: str, part: str) -> None:
    expr, diagnostics = parsed(text)
    assert expr is None
    assert said(diagnostics) == [("G0101", words)]
    assert part in messages(diagnostics)


@pytest.mark.parametrize("text", ["1+" * 2000 + "1", "x" * 5000, "[" + "1," * 3000 + "]", "((((" * 10_000])
def test_long_ones_are_refused_at_once(text: str) -> None:
    start = time.process_time()
    expr, diagnostics = parsed(text)
    assert expr is None and [code for code, _ in said(diagnostics)] == ["G0101"]
    assert time.process_time() - start < 0.5


def test_long_sums_are_fine() -> None:
    expr, diagnostics = parsed("+".join(["a"] * 400))
    assert expr is not None and not len(diagnostics)


@pytest.mark.parametrize(
    ("written", "width"), [("min(a, bad)", 11), ("'min(a, bad)'", 13), ('"min(a, bad)"', 13)]
)
def test_parts_know_their_place_in_plain_and_quoted_scalars(written: str, width: int) -> None:
    text = "min(a, bad)"
    expr = parse(text, Span("f", 3, 10, 3, 10 + width), Diagnostics())
    assert expr is not None and isinstance(expr.root, CallExpr)
    place = expr.span_of(expr.root.args[1])
    assert written[place.column - 10 : place.end_column - 10] == "bad"


def test_of_scalars_with_escapes_or_several_lines_the_whole_is_the_place() -> None:
    for span in (Span("f", 3, 10, 3, 30), Span("f", 3, 10, 4, 5)):
        expr = parse("a + b", span, Diagnostics())
        assert expr is not None and isinstance(expr.root, Binary)
        assert expr.span_of(expr.root.right) == span


def test_parentheses_belong_to_what_they_hold() -> None:
    expr, _ = parsed("2 * (a + b)")
    assert expr is not None and isinstance(expr.root, Binary)
    place = expr.span_of(expr.root.right)
    assert (place.column, place.end_column) == (5, 12)


def test_units_are_the_plans() -> None:
    assert set(UNITS) == {*PLAN_UNITS, "step"}


@pytest.mark.parametrize(
    ("text", "kind", "dims"),
    [
        ("Feature", "Feature", None),
        ("Image[3, resolution]", "Image", ["3", "resolution"]),
        (" Latent[ z_dim * 2 ] ", "Latent", ["z_dim * 2"]),
        ("Scalar[]", "Scalar", []),
    ],
)
def test_types(text: str, kind: str, dims: list[str] | None) -> None:
    diagnostics = Diagnostics({"t": text})
    found = parse_type(text, Span("t", 1, 1, 1, 1 + len(text)), diagnostics)
    assert found is not None and not len(diagnostics)
    assert found.kind == kind
    assert (found.dims and [text[dim.root.start : dim.root.end] for dim in found.dims]) == (
        dims or found.dims
    )


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("3", ("G0216", "3")),
        ("Image[3", ("G0101", "[")),
        ("Image[3, +]", ("G0101", "+")),
        ("Image 3", ("G0216", "Image 3")),
        ("Image[3][4]", ("G0216", "Image[3][4]")),
        ("Image[1, (2]", ("G0101", "(")),
    ],
)
def test_what_is_no_type(text: str, reported: tuple[str, str]) -> None:
    diagnostics = Diagnostics({"t": text})
    assert parse_type(text, Span("t", 1, 1, 1, 1 + len(text)), diagnostics) is None
    (found,) = said(diagnostics)
    assert found[0] == reported[0]
    assert reported[0] != "G0216" or found[1] == reported[1]


@given(st.text(alphabet=st.sampled_from("ab1 .,+-*/%<>=!()[]:'\"_e"), max_size=60) | st.text(max_size=60))
def test_any_text_is_an_expression_or_reported_at_a_place_in_it(text: str) -> None:
    expr, diagnostics = parsed(text)
    assert (expr is None) == diagnostics.has_errors
    for found in diagnostics:
        assert found.span is not None
        assert 1 <= found.span.column <= len(text) + 1
