"""The source of a game: its passes as functions, its plan, and where each function holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields

from gandsl.codegen.analysis.game.written import (
    PassFunction,
    Rows,
    StateFunction,
    alike,
    in_order,
    pass_functions,
    scopes_of,
    staged,
    state_functions,
    view_functions,
)
from gandsl.codegen.printing.layout import Expr, call, collection, keyword, lay, literal, on_one_line, quoted
from gandsl.codegen.printing.passes import Remark, print_pass, print_state
from gandsl.codegen.printing.template import fill
from gandsl.codegen.printing.text import WIDTH, columns, docstring
from gandsl.codegen.printing.values import entry, names_in, value_of
from gandsl.ir.game import GameIR
from gandsl.ir.graph import NetworkIR, Node, Variant
from gandsl.lowering.table import literal as plain
from gandsl_runtime.plan import degrade
from gandsl_runtime.plan.game import GamePlan
from gandsl_runtime.plan.number import Curve, Stairs

PLAN, LAYERS = "PLAN", "LAYERS"  # constants of the module
_WRITTEN = frozenset(
    {"augmented", "averaged", "weights"}
)  # of the runtime's `game.written`; all others are ops
_HOMES = {
    **dict.fromkeys(
        ("DataField", "GamePlan", "GamePool", "GameState", "Player", "Term"), "gandsl_runtime.plan.game"
    ),
    **dict.fromkeys((one.__name__ for one in degrade.STEPS), degrade.__name__),
    **dict.fromkeys(("Item", "Drawn", "Kept", "StateValue", "ClockValue"), "gandsl_runtime.game.program"),
}


def game_source(
    game: GameIR,
    networks: Mapping[str, NetworkIR],
    name: str,
    about: str,
    remark: Remark,
    data_range: tuple[float, float],
) -> str:
    """The source of `game.py`: a class of this name, over functions that are read one by one."""
    passes, states = pass_functions(game, networks), state_functions(game, networks)
    views = view_functions(game, networks)
    functions = [
        *(print_pass(one, remark) for one in passes),
        *(print_state(one, remark) for one in states),
        *(print_pass(one, remark) for one in views),
    ]
    grows = len(game.graphs) > 1
    layers = staged(passes, networks) if grows else {}
    plans = _plans(game)
    tables = [lay(value_of(game.plan), 0, f"{PLAN} = ")]
    if grows:
        rows = {name: value_of(_placed(one)) for name, one in layers.items()}
        tables.append(
            lay(collection([entry(name, one) for name, one in rows.items()], "{}"), 0, f"{LAYERS} = ")
        )
    moved = [state for one in states for state in _states(one, grows)]
    shown = [row for one in views for row in _pass(one, passes, grows, networks)]
    inside = [
        *([] if data_range == (-1.0, 1.0) else lay(literal(data_range), 4, "data_range = ")),
        *lay(collection(plans, "{}"), 4, "plans = "),
        *lay(
            collection([row for one in passes for row in _pass(one, passes, grows, networks)]), 4, "passes = "
        ),
        *(lay(collection(moved), 4, "states = ") if moved else []),
        *(lay(collection(shown), 4, "views = ") if shown else []),
    ]
    text = "\n".join(line for lines in (*(one.lines for one in functions), *tables, inside) for line in lines)
    called = {name for one in functions for name in one.functions}
    classes = names_in([game.plan, *(game.plan_at(v) for v in game.graphs)]) | _sources_in(
        (*passes, *views), states
    )
    return fill(
        "game.py.jinja",
        title=name,
        doc=docstring(about, 0),
        math="math." in text,
        replace=len(plans) > 1,
        imports=_imports(called, classes, grows, bool(states)),
        functions=[one.lines for one in functions],
        tables=tables,
        inside=inside,
    )


def _placed(rows: Rows) -> tuple[tuple[str, tuple[int, bool], tuple[int, bool]], ...]:
    return tuple((scope, _at(first), _at(last)) for scope, first, last in rows)


def _imports(called: set[str], classes: set[str], staged: bool, states: bool) -> list[str]:
    """What stands behind the imports of torch."""
    homes: dict[str, set[str]] = {}
    for name in classes:
        home = _HOMES.get(name, "gandsl_runtime.plan")
        homes.setdefault(home, set()).add(name)
    homes.setdefault("gandsl_runtime.ops", set()).update(called - _WRITTEN)
    own = {"Networks", "WrittenGame", "WrittenPass"} | (called & _WRITTEN)
    homes["gandsl_runtime.game.written"] = (
        own | ({"at_stages"} if staged else set()) | ({"WrittenState"} if states else set())
    )
    lines: list[str] = []
    for home, names in sorted(homes.items()):
        if names:
            order = sorted(names, key=lambda name: (not name[0].isupper(), name))
            one = f"from {home} import {', '.join(order)}"
            lines += [one] if columns(one) <= WIDTH else lay(collection(order), 0, f"from {home} import ")
    return lines


def _plans(game: GameIR) -> list[Expr]:
    """The plan of all stages under None, then what differs at those stages that have another."""
    found: list[Expr] = [entry(None, PLAN)]
    for plan, variants in _others(game):
        differing = [
            keyword(one.name, value_of(getattr(plan, one.name)))
            for one in fields(plan)
            if getattr(plan, one.name) != getattr(game.plan, one.name)
        ]
        stages = value_of(tuple(_at(v) for v in variants))
        found.append(call("**dict.fromkeys", [stages, call("replace", [PLAN, *differing])]))
    return found


def _others(game: GameIR) -> list[tuple[GamePlan, list[Variant]]]:
    """Plans that are not that of all stages, each with its stages."""
    found: list[tuple[GamePlan, list[Variant]]] = []
    for variant in in_order(game.graphs):
        plan = game.plan_at(variant)
        same = next((variants for known, variants in found if known == plan), None)
        if same is not None:
            same.append(variant)
        elif plan != game.plan:
            found.append((plan, [variant]))
    return found


def _at(variant: Variant) -> tuple[int, bool]:
    return variant.level, variant.fading


def _pass(
    one: PassFunction, passes: Sequence[PassFunction], grows: bool, networks: Mapping[str, NetworkIR]
) -> Iterator[Expr]:
    """Rows of the table of passes: one for all stages that take the same sources."""
    groups: dict[str, tuple[Expr, list[Variant]]] = {}
    sources: Expr
    for variant in one.variants:
        graph = one.graphs[variant]
        sources = collection([*(_source(graph[id_]) for id_ in one.sources), *_weights(one)])
        groups.setdefault(on_one_line(sources), (sources, []))[1].append(variant)
    for sources, variants in groups.values():
        rows: dict[str, Expr] = {}
        if not one.of.is_view:
            rows["terms"] = value_of(tuple(term.id for term in one.of.part.terms))
        rows["sources"] = sources
        if values := one.shown or one.of.values:
            rows["values"] = value_of(values)
        if one.hears:
            rows["heard"] = value_of(one.hears)
        if one.of.by_weights:
            rows["by"] = value_of(one.of.by_weights)
        if one.of.kept:
            rows["kept"] = value_of(one.of.kept)
        if used := one.used[variants[-1]]:
            rows["used"] = value_of(
                {name: () if grows else scopes_of(layers, networks[name]) for name, layers in used.items()}
            )
        fixed: list[Expr] = [
            quoted(one.of.phase.name),
            one.name,
            *(keyword(name, row) for name, row in rows.items()),
        ]
        base = call("WrittenPass", fixed)
        yield call("*at_stages", [base, *_stages(one, passes, variants, networks)]) if grows else base


def _stages(
    one: PassFunction,
    passes: Sequence[PassFunction],
    variants: Sequence[Variant],
    networks: Mapping[str, NetworkIR],
) -> Iterator[Expr]:
    """What a pass has at each of some stages: the layers that run, the stages, its numbers."""
    own = {name: _placed(rows) for name, rows in staged([one], networks).items()}
    yield LAYERS if alike(one, passes) else value_of(own)
    yield value_of(tuple(_at(v) for v in variants))
    if one.numbers:
        numbers = {name: value_of(tuple(plain(by[v]) for v in variants)) for name, by in one.numbers.items()}
        yield collection([entry(name, values) for name, values in numbers.items()], "{}")


def _states(one: StateFunction, grows: bool) -> Iterable[Expr]:
    sources = collection([_source(one.graph[id_]) for id_ in one.sources])
    fixed = [
        quoted(one.state.id),
        one.name,
        keyword("sources", sources),
        keyword("heard", value_of(one.heard)),
    ]
    if not grows:
        yield call("WrittenState", fixed)
        return
    same: dict[str, list[Variant]] = {}
    for v in one.variants:
        numbers = {name: plain(values[v]) for name, values in one.numbers.items()}
        same.setdefault(repr(numbers), []).append(v)
    for variants in same.values():
        numbers = {name: plain(values[variants[0]]) for name, values in one.numbers.items()}
        more = [keyword("stages", literal(tuple(_at(v) for v in variants)))]
        more += [keyword("numbers", value_of(numbers))] if numbers else []
        yield call("WrittenState", [*fixed, *more])


def _weights(one: PassFunction) -> Iterable[Expr]:
    for term in one.of.terms:
        if isinstance(term.weight, Curve | Stairs):
            yield call("ClockValue", [quoted(f"{term.id}.weight"), value_of(term.weight)])


def _source(node: Node) -> Expr:
    """What a pass is given, as the runtime has it."""
    attrs, name = node.attrs, quoted(node.id)
    match node.op:
        case "item":
            kind = [] if attrs["kind"] == "Image" else [quoted(attrs["kind"])]
            return call("Item", [name, quoted(attrs["field"]), *kind])
        case "state":
            return call("StateValue", [name])
        case "clock":
            return call("ClockValue", [name, value_of(attrs["number"])])
        case "fade":
            return call("ClockValue", [name, quoted("fade")])
        case "kept":
            instead = [keyword("instead", "True")] if attrs["instead"] else []
            return call("Kept", [quoted(attrs["of"]), literal(tuple(attrs["shape"])), *instead])
    labels = attrs["distribution"] == "labels"
    shape = () if labels else tuple(node.type.shape)
    high = float(node.type.shape[0]) if labels else attrs["high"]
    scalar = node.type.kind == "Scalar"
    given = [
        quoted(attrs["draws"]) if attrs["draws"] else name,
        literal(shape),
        quoted(attrs["distribution"]),
    ]
    for field, value, default in (
        ("low", attrs["low"], 0.0),
        ("high", high, 1.0),
        ("per", attrs["per"], "sample"),
        ("scalar", scalar, False),
        ("even", attrs["even"], False),
        ("numbers", tuple(attrs["numbers"]), ()),
    ):
        given += [keyword(field, literal(value))] if value != default else []
    return call("Drawn", given)


_CLASSES = {"item": "Item", "draw": "Drawn", "kept": "Kept", "state": "StateValue"}  # of sources


def _sources_in(passes: Iterable[PassFunction], states: Iterable[StateFunction]) -> set[str]:
    """The classes that tables of passes and states name."""
    found: set[str] = set()
    for one in (*passes, *states):
        for id_ in one.sources:
            node = one.graph[id_]
            found.add(_CLASSES.get(node.op, "ClockValue"))
            if node.op == "clock":
                found |= names_in(node.attrs["number"])
    for one in passes:
        for term in one.of.terms:
            if isinstance(term.weight, Curve | Stairs):
                found |= {"ClockValue", *names_in(term.weight)}
    return found
