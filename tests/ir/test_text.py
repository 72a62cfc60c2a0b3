"""IR text: what it looks like, that it parses back to the same graph, and where its errors point."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gandsl.diagnostics import Diagnostics
from gandsl.ir.graph import Graph, NetworkIR
from gandsl.ir.parser import parse_network
from gandsl.ir.text import graph_text, network_text
from gandsl.spec.values import Size
from tests.ir.graphs import Builder, discriminator, family, generator


def parsed(text: str) -> NetworkIR:
    diagnostics = Diagnostics()
    network = parse_network(text, "x.ir", diagnostics)
    assert network is not None, [(d.message, str(d.span)) for d in diagnostics]
    return network


def complaint(text: str) -> tuple[int, int, int, str]:
    """Line, column, end column and message of the only error."""
    diagnostics = Diagnostics()
    assert parse_network(text, "x.ir", diagnostics) is None
    (error,) = diagnostics.errors
    assert error.code == "G0014" and error.span is not None
    return error.span.line, error.span.column, error.span.end_column, error.message


@pytest.mark.parametrize("graph", [generator(), generator(noise=False, stages=3), discriminator()])
def test_full_text_gives_back_graph_and_provenance(graph: Graph) -> None:
    back = parsed(graph_text(graph)).main
    assert back == graph
    assert [node.provenance for node in back] == [node.provenance for node in graph]
    assert graph_text(back) == graph_text(graph)


@pytest.mark.parametrize("graph", [generator(), discriminator()])
def test_brief_text_gives_back_the_graph(graph: Graph) -> None:
    text = graph_text(graph, full=False)
    back = parsed(text).main
    assert back == graph
    assert "@" not in text
    lines = text.split("\n")
    assert all(lines[node.provenance.span.line - 1].startswith(f"  {node.id} =") for node in back)


def test_family_keeps_variants_and_levels() -> None:
    network = family()
    for full in (True, False):
        assert parsed(network_text(network, full=full)) == network


def test_what_it_looks_like() -> None:
    b = Builder()
    z = b.input("z", "Latent", 16, distribution="normal")
    b.stage("s4")
    x = b.add("s4.fc", "linear", z, features=48, bias=False)
    x = b.add("s4.x", "reshape", x, channels=3, size=Size(2, 8))
    x = b.add("s4.sum", "add", [x, x], scale=0.5)
    x = b.add("s4.blur", "fir", x, taps=(1.0, 2.0, 1.0), pad=(1, 1, 1, 1))
    graph = b.graph(x)
    assert graph_text(graph, full=False) == (
        "gandsl-ir 1\n"
        "network generator\n"
        "\n"
        "program level 0\n"
        "  output out: Image = s4.blur\n"
        '  z = input() kind="Latent" shape=[16] distribution="normal" : Latent[16]\n'
        "  s4.fc = linear(x=z) features=48 bias=false : Vector[48]\n"
        "  s4.x = reshape(x=s4.fc) channels=3 size=2x8 : Feature[3, 2, 8]\n"
        "  s4.sum = add(terms=[s4.x, s4.x]) scale=0.5 : Feature[3, 2, 8]\n"
        "  s4.blur = fir(x=s4.sum) taps=[1.0, 2.0, 1.0] pad=[1, 1, 1, 1] : Feature[3, 2, 8]\n"
    )
    assert (
        '  s4.sum = add(terms=[s4.x, s4.x]) scale=0.5 : Feature[3, 2, 8] @0:13:7-30 < "stage s4" @0:5:3-9\n'
        in graph_text(graph)
    )
    assert 'file 0 "specs/hand.yaml"\n' in graph_text(graph)


def test_one_line_a_node_so_that_a_change_is_one_line_of_diff() -> None:
    one, other = (graph_text(generator(weight=w), full=False).split("\n") for w in ("none", "spectral"))
    changed = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    assert len(changed) == 8
    assert all(b.replace(' weight="spectral"', "") == a for a, b in changed)


BODY = graph_text(discriminator(), full=False)

SPOILED = [  # (text, what it becomes, the place the error must cover, words)
    ("gandsl-ir 1", "gandsl-ir 2", "g", "does not begin with"),
    ("head.act = leaky_relu(", "head.act = leaky_rellu(", "leaky_rellu", "no op"),
    ("x=head.conv)", "x=head.cnov)", "head.cnov", "no node above"),
    ("(x=head.conv)", "(z=head.conv)", "z", "no input of `leaky_relu`"),
    ("stride=2", "strid=2", "strid", "no parameter of `conv`"),
    ("stride=2", 'stride="2"', '"2"', "`stride` is of type sides"),
    ("stride=2", "stride=0", "0", "out of range"),
    ("features=1 :", ":", "head.out", "needs the parameter `features`"),
    ("a=head.pool, b=head.embed", "a=head.pool", "(", "needs the input `b`"),
    ("a=head.pool, b=head.embed", "a=head.pool, b=y", "y", "takes Vector, not Label[10]"),
    ("Vector[1]\n  head.sum", "Vector[2]\n  head.sum", "Vector", "gives Vector[1] here"),
    ("= head.sum", "= head.summ", "head.summ", "no node `head.summ`"),
    ("Logits = head.sum", "Loggits = head.sum", "Loggits", "no kind"),
    ("scale=0.7071067811865476", "scale=%", "%", "means nothing here"),
    ('weight="spectral"', 'weight="spectrum"', '"spectrum"', "none or equalized or spectral"),
    ("stride=2", "stride=", ":", "expected a value"),
    ("image = input()", "image input()", "input", "expected ="),
]


@pytest.mark.parametrize(("good", "bad", "token", "words"), SPOILED)
def test_errors_point_at_the_token(good: str, bad: str, token: str, words: str) -> None:
    assert good in BODY
    text = BODY.replace(good, bad, 1)
    row, column, end, message = complaint(text)
    lines = text.split("\n")
    assert words in message
    assert lines[row - 1][column - 1 : end - 1].startswith(token)
    changed = [i for i, (a, b) in enumerate(zip(BODY.split("\n"), lines, strict=True), 1) if a != b]
    assert row in changed


def test_every_wrong_line_is_reported() -> None:
    text = (
        BODY.replace("stride=2", "strid=2")
        .replace("x=head.pool) f", "x=nothing) f")
        .replace("= embedding", "= embd")
    )
    diagnostics = Diagnostics()
    assert parse_network(text, "x.ir", diagnostics) is None
    assert [d.message for d in diagnostics.errors] == [
        "there is no parameter of `conv` `strid`",
        "there is no op `embd`",
        "there is no node above this line `nothing`",
    ]  # and nothing about the nodes that read these


def test_a_name_for_two_nodes() -> None:
    diagnostics = Diagnostics()
    assert parse_network(BODY.replace("head.act =", "head.conv ="), "x.ir", diagnostics) is None
    assert diagnostics.errors[0].message == "there is already a node `head.conv`"


def test_empty_text() -> None:
    assert complaint("")[3].startswith("the text does not begin")
    assert complaint("gandsl-ir 1\n")[3] == "the text holds no network with a program"


def test_unknown_file_number() -> None:
    text = graph_text(discriminator()).replace("@0:10:", "@7:10:", 1)
    diagnostics = Diagnostics()
    assert parse_network(text, "x.ir", diagnostics) is None
    assert "there is no `file 7` line" in [d.message for d in diagnostics.errors]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 64), st.integers(1, 5), st.sampled_from(["none", "equalized", "spectral"]), st.booleans()
)
def test_round_trip_over_many_graphs(width: int, stages: int, weight: str, noise: bool) -> None:
    graph = generator(width, stages, weight, noise)
    assert parsed(graph_text(graph)).main == graph
    assert parsed(graph_text(graph, full=False)).main == graph


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_spoiled_text_is_read_or_reported_never_a_crash(data: st.DataObject) -> None:
    noise = ["", "0", "9" * 30, "x", '"', "[", "]", ",", "\n", "-", "\\", "é"]
    text = graph_text(generator())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        text = text[:at] + data.draw(st.sampled_from(noise)) + text[at + 1 :]
    diagnostics = Diagnostics()
    network = parse_network(text, "x.ir", diagnostics)
    assert (network is None) == diagnostics.has_errors


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=20), st.floats(allow_nan=False))
def test_strings_and_floats_survive(text: str, number: float) -> None:
    b = Builder(file=text or "x")
    z = b.input("z", "Latent", 4, distribution=text)
    graph = b.graph(b.add("a", "scale", z, factor=number), "Logits")
    back = parsed(graph_text(graph)).main
    assert back == graph
    assert back["z"].provenance == graph["z"].provenance
