"""Slips in the training plan, and what is said of a whole spec or node: each function yields all that it could make."""
# ruff: noqa: E501 - tables and specs stand as they are

from __future__ import annotations

from collections.abc import Iterator

from gandsl.diagnostics import Span
from gandsl.spec.tree import Mapping, Tree
from tests.specs.spoiled.good import (
    FILE,
    LOST,
    NAMES,
    Good,
    Kind,
    Slip,
    slip_of,
)


def loss(good: Good) -> Iterator[Slip]:
    for span in good.at(r"^  loss: (\w+)", 1):
        yield slip_of(span, good.misspelt(good.slice(span)), "G0602")
        yield slip_of(span, "[hinge]", "G0602")


def plan_field(good: Good) -> Iterator[Slip]:
    def inside(tree: Tree | None) -> Iterator[Slip]:
        for entry in tree if isinstance(tree, Mapping) else ():
            if not entry.key.isdigit():
                yield slip_of(entry.key_span, good.misspelt(entry.key), LOST | NAMES)
            yield from inside(entry.value)

    yield from inside(good.fields("training"))


def plan_value(good: Good) -> Iterator[Slip]:
    for pattern, wrong in (
        (r"batch: (\d+)", "0"),
        (r"batch: (\d+)", "many"),
        (r"betas: \[([\d.]+)", "1.5"),
        (r"lr: ([\de.-]+)", "-0.1"),
        (r"lr: ([\de.-]+)", "fast"),
        (r"decay: ([\d.]+)", "2"),
        (r"gamma: ([\d.]+)", "-3"),
        (r"length: (\d+ \w+)", "0 kimg"),
        (r"buffers: (\w+)", "keep"),
        (r"kind: (adam)", "adams"),
        (r"probability: ([\d.]+)", "7"),
        (r"every: (\d+ steps)", "2.5 steps"),
        (r"half_life: (\d+ \w+)", "true"),
    ):
        for span in good.at(pattern, 1):
            if span.line > good.tree.entries["training"].key_span.line:
                yield slip_of(span, wrong, "G0602 G0603")


def plan_against_networks(good: Good) -> Iterator[Slip]:
    line = good.tree.entries["training"].key_span.line
    here = Span(FILE, line, 10, line, 10)

    def added(text: str, word: str, codes: str) -> Slip:
        column = 3 + text.index(word)
        return slip_of(here, f"\n  {text}", codes, Span(FILE, line + 1, column, line + 1, column + len(word)))

    plan = good.fields("training")
    assert isinstance(plan, Mapping)
    if "styles" not in (good.fields("generator") or ()):
        if "regularizers" not in plan:
            yield added("regularizers: {path_length: {weight: 2}}", "path_length", "G0606")
        yield added("style_mixing: {probability: 0.5}", "style_mixing", "G0607")
    if "growth" not in good.tree:
        yield added("growth: {stable: 1 kimg, fade: 1 kimg}", "growth", "G0609")
    if "norm: {op: batch_norm, unless" in good.text:
        yield added("regularizers: {gradient_penalty: {weight: 10}}", "gradient_penalty", "G0605")
    yield added("micro_batch: 3", "3", "G0618")


def reserved(good: Good) -> Iterator[Slip]:
    for entry, _ in good.nodes("op", "block"):
        for name in ("class", "conv-1"):
            yield slip_of(entry.key_span, name, "G0011")


def bad_parameter_name(good: Good) -> Iterator[Slip]:
    params = good.fields("params")
    for entry in params if isinstance(params, Mapping) else ():
        yield slip_of(entry.key_span, "if", "G0011")
        yield slip_of(entry.key_span, f"{entry.key}!", "G0011")


def version(good: Good) -> Iterator[Slip]:
    for span in good.at(r"^gandsl: (1)$", 1):
        yield slip_of(span, "2", "G0007")
        yield slip_of(span, "one", "G0010")


def two_forms(good: Good) -> Iterator[Slip]:
    for _, node in good.nodes("op"):
        span = node.entries["op"].value.span
        end = Span(FILE, span.line, span.end_column, span.line, span.end_column)
        inside = Span(FILE, span.line, span.end_column + 2, span.line, span.end_column + 7)
        if good.text.split("\n")[span.line - 1][span.end_column - 1 :].startswith((",", "}")):
            yield slip_of(end, ", block: norm.batch", "G0012 G0313", inside)


def misplaced_list(good: Good) -> Iterator[Slip]:
    for span in good.at(r"^  defaults: (\{.*\})$", 1):
        yield slip_of(span, "[conv]", "G0010")
    for span in good.at(r"^    (?:over|fold): (\{.*\}|.*)$", 1):
        yield slip_of(span, "12", "G0010 G0105")


def empty(good: Good) -> Iterator[Slip]:
    for entry, node in good.nodes("op"):
        if node.span.line == node.span.end_line:
            yield slip_of(node.span, "{}", "G0313", entry.key_span, node.span)
            yield slip_of(node.span, "null", "G0013 G0313")


KINDS: tuple[Kind, ...] = (
    loss,
    plan_field,
    plan_value,
    plan_against_networks,
    reserved,
    bad_parameter_name,
    version,
    two_forms,
    misplaced_list,
    empty,
)
