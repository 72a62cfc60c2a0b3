"""Parameters: types, ranges, choices, defaults; the words and places of what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gandsl.diagnostics import Diagnostics
from gandsl.ir.op import AUTO, Param
from gandsl.spec.document import Document
from gandsl.spec.params import OF_SPEC, argument, coerce, resolve
from gandsl.spec.reader import read_text
from gandsl.spec.scope import Budget, Scope
from gandsl.spec.tree import Mapping
from gandsl.spec.values import ABSENT, POISON, Size
from tests.spec.helpers import MINIMAL, load_text, messages, said


def given(decl: Param, written: str, names: dict[str, Any] | None = None) -> tuple[Any, Diagnostics]:
    """What `decl` makes of `p: written`."""
    diagnostics = Diagnostics()
    tree = read_text(f"p: {written}", "f", diagnostics)
    assert isinstance(tree, Mapping)
    value = tree.get("p")
    assert value is not None
    return argument(decl, value, Scope(values=names), diagnostics, Budget(), "op `o`"), diagnostics


NAMES = {
    "res": Size(96, 160),
    "n": 3,
    "mode": "linear",
    "t": True,
    "word": "hello",
    "gone": ABSENT,
    "bad": POISON,
}


@pytest.mark.parametrize(
    ("type", "written", "value"),
    [
        ("int", "3", 3),
        ("int", "n * 2", 6),
        ("int", "'n * 2'", 6),
        ("int", "512 / 2", 256),
        ("int", "res", 160),
        ("float", "1", 1.0),
        ("float", "1e-3", 1e-3),
        ("float", "n / 2", 1.5),
        ("bool", "true", True),
        ("bool", "n > 2", True),
        ("bool", "not t", False),
        ("str", "s", "s"),
        ("str", "no spaces needed", "no spaces needed"),
        ("str", "word", "hello"),
        ("str", "\"'n'\"", "n"),
        ("size", "64", Size(64, 64)),
        ("size", "[96, 160]", Size(96, 160)),
        ("size", "res // 2", Size(48, 80)),
        ("ints", "[1, n, 2 * n]", [1, 3, 6]),
        ("floats", "[0, 0.99]", [0.0, 0.99]),
        ("sizes", "[4, [3, 5]]", [Size(4, 4), Size(3, 5)]),
        ("sizes", "doubling(4, 8)", [Size(4, 4), Size(8, 8)]),
        ("any", "[n, t]", [3, True]),
        ("any", "null", None),
    ],
)
def test_types(type: str, written: str, value: Any) -> None:
    found, diagnostics = given(Param("p", type), written, NAMES)
    assert said(diagnostics) == []
    assert found == value and found.__class__ is value.__class__


@pytest.mark.parametrize(
    ("param", "written", "reported", "part"),
    [
        (Param("p", "int"), "2.5", ("G0207", "2.5"), "`p` of op `o` wants a whole number, not 2.5"),
        (Param("p", "int"), "n / 2", ("G0207", "n / 2"), "`//`"),
        (Param("p", "int"), "true", ("G0207", "true"), "true or false"),
        (Param("p", "int"), "null", ("G0207", "null"), "not null"),
        (Param("p", "int"), "[1]", ("G0207", "[1]"), "whole number"),
        (Param("p", "int"), "{a: 1}", ("G0010", "{a: 1}"), "not a mapping"),
        (Param("p", "int"), "nn", ("G0102", "nn"), "did you mean `n`"),
        (Param("p", "int"), "n + ", ("G0101", "+"), "behind"),
        (Param("p", "bool"), "no", ("G0207", "no"), "write `false`"),
        (Param("p", "bool"), "Yes", ("G0207", "Yes"), "write `true`"),
        (Param("p", "bool"), "1", ("G0207", "1"), "true"),
        (Param("p", "size"), "0", ("G0207", "0"), "a size"),
        (Param("p", "size"), "[1, 2, 3, 4]", ("G0207", "[1, 2, 3, 4]"), "a size"),
        (Param("p", "ints"), "3", ("G0207", "3"), "`[3]`"),
        (Param("p", "ints"), "[1, 2.5]", ("G0207", "[1, 2.5]"), "whole numbers"),
        (Param("p", "float"), ".inf", ("G0109", ".inf"), "infinite"),
        (Param("p", "int"), "9" * 30, ("G0109", "9" * 30), "2**53"),
        (Param("p", "int", minimum=1), "0", ("G0208", "0"), "is at least 1, not 0"),
        (Param("p", "float", maximum=1), "n", ("G0208", "n"), "is at most 1, not 3"),
        (Param("p", "floats", minimum=0), "[1, -2]", ("G0208", "[1, -2]"), "not -2"),
        (Param("p", "size", minimum=8), "[4, 16]", ("G0208", "[4, 16]"), "at least 8, not 4"),
        (
            Param("p", "enum", choices=("linear", "cubic")),
            "cubik",
            ("G0209", "cubik"),
            "did you mean `cubic`",
        ),
        (Param("p", "enum", choices=("linear", "cubic")), "3", ("G0209", "3"), "choices are"),
        (Param("p", "enum", choices=("a", "b")), "mode", ("G0209", "mode"), "'linear'"),
        (Param("p", "int", choices=("32", "64")), "48", ("G0209", "48"), "`32`, `64`"),
        (Param("p", "int"), "gone", ("G0113", "gone"), "present"),
    ],
)
def test_faults(param: Param, written: str, reported: tuple[str, str], part: str) -> None:
    found, diagnostics = given(param, written, NAMES)
    assert found is POISON
    assert said(diagnostics) == [reported]
    assert part in messages(diagnostics)


@pytest.mark.parametrize(
    ("choices", "written", "value"),
    [
        (("nearest", "linear"), "nearest", "nearest"),
        (("nearest", "linear"), "mode", "linear"),
        (("nearest", "linear"), "\"'nearest' if n > 2 else mode\"", "nearest"),
        (("none", "batch"), "none", "none"),
        (("true", "false", "1"), "true", "true"),
        (("true", "false", "1"), "n > 4", "false"),
        (("true", "false", "1"), "1", "1"),
    ],
)
def test_an_enum_takes_a_choice_as_it_is_or_an_expression(
    choices: tuple[str, ...], written: str, value: str
) -> None:
    found, diagnostics = given(Param("p", "enum", choices=choices), written, NAMES)
    assert (found, said(diagnostics)) == (value, [])


def test_a_choice_comes_before_a_name() -> None:
    found, _ = given(Param("p", "enum", choices=("mode", "linear")), "mode", NAMES)
    assert found == "mode"


def test_numbers_may_have_choices() -> None:
    for written in ("64", "32 * 2", "64.0"):
        assert given(Param("p", "int", choices=("32", "64")), written)[0] == 64


def test_null_is_a_value_where_it_is_the_default() -> None:
    assert given(Param("p", "int", AUTO), "null")[0] is None
    assert given(Param("p", "int", 3), "null")[0] is POISON


def test_what_failed_already_is_silent() -> None:
    found, diagnostics = given(Param("p", "int", minimum=5), "bad + 1", NAMES)
    assert found is POISON and not len(diagnostics)
    assert coerce(Param("p", "int"), POISON, diagnostics_span(), diagnostics) is POISON


def diagnostics_span() -> Any:
    from gandsl.diagnostics import Span

    return Span.point("f")


# ---- the declarations of a spec ----------------------------------------------------------------------------


def declared(folder: Path, params: str) -> tuple[Document, Diagnostics]:
    lines = "".join(f"  {line}\n" for line in params.strip().split("\n"))
    head, rest = MINIMAL.split("params:\n")
    document, diagnostics = load_text(
        folder, f"{head}params:\n{lines}blocks:\n{rest.split('blocks:')[1].lstrip(chr(10))}"
    )
    assert document is not None
    return document, diagnostics


@pytest.mark.parametrize(
    ("written", "type", "required"),
    [
        ("512", "int", False),
        ("0.5", "float", False),
        ("1e-3", "float", False),
        ("true", "bool", False),
        ("no", "str", False),
        ("nearest", "str", False),
        ("some words", "str", False),
        ("'10'", "any", False),
        ("other * 2", "any", False),
        ("other", "any", False),
        ("[1, 2]", "ints", False),
        ("[1, 0.5]", "floats", False),
        ("[other, 2]", "any", False),
        ("25 kimg", "any", False),
        ("int", "int", True),
        ("size", "size", True),
        ("{type: float}", "float", True),
        ("{type: any, default: null}", "any", False),
    ],
)
def test_short_forms(tmp_path: Path, written: str, type: str, required: bool) -> None:
    document, diagnostics = declared(tmp_path, f"other: 3\np: {written}")
    decl = document.params["p"]
    assert (decl.type, decl.required, decl.broken) == (type, required, False)
    assert [code for code, _ in said(diagnostics) if code.startswith("G05")] == []


@pytest.mark.parametrize(
    ("written", "reported", "part"),
    [
        ("{type: integer, default: 3}", ("G0506", "integer"), "did you mean `int`"),
        ("{default: 3}", ("G0009", "p"), "`type` is missing"),
        ("{type: int, defualt: 3}", ("G0008", "defualt"), "did you mean `default`"),
        ("{type: enum, default: a}", ("G0506", "type"), "no `choices`"),
        ("{type: enum, choices: [], default: a}", ("G0506", "choices"), "empty"),
        ("{type: bool, choices: [a], default: true}", ("G0506", "choices"), "of type bool"),
        ("{type: bool, default: true, min: 0}", ("G0506", "min"), "no order"),
        ("{type: int, default: 3, min: 5, max: 1}", ("G0506", "max"), "below its `min`"),
        ("{type: int, default: 3, min: [}", ("G0003", "}"), ""),
        ("{type: int, default: 3, min: a +}", ("G0101", "+"), ""),
        ("{type: [int], default: 3}", ("G0506", "[int]"), "a list"),
    ],
)
def test_malformed_declarations(tmp_path: Path, written: str, reported: tuple[str, str], part: str) -> None:
    (tmp_path / "spec.yaml").write_text("")
    _, diagnostics = load_text(
        tmp_path, MINIMAL.replace("channel_max: 512", f"channel_max: 512\n  p: {written}")
    )
    assert said(diagnostics) == [reported]
    assert part in messages(diagnostics)


def values(folder: Path, params: str) -> tuple[dict[str, Any], Diagnostics]:
    document, _ = declared(folder, params)
    diagnostics = Diagnostics(document.sources)
    return resolve(document.params, Scope(), diagnostics, Budget(), codes=OF_SPEC), diagnostics


def test_defaults_may_use_what_stands_before(tmp_path: Path) -> None:
    found, diagnostics = values(
        tmp_path,
        "res: {type: size, default: 64}\nhalf: {type: size, default: res // 2}\n"
        "n: {type: int, default: half.h, min: 2 ** 3, max: res}",
    )
    assert not len(diagnostics)
    assert found == {"res": Size(64, 64), "half": Size(32, 32), "n": 32}


@pytest.mark.parametrize(
    ("params", "reported", "part"),
    [
        ("a: b * 2\nb: 3", [("G0102", "b")], ""),
        ("a: {type: int, default: 8, max: 4}", [("G0502", "8")], "at most 4"),
        ("a: {type: int, default: 8, max: 2 + 2}", [("G0502", "8")], "at most 4"),
        ("a: {type: int, default: 8, max: '[1]'}", [("G0506", "'[1]'")], "a number"),
        ("a: {type: int, default: x8}", [("G0102", "x8")], ""),
        ("a: {type: int, default: 0.5}", [("G0503", "0.5")], "whole number"),
        ("a: {type: enum, choices: [u, v], default: w}", [("G0504", "w")], "choices are"),
        ("a: {type: int, doc: how many}", [("G0505", "a")], "how many"),
    ],
)
def test_wrong_values_of_the_spec_have_codes_of_their_own(
    tmp_path: Path, params: str, reported: list[tuple[str, str]], part: str
) -> None:
    found, diagnostics = values(tmp_path, params)
    assert found["a"] is POISON or reported[0][0] == "G0506"
    assert said(diagnostics) == reported
    assert part in messages(diagnostics)


def test_a_refused_declaration_gives_no_second_message(tmp_path: Path) -> None:
    document, diagnostics = declared(tmp_path, "a: {type: integer, default: 3}\nb: a * 2")
    assert [code for code, _ in said(diagnostics)] == ["G0506"]
    found = resolve(document.params, Scope(), diagnostics, Budget())
    assert found == {"a": POISON, "b": POISON}
    assert [code for code, _ in said(diagnostics)] == ["G0506"]
