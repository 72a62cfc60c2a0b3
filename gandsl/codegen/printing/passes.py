"""Functions of a game's source: a pass, or the next value of a state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gandsl.codegen.analysis.game.naming import names_of
from gandsl.codegen.analysis.game.nesting import Assignment, PassBody, body_of, is_unnamed
from gandsl.codegen.analysis.game.written import GameFunction, PassFunction, StateFunction, WrittenCall
from gandsl.codegen.printing.arithmetic import Arithmetic
from gandsl.codegen.printing.expressions import PRODUCT, Text
from gandsl.codegen.printing.layout import (
    Bracketed,
    call,
    collection,
    keyword,
    lay,
    literal,
    on_one_line,
    quoted,
)
from gandsl.codegen.printing.text import WIDTH, columns, docstring, visible, wrapped
from gandsl.codegen.printing.values import value_of
from gandsl.ir.graph import Node
from gandsl.lowering.augmented import draws_of, kinds_of, pipe_of
from gandsl.lowering.table import literal as plain
from gandsl_runtime.plan.game import Term
from gandsl_runtime.plan.number import Curve, Stairs

INDENT = 4
_OWN = ("net", "loss", "averaged", "augmented", "differentiable", "gradient", "mean", "weights")

Remark = Callable[[Node], str]  # of a node: which block it is of, in a sentence


@dataclass
class Printed:
    """The lines of a function, and which functions of the runtime it calls."""

    lines: list[str]
    functions: set[str] = field(default_factory=set)


def print_pass(function: PassFunction, remark: Remark) -> Printed:
    """A pass: from its sources to the loss of each player, then what is heard and logged; or a view."""
    of = function.of
    values = [of.at(id_) for id_ in (of.heard if of.is_view else of.values)]
    weights = [(f"{term.id}.weight", term) for term in of.terms if isinstance(term.weight, Curve | Stairs)]
    ends = [id_ for term in of.terms for id_ in _read(term)]
    names = {of.at(id_): name.replace("/", "_") for name, id_ in of.logs.items() if is_unnamed(of.at(id_))}
    names |= {term.node: term.id.rpartition(".")[2] for term in reversed(of.terms)}
    writer = _Writer(
        function,
        ends,
        values,
        names,
        [id_ for id_, _ in weights],
        remark,
        function.calls,
        function.over_all,
    )
    losses: list[str] = []
    for player in of.players:
        text = writer.sum_of(of.terms_of(player))
        name = "loss" if len(of.players) == 1 else f"loss_of_{player}"
        if text is None:
            losses.append("None")
        else:
            writer.lines += _operation(text, f"{name} = ")
            losses.append(name)
    returned = [*losses, *(writer.arithmetic.of_node(id_).text for id_ in values)]
    writer.lines += _returned(returned)
    if of.is_view:
        return writer.printed("tuple[Tensor, ...]", _ABOUT_VIEWS[of.phase.name])
    return writer.printed("tuple[Tensor | None, ...]", _about_pass(function))


_ABOUT_VIEWS = {"shows": "What grids show.", "watches": "What the guard looks at."}


def print_state(function: StateFunction, remark: Remark) -> Printed:
    """The next value of a state, of what was heard."""
    writer = _Writer(function, [], [function.state.next], {}, [], remark)
    writer.lines.append(f"{' ' * INDENT}return {writer.arithmetic.of_node(function.state.next).text}")
    return writer.printed(
        "Tensor", f"What the state `{function.state.id}` moves to, of means of what was heard."
    )


def _read(term: Term) -> tuple[str, ...]:
    return (term.node, term.weight) if isinstance(term.weight, str) else (term.node,)


def _about_pass(function: PassFunction) -> str:
    of = function.of
    often = f", each {of.phase.every} steps" if of.phase.every > 1 else ""
    sums = {
        player: " + ".join(term.id.removeprefix(f"{player}.") for term in of.terms_of(player))
        for player in of.players
    }
    return ", and ".join(f"`{player}` minimizes {terms}" for player, terms in sums.items()) + f"{often}."


def _returned(values: Sequence[str]) -> list[str]:
    if len(values) == 1:
        return [f"{' ' * INDENT}return ({values[0]},)"]
    one = f"{' ' * INDENT}return {', '.join(values)}"
    return [one] if columns(one) <= WIDTH else lay(collection(list(values)), INDENT, "return ")


def _operation(text: Text, before: str) -> list[str]:
    """A statement of a sum, in brackets over lines where it is long."""
    line = f"{' ' * INDENT}{before}{text.text}"
    if columns(line) <= WIDTH:
        return [line]
    margin = " " * (INDENT + 4)
    first, *rest = text.text.split(" + ")
    return [
        f"{' ' * INDENT}{before}(",
        f"{margin}{first}",
        *(f"{margin}+ {term}" for term in rest),
        f"{' ' * INDENT})",
    ]


class _Writer:
    """The statements of one function, as they are written."""

    def __init__(
        self,
        function: GameFunction,
        losses: Sequence[str],
        values: Sequence[str],
        terms: dict[str, str],
        more: Sequence[str],
        remark: Remark,
        calls: Mapping[str, WrittenCall] | None = None,
        means: frozenset[str] = frozenset(),
    ) -> None:
        self.of, self.graph, self.remark = function, function.graph, remark
        self.calls, self.more = dict(calls or {}), more
        self.picked: dict[str, dict[int, str]] = {}  # what gives several → which of them is read where
        for id_ in function.nodes:
            if self.graph[id_].op == "output":
                self.picked.setdefault(self.graph[id_].operands[0], {})[self.graph[id_].attrs["index"]] = id_
        apart: set[str] = set()
        while True:
            self.body = body_of(self.graph, function.nodes, losses, values, apart)
            self.lines: list[str] = []
            self.arithmetic = self._arithmetic(function, terms, means)
            too_long = self._write(self.body) or next(
                (id_ for id_ in values if columns(self.arithmetic.of_node(id_).text) > WIDTH - 16), None
            )
            if too_long is None or too_long in apart:
                return
            apart.add(too_long)

    def _arithmetic(self, function: GameFunction, terms: dict[str, str], means: frozenset[str]) -> Arithmetic:
        ids = [id_ for id_ in self._variables(self.body)]
        alone = {next(iter(picked.values())) for picked in self.picked.values() if len(picked) == 1}
        taken = {*_OWN, *(self.graph[id_].op for id_ in function.nodes), *function.numbers}
        names = names_of(
            self.graph, [*function.sources, *self.more, *self._heard(), *ids], terms, alone, taken
        )
        for id_ in function.nodes:
            if self.graph[id_].op == "heard":
                names[id_] = names[self.graph[id_].attrs["node"]]
        return Arithmetic(function, names, self.body.inside, means, set())

    def _heard(self) -> tuple[str, ...]:
        return self.of.heard if isinstance(self.of, StateFunction) else ()

    def _variables(self, body: PassBody) -> Iterator[str]:
        for line in body.lines:
            if not line.again:
                yield from self.picked.get(line.id, {}).values() if self._gives_several(line) else (line.id,)

    def _gives_several(self, line: Assignment) -> bool:
        return self.graph[line.id].type.kind == "Outputs"

    def _write(self, body: PassBody) -> str | None:
        """All statements; or a node that is to be one of its own, since a line is too long with it."""
        said = ""
        for line in body.lines:
            node = self.graph[line.id]
            about = self.remark(node)
            if about and about != said:
                self.lines += _comment(about)
            said = about or said
            if line.again:
                name = self.arithmetic.names[line.id]
                self.arithmetic.functions.add("differentiable")
                self.lines.append(f"{' ' * INDENT}{name} = differentiable({name})")
            elif self._gives_several(line):
                self.lines += self._several(node)
            else:
                text = f"{' ' * INDENT}{self.arithmetic.names[line.id]} = {self.arithmetic.made(node).text}"
                if columns(text) > WIDTH and (inner := [o for o in node.operands if o in body.inside]):
                    return max(inner, key=lambda id_: len(self.arithmetic.of_node(id_).text))
                self.lines.append(text)
        return None

    def _several(self, node: Node) -> list[str]:
        """A call, a gradient: what gives several tensors, taken apart."""
        picked = self.picked.get(node.id, {})
        if node.op == "call":
            made = self.calls[node.id]
            names = [*(name for name, *_ in node.attrs["outputs"])]
            count, plain = len(made.outputs), len(made.outputs) == 1
            at = {made.outputs.index(names[index]): id_ for index, id_ in picked.items()}
            value = self._call(made)
        else:
            at, plain = picked, False
            count = len(node.inputs.get("by") or node.inputs.get("x") or ())
            count = len(node.attrs["counts"]) if node.op == "split" else count
            value = self._function(node)
        targets = [self.arithmetic.names[at[index]] if index in at else "_" for index in range(count)]
        before = f"{', '.join(targets)}"
        if not plain and count == 1:
            before = f"({before},)"
        if not picked:
            return lay(value, INDENT)
        if columns(before) + INDENT + 3 + columns(value.head) < WIDTH:
            return lay(value, INDENT, f"{before} = ")
        return lay(collection(targets), INDENT, behind=f" = {on_one_line(value)}")

    def _call(self, made: WrittenCall) -> Bracketed:
        head = f"net.{made.network}"
        if made.average:
            self.arithmetic.functions.add("averaged")
            head = f"averaged(net, {quoted(made.network)})"
        head += "" if made.entry == "forward" else f".{made.entry}"
        arguments = ["None" if id_ is None else self.arithmetic.names[id_] for id_ in made.given]
        arguments += [f"draws={quoted(made.draws)}"] if made.draws else []
        arguments += [f"holds={on_one_line(literal(made.holds))}"] if made.holds else []
        arguments += [f"training={made.mode == 'training'}"] if made.mode else []
        return call(head, arguments)

    def _function(self, node: Node) -> Bracketed:
        names = lambda port: [self.arithmetic.of_node(id_).text for id_ in node.inputs.get(port, ())]  # noqa: E731
        if node.op == "gradient":
            self.arithmetic.functions.add("gradient")
            return call("gradient", [*names("of"), f"[{', '.join(names('by'))}]"])
        if node.op == "split":
            self.arithmetic.functions.add("split")
            return call("split", [*names("x"), f"counts={on_one_line(literal(node.attrs['counts']))}"])
        self.arithmetic.functions.add("augmented")
        chance, kinds = node.attrs["chance"], kinds_of(self.graph, node)
        return call(
            "augmented",
            [
                "net",
                f"[{', '.join(names('x'))}]",
                *names("p"),
                f"id={quoted(draws_of(node))}",
                keyword("pipe", value_of(pipe_of(node))),
                *([] if chance == 1 else [f"chance={on_one_line(literal(chance))}"]),
                *([keyword("kinds", value_of(kinds))] if kinds else []),
            ],
        )

    def sum_of(self, terms: Iterable[Term]) -> Text | None:
        """Σ weight · term, in order; None where there is none."""
        parts: list[str] = []
        for term in terms:
            value = self.arithmetic.of_node(term.node)
            if (name := self.of.slots.get((term.id, "weight"))) is not None:
                weight = name
            elif isinstance(term.weight, Curve | Stairs):
                weight = self.arithmetic.names[f"{term.id}.weight"]
            elif isinstance(term.weight, str):
                weight = self.arithmetic.of_node(term.weight).within(PRODUCT)
            else:
                weight = "" if term.weight == 1 else on_one_line(literal(term.weight))
            parts.append(f"{weight} * {value.within(PRODUCT + 1)}" if weight else value.within(PRODUCT))
        return Text(" + ".join(parts), 0 if len(parts) > 1 else 1) if parts else None

    def printed(self, kind: str, about: str) -> Printed:
        """The whole function."""
        names = self.arithmetic.names
        ids = [*self.of.sources, *self.more, *self._heard()]
        params = ["net: Networks"] if isinstance(self.of, PassFunction) else []
        params += [f"{names[id_]}: Tensor" for id_ in ids]
        params += (
            ["*", *(f"{name}: {_kind(by.values())}" for name, by in self.of.numbers.items())]
            if self.of.numbers
            else []
        )
        head = lay(call(f"def {self.of.name}", params), 0, behind=f" -> {kind}:")
        return Printed([*head, *docstring(about, INDENT), *self.lines], self.arithmetic.functions)


def _kind(values: Iterable[Any]) -> str:
    """The type of numbers that differ between stages."""
    kinds = {type(plain(value)) for value in values}
    if kinds <= {int, float}:
        return "int" if kinds == {int} else "float"
    return "tuple[int, int]" if kinds == {tuple} else "int | tuple[int, int]"


def _comment(text: str) -> list[str]:
    return [f"{' ' * INDENT}# {line}" for line in wrapped(visible(text), WIDTH - INDENT - 8)]
