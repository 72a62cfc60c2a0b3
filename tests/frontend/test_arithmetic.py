"""Expressions of tensors in networks: what nodes they make, what these compute, and what is refused."""

from __future__ import annotations

import random
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import torch
from torch import Tensor

from gandsl.analysis import analyze
from gandsl.codegen.identifiers import class_name
from gandsl.codegen.printing.locations import Locations
from gandsl.codegen.printing.network import network_source
from gandsl.diagnostics import Diagnostics
from gandsl.frontend.elaborate import elaborate
from gandsl.ir.graph import Graph, NetworkIR
from gandsl.lowering.network import LoweredNetwork
from gandsl.spec.loader import load
from tests.codegen.twins import assert_equal_programs

SPEC = """
gandsl: 1
name: sums
let: {{"mixed(a, b, t)": a * (1 - t) + b * t}}
blocks:
  swing:
    ports: {{x: Feature}}
    body: {{less: x / 2}}
    outputs: {{x: less * less + 1}}
networks:
  net:
    inputs: {{x: "Feature[4, 3, 3]", y: "Feature[4, 3, 3]", mask: "Feature[1, 3, 3]", v: "Vector[6]",
      t: "Tokens[5, 6]", u: "Tokens[5, 1]", s: Number, ws: "Styles[3, 6]"}}
    body:
{body}
"""


def network(folder: Path, body: str) -> tuple[NetworkIR | None, list[str]]:
    """The network as it unfolds, and what is said of it."""
    lines = "\n".join(f"      {line}" for line in dedent(body).strip().splitlines())
    (folder / "spec.yaml").write_text(SPEC.format(body=lines))
    diagnostics = Diagnostics()
    document = load(folder / "spec.yaml", (), diagnostics=diagnostics)
    module = elaborate(document, diagnostics) if document else None
    said = [f"{one.code} {one.message}" for one in diagnostics if one.code != "G0612"]  # no generator
    return module.networks.get("net") if module else None, said


def graph_of(folder: Path, body: str) -> Graph:
    ir, said = network(folder, body)
    assert ir is not None and not said, said
    return ir.main


def test_what_an_expression_makes_is_called_after_its_node(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path,
        """
        a: x * 2 + y
        alias: a
        list: "[-a, a + 1]"
        conv: {op: conv, x: a * a, channels: 4}
        inner: {block: swing, x: conv - 1}
        folded: {fold: {i: "range(2)"}, carry: {x: inner}, body: {more: x + 1}, next: {x: more * i}}
        out: folded.x
        """,
    )
    made = " ".join(id_ for id_ in graph.nodes if graph[id_].op != "input")
    expressions = "a.sub a list list1 conv.sub conv inner.sub inner.less inner.sub1 inner.sub2"
    assert made == f"{expressions} s0.more s0.sub s1.more s1.sub"
    assert graph["list"].op == "negate" and graph["list1"].operands == ("a",)
    assert graph["conv"].operands == ("conv.sub",) and graph["inner.less"].operands == ("inner.sub",)
    assert graph.outputs == {"out": "s1.sub"}
    lines = (tmp_path / "spec.yaml").read_text().splitlines()
    span = graph["a.sub"].provenance.span
    assert lines[span.line - 1][span.column - 1 : span.end_column - 1] == "x * 2 + y"
    assert graph["inner.sub1"].provenance.frames[0].what == "block `swing`"


