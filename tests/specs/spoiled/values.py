"""Slips in values of the wrong kind or range, what is missing, tensors that do not fit: each function yields all that it could make."""
# ruff: noqa: E501 - tables and specs stand as they are

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from gandsl.diagnostics import Span
from gandsl.ir.ops import OPS
from gandsl.spec.tree import Mapping, Scalar
from tests.specs.spoiled.good import (
    FILE,
    Good,
    Kind,
    Slip,
    slip_of,
    text_of,
)


def kind_swapped(good: Good) -> Iterator[Slip]:
    for span in good.at(r'"(Latent)\[', 1):
        yield slip_of(span, "Styles", "G0216 G0211 G0613 G0008")
    for span in good.at(r'"(Label)\[', 1):
        if "when" not in good.text.split("\n")[span.line - 1]:
            yield slip_of(span, "Vector", "G0211 G0613")


def number_as_text(good: Good) -> Iterator[Slip]:
    for form in ("op", "block"):
        for _, entry in good.arguments(form):
            if isinstance(entry.value, Scalar) and type(entry.value.value) in (int, float):
                yield slip_of(entry.value.span, "\"'wide'\"", "G0207 G0105")


def fraction(good: Good) -> Iterator[Slip]:
    for node, entry in good.arguments("op"):
        param = OPS[text_of(node.get("op"))].param(entry.key)
        if param and param.type == "int" and isinstance(entry.value, Scalar):
            yield slip_of(entry.value.span, "2.5", "G0207")


def list_for_number(good: Good) -> Iterator[Slip]:
    for node, entry in good.arguments("op"):
        param = OPS[text_of(node.get("op"))].param(entry.key)
        if param and param.type in ("int", "float") and isinstance(entry.value, Scalar):
            yield slip_of(entry.value.span, "[1, 2, 3]", "G0207")


def old_truth(good: Good) -> Iterator[Slip]:
    for span in good.at(r"(?<=: )(?:true|false)(?=[,}]|$)"):
        yield slip_of(span, "no", "G0207 G0503 G0105 G0102 G0010 G0602")


def below_range(good: Good) -> Iterator[Slip]:
    for node, entry in good.arguments("op"):
        param = OPS[text_of(node.get("op"))].param(entry.key)
        if param and param.minimum is not None and isinstance(entry.value, Scalar):
            yield slip_of(entry.value.span, "-1", "G0207" if param.type == "size" else "G0208")


def parameter_below_range(good: Good) -> Iterator[Slip]:
    for span in good.at(r"default: ([\d.]+), min: \d", 1):
        yield slip_of(span, "-5", "G0502 G0503")


def parameter_type(good: Good) -> Iterator[Slip]:
    for span in good.at(r"\{type: (int|float), default: ", 1):
        yield slip_of(span, "integer", "G0506")


def parameter_default(good: Good) -> Iterator[Slip]:
    for span in good.at(r"\{type: int, default: ([\d.]+)", 1):
        yield slip_of(span, "many", "G0503 G0102")


def no_parameter(good: Good) -> Iterator[Slip]:
    for _, node in good.nodes("op"):
        op = OPS[text_of(node.get("op"))]
        entries = list(node)
        for before, entry in pairwise(entries):
            param = op.param(entry.key)
            if param and param.required and entry.value.span.line == before.value.span.line:
                start = before.value.span
                gap = Span(FILE, start.line, start.end_column, start.line, entry.value.span.end_column)
                yield slip_of(gap, "", "G0206", node.entries["op"].value.span)


def no_op(good: Good) -> Iterator[Slip]:
    for entry, node in good.nodes("op"):
        first, *others = node
        if first.key == "op" and others and others[0].key_span.line == first.key_span.line:
            stop = others[0].key_span
            gap = Span(FILE, stop.line, first.key_span.column, stop.line, stop.column)
            yield slip_of(
                gap, "", "G0313", entry.key_span, Span.point(FILE, stop.line, first.key_span.column)
            )


def no_field(good: Good) -> Iterator[Slip]:
    entries = list(good.tree)
    for entry in entries:
        if entry.key in ("name", "generator", "discriminator", "gandsl"):
            start, end = entry.key_span, entry.value.span
            whole = Span(FILE, start.line, 1, end.end_line, end.end_column)
            yield slip_of(whole, "", "G0009 G0612", Span.point(FILE))


def no_plan_field(good: Good) -> Iterator[Slip]:
    training = good.tree.entries["training"]
    for entry in training.value if isinstance(training.value, Mapping) else ():
        if (
            entry.key in ("length", "batch", "loss", "optimizer")
            and entry.value.span.line == entry.key_span.line
        ):
            line = entry.key_span.line
            gap = Span(FILE, line, 1, line + 1, 1)
            yield slip_of(gap, "", "G0009 G0102", training.key_span)


def other_channels(good: Good) -> Iterator[Slip]:
    for node, entry in good.arguments("op"):
        image = entry.key == "channels" and text_of(entry.value) == "image_channels"
        if (text_of(node.get("op")) == "reshape" and entry.key == "channels") or image:
            yield slip_of(entry.value.span, f'"{text_of(entry.value)} + 1"', "G0210 G0601")


def other_image(good: Good) -> Iterator[Slip]:
    for span in good.at(r'(?<=image: )"Image\[(\w+)', 1):
        key = Span(FILE, span.line, span.column - 14, span.line, span.column - 9)
        yield slip_of(span, "7", "G0601", key)


def another_port(good: Good) -> Iterator[Slip]:
    for body in good.bodies():
        entries = list(body)
        for entry, later in pairwise(entries):
            if isinstance(entry.value, Mapping) and isinstance(x := entry.value.get("x"), Scalar):
                yield slip_of(x.span, later.key, "G0306")


def reads_itself(good: Good) -> Iterator[Slip]:
    for entry, node in good.nodes("op"):
        x = node.get("x")
        if isinstance(x, Scalar):
            yield slip_of(x.span, entry.key, "G0306")


def tensor_for_number(good: Good) -> Iterator[Slip]:
    for node, entry in good.arguments("op"):
        param = OPS[text_of(node.get("op"))].param(entry.key)
        name = (
            "z"
            if node.entries["op"].key_span.line < good.tree.entries["discriminator"].key_span.line
            else "image"
        )
        if param and param.type == "int" and isinstance(entry.value, Scalar) and "blocks" not in good.tree:
            yield slip_of(entry.value.span, name, "G0207")


def number_for_tensor(good: Good) -> Iterator[Slip]:
    for node, entry in good.arguments("op"):
        port = OPS[text_of(node.get("op"))].port(entry.key)
        always = node.get("when") is None  # else it may be left out, with what is wrong in it
        if always and port and not port.variadic and isinstance(entry.value, Scalar):
            yield slip_of(entry.value.span, "3", "G0211")


KINDS: tuple[Kind, ...] = (
    kind_swapped,
    number_as_text,
    fraction,
    list_for_number,
    old_truth,
    below_range,
    parameter_below_range,
    parameter_type,
    parameter_default,
    no_parameter,
    no_op,
    no_field,
    no_plan_field,
    other_channels,
    other_image,
    another_port,
    reads_itself,
    tensor_for_number,
    number_for_tensor,
)
