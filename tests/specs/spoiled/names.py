"""Slips in names that there are none of: fields, ops, blocks, parameters, types: each function yields all that it could make."""
# ruff: noqa: E501 - tables and specs stand as they are

from __future__ import annotations

from collections.abc import Iterator

from gandsl.frontend.references import names_of
from gandsl.spec.builtins import BUILTINS
from gandsl.spec.tree import Mapping
from tests.specs.spoiled.good import (
    LOST,
    NAMES,
    Good,
    Kind,
    Slip,
    slip_of,
)


def top_field(good: Good) -> Iterator[Slip]:
    for entry in good.tree:
        yield slip_of(entry.key_span, good.misspelt(entry.key), LOST | {"G0612"})


def network_field(good: Good) -> Iterator[Slip]:
    for role in ("generator", "discriminator"):
        network = good.fields(role)
        for entry in network if isinstance(network, Mapping) else ():
            yield slip_of(entry.key_span, good.misspelt(entry.key), LOST)


def block_field(good: Good) -> Iterator[Slip]:
    blocks = good.fields("blocks")
    for block in blocks if isinstance(blocks, Mapping) else ():
        for entry in block.value if isinstance(block.value, Mapping) else ():
            yield slip_of(entry.key_span, good.misspelt(entry.key), LOST)


def declaration_field(good: Good) -> Iterator[Slip]:
    params = good.fields("params")
    for param in params if isinstance(params, Mapping) else ():
        for entry in param.value if isinstance(param.value, Mapping) else ():
            yield slip_of(entry.key_span, good.misspelt(entry.key), LOST | {"G0505"})


def op_name(good: Good) -> Iterator[Slip]:
    for _, node in good.nodes("op"):
        span = node.entries["op"].value.span
        yield slip_of(span, good.misspelt(good.slice(span)), "G0201")


def block_name(good: Good) -> Iterator[Slip]:
    for form in ("block", "topology"):
        for _, node in good.nodes(form):
            span = node.entries[form].value.span
            head, dot, tail = good.slice(span).rpartition(".")
            yield slip_of(span, head + dot + good.misspelt(tail), "G0202")


def filling(good: Good) -> Iterator[Slip]:
    for span in good.at(r"\{use: ([\w.]+)", 1):
        head, dot, tail = good.slice(span).rpartition(".")
        yield slip_of(span, head + dot + good.misspelt(tail), "G0202")


def form_name(good: Good) -> Iterator[Slip]:
    for form in ("op", "block", "topology", "fold"):
        for _, node in good.nodes(form):
            span = node.entries[form].key_span
            yield slip_of(span, good.misspelt(form), "G0313 G0008")


def parameter_name(good: Good) -> Iterator[Slip]:
    for form in ("op", "block", "topology"):
        for _, entry in good.arguments(form):
            yield slip_of(entry.key_span, good.misspelt(entry.key), "G0205")


def filling_parameter(good: Good) -> Iterator[Slip]:
    for span in good.at(r"\{use: [\w.]+, (\w+):", 1):
        yield slip_of(span, good.misspelt(good.slice(span)), "G0205")


def defaults_name(good: Good) -> Iterator[Slip]:
    for role in ("generator", "discriminator"):
        defaults = good.fields(role, "defaults")
        for entry in defaults if isinstance(defaults, Mapping) else ():
            yield slip_of(entry.key_span, good.misspelt(entry.key), "G0201")
            for setting in entry.value if isinstance(entry.value, Mapping) else ():
                yield slip_of(setting.key_span, good.misspelt(setting.key), "G0205")


def known_name(good: Good) -> Iterator[Slip]:
    for scalar in good.expressions():
        for name, span in names_of(scalar):
            if span.line == span.end_line and good.slice(span) == name:
                yield slip_of(span, good.misspelt(name), NAMES)


def function_name(good: Good) -> Iterator[Slip]:
    for name in (*BUILTINS, "width", "channels"):
        for span in good.at(rf"(?<![\w.]){name}(?=\([^)]*\))"):
            before = good.text.split("\n")[span.line - 1][: span.column - 1]
            if before.strip() and "doc:" not in before:  # else it is the head of a definition, or prose
                yield slip_of(span, good.misspelt(name), "G0103 G0102")


def type_kind(good: Good) -> Iterator[Slip]:
    for span in good.at(r"\b(Latent|Label|Image|Feature|Vector)\b", 1):
        yield slip_of(span, good.misspelt(good.slice(span)), "G0216")


def type_name(good: Good) -> Iterator[Slip]:
    for span in good.at(r'"(?:Latent|Label|Image)\[(\w+)', 1):
        if not good.slice(span).isdigit():
            yield slip_of(span, good.misspelt(good.slice(span)), NAMES)


KINDS: tuple[Kind, ...] = (
    top_field,
    network_field,
    block_field,
    declaration_field,
    op_name,
    block_name,
    filling,
    form_name,
    parameter_name,
    filling_parameter,
    defaults_name,
    known_name,
    function_name,
    type_kind,
    type_name,
)
