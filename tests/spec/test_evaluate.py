"""Values of expressions: as docs/language.md defines them, bounded, and with every fault at its token."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest

from gandsl.diagnostics import Diagnostics, Span
from gandsl.spec.builtins import BUILTINS
from gandsl.spec.evaluate import evaluate
from gandsl.spec.parse import parse
from gandsl.spec.scope import Budget, LetFunction, Scope
from gandsl.spec.values import ABSENT, POISON, Size
from gandsl_runtime.plan import Quantity
from tests.spec.helpers import messages, said, value_of
from tests.spec.scope import NAMES


def sizes(*sides: tuple[int, ...]) -> list[Size]:
    return [Size(*each) for each in sides]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("-2 ** 2", -4),
        ("2 ** -1", 0.5),
        ("2 ** 3 ** 2", 512),
        ("-7 // 2", -4),
        ("-7 % 3", 2),
        ("7 / 2", 3.5),
        ("0o17 + 0x10 + 1e1", 41.0),
        ("a if flag else nonsense", 3),
        ("1 if a > 5 else 2 if a > 2 else 3", 2),
        ("not flag or a == 3", True),
        ("flag or nonsense", True),
        ("1 < a <= 3 != b", True),
        ("1 < a < 2 < nonsense_is_seen", None),
        ("mode == 'nearest'", True),
        ('mode != "x"', True),
        ("null == null", True),
        ("a == null", False),
        ("[1, [a, b]]", [1, [3, 4]]),
        ("xs + [4]", [1, 2, 3, 4]),
        ("xs[-1]", 3),
        ("xs[1:]", [2, 3]),
        ("xs[:9]", [1, 2, 3]),
        ("xs[a - 1]", 3),
        ("xs[4 / 2]", 3),
        ("res * 2", Size(192, 320)),
        ("2 * res // 4", Size(48, 80)),
        ("res.h + res.w", 256),
        ("res + 1", 161),
        ("res / 2", 80.0),
        ("1024 // square", 16),
        ("res > 128", True),
        ("res == square", False),
        ("square == 64", True),
        ("min(res, 100)", 100),
        ("max(square, res)", Size(96, 160)),
        ("min(xs)", 1),
        ("min(3, 1, 2)", 1),
        ("abs(-3)", 3),
        ("sqrt(16)", 4.0),
        ("log2(64)", 6),
        ("log2(square)", 6),
        ("floor(2.7) + ceil(2.2)", 5),
        ("round(2.5)", 2),
        ("len(xs)", 3),
        ("sum([1, 2.5, square])", 67.5),
        ("range(3)", [0, 1, 2]),
        ("range(3, 0, -1)", [3, 2, 1]),
        ("reverse(xs)", [3, 2, 1]),
        ("first(xs) + last(xs)", 4),
        ("entries(a, xs, [], [[b]])", [3, 1, 2, 3, [4]]),
        ("zip_with_index([5, 6])", [[5, 0], [6, 1]]),
        ("doubling(4, 32)", sizes((4, 4), (8, 8), (16, 16), (32, 32))),
        ("doubling(4, 96)", sizes((6, 6), (12, 12), (24, 24), (48, 48), (96, 96))),
        ("doubling(4, res)", sizes((3, 5), (6, 10), (12, 20), (24, 40), (48, 80), (96, 160))),
        ("doubling([3, 5], [6, 10])", sizes((3, 5), (6, 10))),
        ("doubling([4], [16])", sizes((4,), (8,), (16,))),
        ("doubling(4, [16])", sizes((4,), (8,), (16,))),
        ("doubling(4, [4, 16, 8])", sizes((1, 4, 2), (2, 8, 4), (4, 16, 8))),
        ("doubling([2, 2, 2], [4, 4, 4])", sizes((2, 2, 2), (4, 4, 4))),
        ("first(doubling([8, 2, 4], [8, 2, 4])).d", 8),
        ("first(doubling([8], [16])).t", 8),
        ("last(doubling([8], [16])) // 4", Size(4)),
        ("doubling(8, 4)", []),
        ("doubling(90, 90)", sizes((90, 90))),
        ("halving(32, 8)", sizes((32, 32), (16, 16), (8, 8))),
        ("halving(square, 4)[0]", Size(64, 64)),
        ("present(gone)", False),
        ("present(x)", True),
        ("first_present(gone, a, b)", 3),
        ("first_present(gone)", ABSENT),
        ("absent", ABSENT),
        ("x.channels // 2", 32),
        ("x[1]", "s1"),
        ("x[0:9]", ["s0", "s1"]),
        ("10 kimg", Quantity(10.0, "kimg")),
        ("1 step", Quantity(1.0, "steps")),
        ("steps steps", Quantity(16.0, "steps")),
        ("a * 10 kimg", Quantity(30.0, "kimg")),
        ("10 kimg / 4", Quantity(2.5, "kimg")),
        ("1 Mimg + 500 kimg", Quantity(1.5, "Mimg")),
        ("1 Mimg / 1 kimg", 1000.0),
        ("min(10 kimg, 5000 img)", Quantity(5000.0, "img")),
        ("1 Mimg > 10 kimg", True),
        ("failed + nonsense_too if failed else 3", POISON),
    ],
)
def test_values(text: str, value: Any) -> None:
    found, diagnostics = value_of(text, NAMES)
    if value is None:
        assert found is POISON
        return
    assert said(diagnostics) == []
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "reported", "part"),
    [
        ("a + bb * cc", [("G0102", "bb"), ("G0102", "cc")], "did you mean `b`"),
        ("failed + bb", [("G0102", "bb")], ""),
        ("no", [("G0102", "no")], "write `false`"),
        ("True", [("G0102", "True")], "write `true`"),
        ("None", [("G0102", "None")], "write `null`"),
        ("min + 1", [("G0105", "min")], "call it"),
        ("maxx(1, 2)", [("G0103", "maxx")], "did you mean `max`"),
        ("a(1)", [("G0105", "a")], "is no function"),
        ("__import__('os')", [("G0103", "__import__")], "unknown function"),
        ("min()", [("G0104", "min")], "at least 1 argument"),
        ("sqrt(1, 2)", [("G0104", "sqrt")], "takes 1 argument, not 2"),
        ("range(1, 2, 3, 4)", [("G0104", "range")], "1 to 3 arguments"),
        ("mode * 2", [("G0105", "mode * 2")], "not a text ('nearest')"),
        ("1 + x", [("G0105", "1 + x")], "a Feature"),
        ("flag + 1", [("G0105", "flag + 1")], "not true or false"),
        ("a and flag", [("G0105", "a")], "a condition is true or false"),
        ("not xs", [("G0105", "xs")], "a condition is true or false"),
        ("1 if x else 2", [("G0105", "x")], "present"),
        ("mode == 3", [("G0105", "mode == 3")], "cannot compare"),
        ("mode < 'x'", [("G0105", "mode < 'x'")], "cannot compare"),
        ("xs * 2", [("G0105", "xs * 2")], "not a list"),
        ("10 kimg + 3 steps", [("G0105", "10 kimg + 3 steps")], "cannot join"),
        ("10 kimg < 3 steps", [("G0105", "10 kimg < 3 steps")], "cannot compare"),
        ("-3 kimg", [("G0105", "3 kimg")], ""),
        ("(-3) kimg", [("G0112", "(-3) kimg")], "from 0 on"),
        ("a // (b - 4)", [("G0106", "a // (b - 4)")], "division by zero"),
        ("1 % 0 + 1 / 0", [("G0106", "1 % 0"), ("G0106", "1 / 0")], ""),
        ("0 ** -1", [("G0106", "0 ** -1")], ""),
        ("xs[3]", [("G0107", "3")], "there are 3"),
        ("x[2]", [("G0107", "2")], "no entry 2"),
        ("a[0]", [("G0105", "a[0]")], "no entries"),
        ("thing[0]", [("G0105", "thing[0]")], "no entries"),
        ("xs['a']", [("G0105", "'a'")], "a number"),
        ("xs[0.5]", [("G0105", "0.5")], "whole number"),
        ("range(10 ** 9)", [("G0108", "range(10 ** 9)")], "1,000,000,000"),
        ("2 ** 10 ** 10", [("G0109", "2 ** 10 ** 10")], "2**53"),
        ("9007199254740993", [("G0109", "9007199254740993")], "2**53"),
        ("1e308 * 10", [("G0109", "1e308 * 10")], "infinite"),
        ("1e999", [("G0109", "1e999")], "infinite"),
        ("2.0 ** 5000", [("G0109", "2.0 ** 5000")], ""),
        ("res.depth", [("G0110", "depth")], "`.h` and `.w`"),
        ("first(doubling([8], [8])).h", [("G0110", "h")], "this one has `.t`"),
        ("first(doubling([8, 2, 4], [8, 2, 4])).t", [("G0110", "t")], "`.d` and `.h` and `.w`"),
        ("x.channel", [("G0110", "channel")], "did you mean `channels`"),
        ("a.b", [("G0110", "b")], ""),
        ("sqrt(-1)", [("G0112", "sqrt(-1)")], "no real number"),
        ("log2(0)", [("G0112", "log2(0)")], "no logarithm"),
        ("(-8) ** 0.5", [("G0112", "(-8) ** 0.5")], "no real number"),
        ("first([])", [("G0112", "first([])")], "empty list"),
        ("min([])", [("G0112", "min([])")], "empty list"),
        ("doubling([4, 4], 90)", [("G0112", "doubling([4, 4], 90)")], "end at 45"),
        ("doubling(0, 8)", [("G0112", "doubling(0, 8)")], "1 or more"),
        ("doubling(4, 8.5)", [("G0105", "doubling(4, 8.5)")], "sizes"),
        ("range(1, 2, 0)", [("G0112", "range(1, 2, 0)")], "steps of 0"),
        ("res // 1000", [("G0112", "res // 1000")], "is no size"),
        ("gone + 1", [("G0113", "gone")], "present"),
        ("gone.channels", [("G0113", "gone")], "first_present"),
        ("gone[0]", [("G0113", "gone")], "first_present"),
        ("len(gone)", [("G0113", "len(gone)")], ""),
        ("gone == 1", [("G0113", "gone == 1")], ""),
    ],
)
def test_faults(text: str, reported: list[tuple[str, str]], part: str) -> None:
    found, diagnostics = value_of(text, NAMES)
    assert found is POISON
    assert said(diagnostics) == reported
    assert part in messages(diagnostics)


# ---- let ---------------------------------------------------------------------------------------------------


def scope_with(**lets: str) -> tuple[Scope, Diagnostics]:
    """A scope of functions; `width__res="…"` defines width(res)."""
    scope, diagnostics = Scope(values={"base": 4096}), Diagnostics()
    for head, text in lets.items():
        name, *args = head.split("__")
        diagnostics.sources[name] = text
        expr = parse(text, Span(name, 1, 1, 1, 1 + len(text)), diagnostics)
        scope.values[name] = LetFunction(name, tuple(args), expr, scope)
    return scope, diagnostics


def ask(text: str, scope: Scope, diagnostics: Diagnostics, budget: Budget | None = None) -> Any:
    diagnostics.sources["e"] = text
    expr = parse(text, Span("e", 1, 1, 1, 1 + len(text)), diagnostics)
    assert expr is not None
    return evaluate(expr, scope, diagnostics, budget or Budget())


def test_functions_and_values_of_let() -> None:
    scope, diagnostics = scope_with(
        width__res="min(cap, base // res)", cap="base // 8", pick__a__b="a if a > b else b"
    )
    assert ask("[width(4), width(64), pick(2, cap)]", scope, diagnostics) == [512, 64, 512]
    assert not len(diagnostics)


def test_a_function_sees_its_own_names_not_the_callers() -> None:
    scope, diagnostics = scope_with(width__res="res * other")
    inner = Scope(scope, {"other": 3})
    assert ask("width(2)", inner, diagnostics) is POISON
    assert said(diagnostics) == [("G0102", "other")]
    (found,) = diagnostics
    assert [(label.span.file, label.text) for label in found.secondary] == [("e", "asked for here")]


def test_recursion_ends() -> None:
    scope, diagnostics = scope_with(
        fact__n="n * fact(n - 1) if n > 1 else 1", loop__n="loop(n) + loop(n)", a="b", b="a + 1"
    )
    assert ask("fact(12)", scope, diagnostics) == math.factorial(12)
    start = time.process_time()
    assert ask("loop(1)", scope, diagnostics) is POISON
    assert ask("a", scope, diagnostics) is POISON
    assert time.process_time() - start < 0.5
    assert [code for code, _ in said(diagnostics)] == ["G0111", "G0111"]
    assert "a → b → a" in messages(diagnostics) and "loop → loop" in messages(diagnostics)


def test_long_chains_of_definitions_end() -> None:
    scope, diagnostics = scope_with(**{f"v{i}": f"v{i + 1} + 1" for i in range(50)}, v50="0")
    assert ask("v20", scope, diagnostics) == 30
    scope, diagnostics = scope_with(**{f"v{i}": f"v{i + 1} + 1" for i in range(50)}, v50="0")
    assert ask("v0", scope, diagnostics) is POISON
    assert [code for code, _ in said(diagnostics)] == ["G0108"]


def test_functions_may_not_nest_without_end() -> None:
    """Python's own stack holds: 1000 frames, of which the caller may have taken some hundred."""
    scope, diagnostics = scope_with(f__n="-(" * 18 + "f(n - 1)" + ")" * 18 + " if n > 0 else 0")

    def from_deep_down(frames: int) -> Any:
        return from_deep_down(frames - 1) if frames else ask("f(31)", scope, diagnostics)

    assert from_deep_down(300) is POISON
    assert [code for code, _ in said(diagnostics)] == ["G0108"]
    assert "too deeply" in messages(diagnostics)
    scope, diagnostics = scope_with(
        f__n="n", g__n="f(" * 15 + "n" + ")" * 15, h__n="g(" * 15 + "n" + ")" * 15
    )
    assert ask("h(" * 15 + "1" + ")" * 15, scope, diagnostics) == 1
    assert not len(diagnostics)