@pytest.mark.parametrize(
    ("written", "type_"),
    [
        ("x * mask", "Feature[4, 3, 3]"),
        ("mask - x", "Feature[4, 3, 3]"),
        ("t / u", "Tokens[5, 6]"),
        ("s * t + 1", "Tokens[5, 6]"),
        ("x[1:3]", "Feature[2, 3, 3]"),
        ("x[-1:]", "Feature[1, 3, 3]"),
        ("x[:9]", "Feature[4, 3, 3]"),
        ("v[2:]", "Vector[4]"),
        ("t[1:-1]", "Tokens[3, 6]"),
        ("t[-1]", "Vector[6]"),
        ("ws[0] + v", "Style[6]"),
        ("matmul(t, t, 'b')", "Tokens[5, 5]"),
        ("reduce(t, 'max', 'features')", "Tokens[5, 1]"),
        ("reduce(t, 'mean', 'tokens')", "Vector[6]"),
        ("reduce(x, 'sum', 'channels')", "Feature[1, 3, 3]"),
        ("reduce(x, 'variance', 'space')", "Vector[4]"),
        ("softmax(x)", "Feature[4, 3, 3]"),
        ("sample_mean(x)", "Number"),
        ("where(mask, x, 0)", "Feature[4, 3, 3]"),
        ("where(s, 1, -1) * v", "Vector[6]"),
        ("max(x, y, mask, 0)", "Feature[4, 3, 3]"),
        ("mixed(x, y, s)", "Feature[4, 3, 3]"),
        ("lerp(x, y, 0.5)", "Feature[4, 3, 3]"),
        ("total([x, y, x])", "Feature[4, 3, 3]"),
    ],
)
def test_types(written: str, type_: str, tmp_path: Path) -> None:
    graph = graph_of(tmp_path, f'out: "{written}"')
    assert str(graph[graph.outputs["out"]].type) == type_


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("out: x + v", "G0211 Feature[4, 3, 3] and Vector[6] are not of one kind"),
        ("out: v + v[:1]", "G0213 Vector[6] and Vector[1] have not the same shape"),
        ("out: x ** y", "G0105 the exponent of a tensor is a number"),
        ("out: x // 2", "G0105 `//` is for numbers, not for tensors"),
        ("out: x > 0", "G0105 `>` cannot compare Feature[4, 3, 3] with a whole number (0)"),
        ("out: mean(x)", "G0103 `mean` is a function of games, over the samples of a batch"),
        ("out: sum([x, y])", "G0105 `sum` is for numbers, not for tensors"),
        ("out: softmax(x, 'chanels')", "G0209 the axis of `softmax` cannot be 'chanels'"),
        (
            "out: softmax(x, 'tokens')",
            "G0218 a Feature[4, 3, 3] has no tokens: its axes are channels and space",
        ),
        ("out: reduce(x, 'median', 'space')", "G0209 what `reduce` takes cannot be 'median'"),
        ("out: 'x[4:]'", "G0107 `[4:]` leaves none of the 4 channels of Feature[4, 3, 3]"),
        ("out: 's[1:]'", "G0105 Number has no entries to pick from"),
        ("out: x * 1e300", "G0109 1e+300 is more than a tensor holds"),
        (
            "out: {op: conv, channels: v * 2}",
            "G0207 `channels` of `conv` wants a whole number, not Vector[6]",
        ),
        ("out: {op: relu, when: x * 2}", "G0105 a condition is true or false, not Feature[4, 3, 3]"),
        ("a: x + 1\nb: '[a + 1, a]'\nb1: x\nout: b[0] + b1", None),
        ("b1: x + 1\nout: x\nb: '[x + 1, x + 2]'", "G0305 two nodes are called `b1`"),
        ("out: silu(2)", "G0105 `silu` wants a tensor, not 2"),
        ("out: '-w'", "G0102 unknown name `w`"),
    ],
)
def test_what_is_refused(body: str, said: str | None, tmp_path: Path) -> None:
    _, found = network(tmp_path, body)
    assert found == ([said] if said else [])


