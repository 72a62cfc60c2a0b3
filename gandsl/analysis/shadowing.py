"""Names that shadow others: nodes below cannot refer to those any more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gandsl.analysis.facts import RuleInput
from gandsl.diagnostics import Diagnostic, Label, Span
from gandsl.spec import tree as trees
from gandsl.spec.tree import Entry

_STAGE_NAMES = ("index", "count", "first", "last")  # of every fold


def shadowed_names(facts: RuleInput) -> Iterator[Diagnostic]:
    """W0708: nodes, ports, fields, variables, carried values against what the file and the block declare."""
    document = facts.document
    known = {name: (param.span, "a parameter of the spec") for name, param in document.params.items()}
    known |= {name: (let.span, "a definition of the spec") for name, let in document.let.items()}
    yield from _clashes(facts, known, [(name, field.span) for name, field in document.data.items()])
    for network in document.networks.values():
        inputs = {name: (port.span, "an input of the network") for name, port in network.inputs.items()}
        yield from _clashes(facts, known, [(name, span) for name, (span, _) in inputs.items()])
        yield from _in_body(facts, network.body, known | inputs)
    for block in document.blocks.values():
        ports = {name: (port.span, "a port of the block") for name, port in block.ports.items()}
        params = {name: (param.span, "a parameter of the block") for name, param in block.params.items()}
        yield from _clashes(facts, known, [(name, span) for name, (span, _) in ports.items()])
        yield from _in_body(facts, block.body, known | ports | params)


_Known = Mapping[str, tuple[Span, str]]


def _in_body(facts: RuleInput, body: trees.Mapping, known: _Known) -> Iterator[Diagnostic]:
    yield from _clashes(facts, known, [(entry.key, entry.key_span) for entry in body])
    for entry in body:
        node = entry.value
        if not isinstance(node, trees.Mapping) or "fold" not in node:
            continue
        variables = _entries(node, "fold")
        # a carried value may hide a port: a stage's `x` is by nature the one it was handed
        of_file = {name: what for name, what in known.items() if what[1].endswith("of the spec")}
        yield from _clashes(facts, known, [(each.key, each.key_span) for each in variables])
        yield from _clashes(facts, of_file, [(each.key, each.key_span) for each in _entries(node, "carry")])
        loop = {each.key: (each.key_span, "a variable of the fold") for each in variables}
        stage = dict.fromkeys(_STAGE_NAMES, (entry.key_span, "a value that each stage of a fold has"))
        yield from _clashes(facts, stage, [(each.key, each.key_span) for each in variables])
        given = [(name, node.entries["fold"].key_span) for name in _STAGE_NAMES if name not in loop]
        yield from _clashes(facts, of_file, given, "of each stage ")
        if isinstance(inner := node.get("body"), trees.Mapping):
            yield from _in_body(facts, inner, {**known, **stage, **loop})


def _entries(node: trees.Mapping, key: str) -> list[Entry]:
    value = node.get(key)
    return list(value) if isinstance(value, trees.Mapping) else []


def _clashes(
    facts: RuleInput, known: _Known, names: Iterable[tuple[str, Span]], whose: str = ""
) -> Iterator[Diagnostic]:
    for name, span in names:
        if name in known and span.file == facts.document.file:
            where, what = known[name]
            yield Diagnostic(
                "W0708",
                f"`{name}` {whose}hides {what}",
                span,
                secondary=(Label(where, what),),
                help="rename one of the two",
            )