def test_work_is_bounded_and_reported_once() -> None:
    scope, diagnostics = scope_with(fib__n="n if n < 2 else fib(n - 1) + fib(n - 2)")
    start = time.process_time()
    budget = Budget()
    assert ask("fib(30) + fib(31)", scope, diagnostics, budget) is POISON
    assert ask("1 + 1", scope, diagnostics, budget) is POISON
    assert time.process_time() - start < 2
    assert [code for code, _ in said(diagnostics)] == ["G0108"]


def test_values_of_let_are_computed_once() -> None:
    doubled = {f"v{i}": f"v{i + 1} + v{i + 1}" for i in range(30)}
    scope, diagnostics = scope_with(**doubled, v30="1")
    budget = Budget()
    assert ask("v0", scope, diagnostics, budget) == 2**30
    assert Budget().steps - budget.steps < 200


def test_a_fault_in_a_let_is_reported_once() -> None:
    scope, diagnostics = scope_with(a="nonsense + 1")
    assert ask("a + a * a", scope, diagnostics) is POISON
    assert said(diagnostics) == [("G0102", "nonsense")]


def test_scopes_know_what_was_used() -> None:
    outer = Scope(values={"a": 1, "b": 2})
    inner = Scope(outer, {"b": 3})
    assert ask("a + b", inner, Diagnostics()) == 4
    assert (outer.used, inner.used) == ({"a"}, {"b"})
    assert inner.names() == ["b", "a"] and "a" in inner and "c" not in inner


def test_every_function_of_the_language_is_there() -> None:
    listed = (
        "min max abs sqrt log2 floor ceil round len sum range reverse first last entries "
        "zip_with_index doubling halving present first_present"
    )
    assert list(BUILTINS) == listed.split()