def test_an_expression_that_nobody_reads_is_told(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(
        """
gandsl: 1
name: idle
generator:
  inputs: {z: "Latent[48]"}
  body:
    idle: z * 2
    also: {value: z + 1}
    image: {op: reshape, x: tanh(z), channels: 3, size: 4}
discriminator:
  inputs: {image: "Image[3, 4]"}
  body: {flat: {op: flatten}, logit: {op: linear, features: 1}}
"""
    )
    _, diagnostics = analyze(tmp_path / "spec.yaml")
    assert [one.message for one in diagnostics] == [
        "`idle` has no effect: no output depends on it",
        "`also` has no effect: no output depends on it",
    ]


# ---- what it computes, against Python's own reading of the same text

CALLS: dict[str, Any] = {
    "sqrt": torch.sqrt,
    "exp": torch.exp,
    "sin": torch.sin,
    "tanh": torch.tanh,
    "abs": torch.abs,
    "softplus": torch.nn.functional.softplus,
    "softmax": lambda x: torch.softmax(x, 1),
    "max": lambda a, b: torch.maximum(a, torch.as_tensor(b, dtype=a.dtype)),
    "min": lambda a, b: torch.minimum(a, torch.as_tensor(b, dtype=a.dtype)),
    "where": lambda c, a, b: torch.where(c > 0, a, b),
    "clip": lambda x, low, high: x.clamp(low, high),
    "below": lambda a, b: (a < b).to(a.dtype),
    "reduce": lambda x, how, over: x.var(1, correction=0, keepdim=True),
}


def expression(chance: random.Random, depth: int, names: list[str]) -> str:
    """A random expression of features whose values stay in range."""
    if not depth:
        return chance.choice(names)
    a, b = (expression(chance, depth - chance.choice((1, 1, 2)) if depth > 1 else 0, names) for _ in "ab")
    number = round(chance.uniform(-2, 2), 2)
    return chance.choice(
        [
            f"{a} + {b}", f"{a} - {b}", f"({a}) * ({b})", f"({a}) / (1 + ({b}) ** 2)", f"-({a})",
            f"{number} * ({a})", f"({a}) - ({number})", f"1 / 3 * ({a})", f"tanh({a})", f"sqrt(1 + abs({a}))",
            f"sin({a}) ** 2", f"exp(tanh({a}))", f"softmax({a})", f"max({a}, {number})", f"min({a}, {b})",
            f"where({a}, {b}, {number})", f"({a}) * (1 + reduce({b}, 'variance', 'channels'))",
            f"clip({a}, -1, 1)", f"below({a}, {b}) * ({b})", f"softplus({a}) ** 3",
        ]
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_an_expression_computes_what_it_says(seed: int, tmp_path: Path) -> None:
    """In float64 against Python's evaluation; the printed source equals the graph to the bit."""
    chance = random.Random(seed)
    texts: dict[str, str] = {}
    for name in "abcd":
        texts[name] = expression(chance, 4, ["x", "y", *texts])
    last = "a + b - c * d"
    body = "\n".join(f'{name}: "{text}"' for name, text in texts.items())
    ir, said = network(tmp_path, f"{body}\nconv: {{op: conv, x: {last}, channels: 2}}\nout: conv * 2 - 1")
    assert ir is not None and not said, said
    lowered = LoweredNetwork(ir).double()
    inputs = [torch.randn(2, *node.type.shape, dtype=torch.float64) for node in ir.main.inputs]
    space: dict[str, Any] = {**CALLS, **{n.id: x for n, x in zip(ir.main.inputs, inputs, strict=True)}}
    for name, text in texts.items():
        space[name] = eval(text, {"__builtins__": {}}, space)  # noqa: S307 - a text of this test
    given: Tensor = eval(last, {"__builtins__": {}}, space)  # noqa: S307
    conv: Any = lowered.get_submodule("conv")
    torch.testing.assert_close(lowered(*inputs), conv(given) * 2 - 1, rtol=1e-9, atol=1e-9)
    source = network_source(ir, "A use.", Locations("hand.yaml"), lambda hint: None)
    assert_equal_programs(ir, source, class_name(ir.name))
    assert max(map(len, source.splitlines())) <= 110


def test_source_reads_as_it_was_written(tmp_path: Path) -> None:
    """What docs/language.md shows: operators where Python has them, and in the order of the graph."""
    page = Path("docs/language.md").read_text()
    shown = page.partition("test_arithmetic.py -->")[2].split("```")[1].removeprefix("yaml")
    ir, _ = network(tmp_path, shown)
    assert ir is not None
    source = network_source(ir, "A use.", Locations("hand.yaml"), lambda hint: None)
    body = [
        line.strip()
        for line in source.partition("def forward")[2].splitlines()
        if " = " in line or "return" in line
    ]
    assert [line for line in body if not line.startswith(("programs", "found", "return found", "self,"))] == [
        'mean = ops.reduce(x, how="mean", over="channels")  # [N, 1, 3, 3]',
        'norm = (x - mean) / (ops.reduce((x - mean).square(), how="mean", over="channels") + 1e-05).sqrt()',
        "conv = self.conv(0.5 * norm - y / 3.0 * mask)",
        "return ops.times(conv, s)",
    ]
