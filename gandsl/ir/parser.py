"""Reads IR text (gandsl/ir/text.py) back into a network; what is wrong is reported with line and column."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from gandsl.diagnostics import Diagnostics, Span
from gandsl.diagnostics.articles import a
from gandsl.diagnostics.errors import InvariantError
from gandsl.ir.graph import Frame, Graph, NetworkIR, Node, Provenance, Variant
from gandsl.ir.op import Call, Op, Param, ShapeError
from gandsl.ir.ops import GAME_OPS, OPS
from gandsl.ir.packages import ADDED
from gandsl.ir.text import HEADER, default_of, value_text
from gandsl.ir.text_line import TextLine, TextToken, WrongText
from gandsl.ir.types import KINDS, TensorType, is_a
from gandsl.spec.values import Size, as_size

_is_number: Callable[[Any], bool] = lambda v: isinstance(v, int | float) and not isinstance(v, bool)  # noqa: E731
_is_int: Callable[[Any], bool] = lambda v: isinstance(v, int) and not isinstance(v, bool)  # noqa: E731

_FITS: dict[str, Callable[[Any], bool]] = {  # parameter type → whether a value is of it
    "int": _is_int,
    "float": _is_number,
    "bool": lambda v: isinstance(v, bool),
    "str": lambda v: isinstance(v, str),
    "enum": lambda v: isinstance(v, str),
    "size": lambda v: isinstance(v, Size),
    "sides": lambda v: _is_int(v) or (isinstance(v, tuple) and 0 < len(v) < 4 and all(map(_is_int, v))),
    "ints": lambda v: isinstance(v, tuple) and all(map(_is_int, v)),
    "floats": lambda v: isinstance(v, tuple) and all(map(_is_number, v)),
    "sizes": lambda v: isinstance(v, tuple) and all(isinstance(side, Size) for side in v),
    "any": lambda v: True,
}


class _Follows(Exception):
    """The line is wrong because one above it is, which has been reported."""


def parse_network(text: str, file: str, diagnostics: Diagnostics) -> NetworkIR | None:
    """Read what `network_text` wrote. Every line that is wrong is reported (G0014); None if any is."""
    diagnostics.sources.setdefault(file, text)
    reader = _Reader(file, diagnostics)
    first, *lines = text.split("\n")
    if first.rstrip() != HEADER:
        help = "this reads what `gandsl show --ir` prints"
        reader.wrong(WrongText(f"the text does not begin with `{HEADER}`", Span.point(file), help))
        return None
    for number, line in enumerate(lines, 2):
        reader.line(line, number)
    return reader.finish()


class _Program:
    def __init__(self, variant: Variant, span: Span) -> None:
        self.variant, self.span = variant, span
        self.nodes: dict[str, Node] = {}
        self.outputs: dict[str, str] = {}
        self.kinds: dict[str, str] = {}
        self.styles: str | None = None
        self.named: list[TextToken] = []  # outputs and styles: they name nodes that come below
        self.failed: set[str] = set()  # nodes whose lines are wrong


class _Reader:
    def __init__(self, file: str, diagnostics: Diagnostics) -> None:
        self.file, self.diagnostics = file, diagnostics
        self.errors = 0
        self.name: str | None = None
        self.levels: tuple[tuple[int, ...], ...] = ()
        self.files: dict[int, str] = {}
        self.programs: list[_Program] = []

    def wrong(self, error: WrongText) -> None:
        self.errors += 1
        self.diagnostics.add("G0014", error.message, error.span, help=error.help)

    def line(self, text: str, number: int) -> None:
        try:
            line = TextLine(text, self.file, number)
            if line.now.kind != "end":
                self._statement(line)
                line.end()
            return
        except WrongText as error:
            self.wrong(error)
        except _Follows:
            pass
        if self.programs and (first := re.match(r"\s*([\w.]+)", text)):
            self.programs[-1].failed.add(first[1])

    def _statement(self, line: TextLine) -> None:
        first = line.now
        if line.opens("network"):
            line.at += 1
            self.name = line.take("name").text
            if line.skip("levels"):
                while line.now.kind == "size" or line.now.text == "[":  # of one side as a list
                    size = as_size(_value(line))
                    self.levels += (size.sides if size else (),)
        elif line.opens("file"):
            line.at += 1
            index = int(line.take("int").text)
            self.files[index] = _string(line.take("string").text)
        elif line.opens("program"):
            line.at += 1
            line.skip("level")
            level = int(line.take("int").text)
            self.programs.append(_Program(Variant(level, line.skip("fading")), first.span))
        elif not self.programs:
            raise WrongText("expected `network …` and `program level …` before this line", first.span)
        elif line.opens("output"):
            line.at += 1
            self._output(line, self.programs[-1])
        elif line.opens("styles"):
            line.at += 1
            token = line.take("name")
            self.programs[-1].styles = token.text
            self.programs[-1].named.append(token)
        else:
            self._node(line, self.programs[-1])

    def _output(self, line: TextLine, program: _Program) -> None:
        name = line.take("name").text
        line.take("mark", ":")
        program.kinds[name] = _kind(line)
        line.take("mark", "=")
        token = line.take("name")
        program.outputs[name] = token.text
        program.named.append(token)

    def _node(self, line: TextLine, program: _Program) -> None:
        id_ = line.take("name")
        line.take("mark", "=")
        op = _known(line.take("name"), OPS | GAME_OPS | ADDED, "op")
        if id_.text in program.nodes:
            raise WrongText(f"there is already a node `{id_.text}`", id_.span)
        inputs = _inputs(line, op, program)
        shares = self._shares(line, op, program)
        attrs = _attrs(line, op, id_.span)
        line.take("mark", ":")
        start = line.now.span
        type_ = _type(line)
        call = Call({port: tuple(program.nodes[i].type for i in ids) for port, ids in inputs.items()}, attrs)
        try:
            computed = op.result(call)
        except ShapeError as error:
            raise WrongText(f"`{op.name}`: {error.message}", id_.span, error.help) from error
        if (computed.shape, computed.times) != (type_.shape, type_.times):
            raise WrongText(f"`{op.name}` gives {computed} here, not {type_}", start)
        provenance = self._provenance(line, id_.span)
        program.nodes[id_.text] = Node(id_.text, op.name, inputs, attrs, type_, provenance, shares)

    def _shares(self, line: TextLine, op: Op, program: _Program) -> str:
        """The node behind `of`, whose layer this one runs; if nothing reads it, it is not in the text."""
        if op.param("of") is not None or not line.skip("of"):
            return ""
        token = line.take("name")
        owner = program.nodes.get(token.text)
        if op.layer is None or (owner and (owner.op != op.name or owner.shares)):
            raise WrongText(
                f"`{token.text}` has no layer of its own that a `{op.name}` could run", token.span
            )
        return token.text

    def _provenance(self, line: TextLine, own: Span) -> Provenance:
        span = self._place(line) if line.now.kind == "place" else own
        frames = []
        while line.skip("<"):
            what = _string(line.take("string").text)
            frames.append(Frame(what, self._place(line)))
        return Provenance(span, tuple(frames))

    def _place(self, line: TextLine) -> Span:
        token = line.take("place")
        index, row, column, *end = map(int, re.findall(r"\d+", token.text))
        if index not in self.files:
            raise WrongText(f"there is no `file {index}` line", token.span)
        return Span(self.files[index], row, column, end[0] if len(end) == 2 else row, end[-1])

    def finish(self) -> NetworkIR | None:
        if not self.errors and (self.name is None or not self.programs):
            self.wrong(WrongText("the text holds no network with a program", Span.point(self.file)))
        for program in self.programs:
            for token in program.named:
                if not self.errors and token.text not in program.nodes:
                    self.wrong(_unknown(token, program.nodes, "node"))
        if self.errors or self.name is None:
            return None
        programs = {}
        for program in self.programs:
            graph = Graph(self.name, program.nodes, program.outputs, program.kinds, program.styles)
            try:
                graph.verify()
            except InvariantError as error:  # the text's fault here, not the compiler's
                self.wrong(WrongText(error.args[0], program.span))
            programs[program.variant] = graph
        return None if self.errors else NetworkIR(self.name, programs, self.levels)


def _inputs(line: TextLine, op: Op, program: _Program) -> dict[str, tuple[str, ...]]:
    nodes, inputs = program.nodes, dict[str, tuple[str, ...]]()
    opening = line.take("mark", "(")
    while not line.skip(")"):
        if inputs:
            line.take("mark", ",")
        name = line.now
        port = _known(line.take("name"), {port.name: port for port in op.ports}, f"input of `{op.name}`")
        line.take("mark", "=")
        tokens = list(_list(line, "name")) if port.variadic else [line.take("name")]
        for token in tokens:
            if token.text in program.failed:
                raise _Follows
            if token.text not in nodes:
                raise _unknown(token, nodes, "node above this line")
            if not any(is_a(nodes[token.text].type.kind, kind) for kind in port.everywhere):
                wanted = " or ".join(port.everywhere)
                raise WrongText(
                    f"`{port.name}` of `{op.name}` takes {wanted}, not {nodes[token.text].type}", token.span
                )
        if not tokens or port.name in inputs:
            raise WrongText(f"input `{port.name}` " + ("twice" if tokens else "without a node"), name.span)
        inputs[port.name] = tuple(token.text for token in tokens)
    for port in op.ports:
        if port.name not in inputs and not port.optional:
            raise WrongText(f"`{op.name}` needs the input `{port.name}`", opening.span)
    return {port.name: inputs[port.name] for port in op.ports if port.name in inputs}


def _attrs(line: TextLine, op: Op, span: Span) -> dict[str, Any]:
    given: dict[str, Any] = {}
    while line.now.kind == "name":
        param = _known(line.take("name"), {p.name: p for p in op.params}, f"parameter of `{op.name}`")
        line.take("mark", "=")
        value_span = line.now.span
        value = _value(line)
        if param.type == "size" and isinstance(value, tuple):  # of one side
            value = as_size(value)
        fits = _FITS[param.type](value) and (not param.choices or value in param.choices)
        if not fits and not (value is None and param.default is None):
            wanted = " or ".join(param.choices) if param.choices else f"of type {param.type}"
            raise WrongText(f"`{param.name}` is {wanted}, not {value_text(value)}", value_span)
        if not _in_range(param, value):
            raise WrongText(f"`{param.name}` is out of range: {value_text(value)}", value_span)
        given[param.name] = value
    for param in op.params:
        if param.required and param.name not in given:
            raise WrongText(f"`{op.name}` needs the parameter `{param.name}`", span)
    return {p.name: given[p.name] if p.name in given else default_of(p) for p in op.params}


def _in_range(param: Param, value: Any) -> bool:
    numbers = value.sides if isinstance(value, Size) else value if isinstance(value, tuple) else [value]
    low, high = param.minimum, param.maximum
    return all(
        (low is None or number >= low) and (high is None or number <= high)
        for number in numbers
        if _is_number(number)
    )


def _value(line: TextLine) -> Any:
    token = line.now
    if token.kind == "mark" and token.text == "[":
        values: list[Any] = []
        line.at += 1
        while not line.skip("]"):
            if values:
                line.take("mark", ",")
            values.append(_value(line))
        return tuple(values)
    if token.kind == "mark" and token.text == "{":
        return _moving(line)
    line.at += token.kind != "end"
    if token.kind == "name" and token.text in _WORDS:
        return _WORDS[token.text]
    if token.kind not in _SCALARS:
        raise WrongText(f"expected a value, not `{token.text}`", token.span)
    return _SCALARS[token.kind](token.text)


def _moving(line: TextLine) -> Any:
    """A number that the clock changes: the fields of a curve or of stairs."""
    from pydantic import TypeAdapter, ValidationError

    from gandsl_runtime.plan import Number

    opening = line.take("mark", "{")
    fields: dict[str, Any] = {}
    while not line.skip("}"):
        if fields:
            line.take("mark", ",")
        name = line.take("name").text
        line.take("mark", "=")
        fields[name] = _value(line)
    try:
        return TypeAdapter(Number).validate_python(fields)
    except ValidationError as error:
        said = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        raise WrongText(f"no curve and no stairs: {said[0].lower()}{said[1:]}", opening.span) from error


def _string(text: str) -> str:
    return str(json.loads(text))


_WORDS: dict[str, Any] = {"auto": None, "true": True, "false": False}
_SCALARS: dict[str, Callable[[str], Any]] = {
    "string": _string,
    "int": int,
    "float": float,
    "size": lambda text: Size(*map(int, text.split("x"))),
}


def _kind(line: TextLine) -> str:
    token = line.take("name")
    _known(token, KINDS, "kind")
    return token.text


def _type(line: TextLine) -> TensorType:
    span = line.now.span
    kind = _kind(line)
    shape: tuple[int, ...] = ()
    if line.now.text == "[":
        shape = tuple(int(token.text) for token in _list(line, "int"))
    if len(shape) not in KINDS[kind][0]:
        raise WrongText(f"{a(kind)} has not {len(shape)} dimensions", span)
    times = int(line.take("int").text) if line.skip("×") else 1
    return TensorType(kind, shape, times)


def _list(line: TextLine, kind: str) -> Iterator[TextToken]:
    line.take("mark", "[")
    first = True
    while not line.skip("]"):
        if not first:
            line.take("mark", ",")
        first = False
        yield line.take(kind)


def _known(token: TextToken, table: Mapping[str, Any], what: str) -> Any:
    if token.text not in table:
        raise _unknown(token, table, what)
    return table[token.text]


def _unknown(token: TextToken, known: Iterable[str], what: str) -> WrongText:
    from gandsl.diagnostics.suggest import did_you_mean

    return WrongText(f"there is no {what} `{token.text}`", token.span, did_you_mean(token.text, known))
