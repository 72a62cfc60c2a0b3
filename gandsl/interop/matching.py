"""The spec that a checkpoint fits: its parameters inferred from shapes, or checked against those given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gandsl.analysis import checked
from gandsl.frontend.module import ModuleIR
from gandsl.interop.errors import InteropError, listed
from gandsl.interop.layout import Layout, Params
from gandsl.interop.made import PLAN, Made, Stated, contradiction, planned
from gandsl.interop.recognize import SIDE_OF, Recognized
from gandsl.interop.values import same, shown
from gandsl.ir.graph import NetworkIR
from gandsl.spec import places
from gandsl.spec.overrides import as_texts

HALF = 0.5  # a spec in which the layout knows fewer of the tensors is of another system

Overrides = Mapping[str, Any] | Sequence[str]


def spec_of(layout: Layout, parts: Mapping[str, Recognized]) -> Path:
    """The spec of a checkpoint's system. Raises InteropError where it is not at hand."""
    for found in parts.values():
        if found.side.spec:
            return find_spec(layout, found.side.spec(found.shapes))
    return find_spec(layout, layout.spec)


def find_spec(layout: Layout, spec: str) -> Path:
    """A spec by name. Raises InteropError where it is not at hand."""
    if (found := at_hand(spec)) is None:
        name = f"{spec}.yaml"
        raise InteropError(f"this is {layout.doc}, and no {name} is at hand", f"name it: --spec PATH/{name}")
    return found


def at_hand(name: str) -> Path | None:
    """The spec of that name, found as on a command line: here, on GANDSL_PATH, among gandsl's own."""
    return next(map(Path, places.named(name)), None)


def module_of(spec: Path, overrides: Sequence[str]) -> ModuleIR:
    """The checked module of a spec. Raises SpecError."""
    return checked(spec, overrides)[0]


def keys_of(network: NetworkIR) -> dict[str, tuple[int, ...]]:
    """Shape of every tensor in the network's state_dict."""
    found = {}
    for id_, (graph, node) in network.weighted().items():
        call = graph.call(node)
        for name, shape in {**node.spec.weights(call), **node.spec.buffers(call)}.items():
            found[f"{id_}.{name}"] = tuple(shape)
    return found


def check_options(layout: Layout, parts: Mapping[str, Recognized]) -> None:
    """Raise InteropError where a network was made with an option that no spec has a place for."""
    for found in parts.values():
        for option, told in found.side.strange.items():
            if (value := told(found.shapes)) is not None:
                raise InteropError(
                    f"{found.shapes.where} was made with {option} = {value}, which is not held here. "
                    "Nothing was loaded",
                    f"docs/checkpoints.md says which options of {layout.doc} are",
                )


def check_system(layout: Layout, parts: Mapping[str, Recognized], module: ModuleIR, spec: Path) -> None:
    """Raise InteropError where the spec describes another system than the checkpoint is of."""
    for role, found in parts.items():
        network = module.networks.get(SIDE_OF[role])
        keys = set(keys_of(network)) if network else set()
        named = {entry.ours for entry in found.side.named(module.params)}
        if not keys or len(keys & named) < HALF * len(keys):
            strange = listed(sorted(keys - named)[:4]) or "nothing"
            raise InteropError(
                f"{found.file.path} is {layout.doc}, and {spec} describes another system: the tensors of its "
                f"{SIDE_OF[role]} ({strange}, …) have no place there",
                f"use a spec that builds on {layout.spec}.yaml",
            )


def settled(
    layout: Layout,
    parts: Mapping[str, Recognized],
    made: Made,
    spec: Path,
    texts: Sequence[str],
    named: bool = False,
) -> tuple[ModuleIR, dict[str, Any]]:
    """The module that fits a checkpoint, and what is changed in it beside the user's overrides, `texts`.

    A parameter whose default follows another's may have to be set once that other one is.
    named: the user has chosen the spec.
    """
    module = module_of(spec, texts)
    check_system(layout, parts, module, spec)
    wanted = infer(layout, parts, made, module, names_of(texts), named)
    changes: dict[str, Any] = {}
    while (new := _changes(layout, wanted, module, names_of(texts), spec)).keys() - changes.keys():
        changes |= new
        module = module_of(spec, [*texts, *as_texts(changes)])
    return module, changes


def infer(
    layout: Layout,
    parts: Mapping[str, Recognized],
    made: Made,
    module: ModuleIR,
    fixed: Sequence[str] = (),
    named: bool = False,
) -> dict[str, Any]:
    """What the spec's parameters must be, and fields of its plan. `fixed` names those that the user has set.

    named: the user has chosen the spec; where its one parameter stands for what is not the same in both
    networks, it may still build them, and its keys say so.

    Raises InteropError where the checkpoint contradicts them, or its networks each other, or where the spec
    lacks a parameter for what the checkpoint has and its shapes alone do not tell.
    """
    stated = made.stated(module)
    given = {**module.params, **{name: one.value for name, one in stated.items()}}
    given |= _told_by_one(layout, parts, given)
    found: dict[str, tuple[Any, str]] = {}
    for role, one in sorted(parts.items(), key=lambda part: list(SIDE_OF).index(part[0])):
        for name, value in _inferred(layout, one, {**given, **_own(SIDE_OF[role], stated)}).items():
            own = f"{SIDE_OF[role]}_{name}"  # of a discriminator that may differ, by the spec's parameters
            known, by = found.get(name, (value, role))
            if own in module.params and (own in fixed or not same(known, value)):
                found[own] = value, role
                continue
            if not same(known, value) and not named:
                raise InteropError(
                    f"the {by} says {name} = {shown(known)}, the {role} says {shown(value)}",
                    "of different models? --only generator and --only discriminator import them apart",
                )
            found[name] = known, by
            given |= {name: value} if name in module.params else {}
    for name, (value, _) in found.items():
        if name in stated and not same(stated[name].value, value):
            raise contradiction(stated[name], name, value)
    presumed = {n: v for one in parts.values() for n, v in one.side.presumed.items() if n not in fixed}
    wanted = {**presumed, **{name: one.value for name, one in stated.items()}}
    return wanted | {name: value for name, (value, _) in found.items()}


def _own(side: str, stated: Mapping[str, Stated]) -> dict[str, Any]:
    """What options say of a network's own parameters, `discriminator_NAME`, by the name that both share."""
    start = f"{side}_"
    return {name.removeprefix(start): one.value for name, one in stated.items() if name.startswith(start)}


def _inferred(layout: Layout, found: Recognized, given: Params) -> dict[str, Any]:
    try:
        return found.side.infer(found.shapes, given)
    except (ArithmeticError, ValueError, LookupError) as error:
        raise InteropError(f"the shapes in {found.shapes.where} are not those of {layout.doc}") from error


def _told_by_one(layout: Layout, parts: Mapping[str, Recognized], given: Params) -> dict[str, Any]:
    """Parameters that but one of the networks tells: what it tells may be what the other lacks."""
    told = {SIDE_OF[role]: _inferred(layout, one, given) for role, one in parts.items()}
    names = Counter(name for values in told.values() for name in values)
    return {name: value for values in told.values() for name, value in values.items() if names[name] == 1}


def _changes(
    layout: Layout, wanted: Mapping[str, Any], module: ModuleIR, fixed: Sequence[str], spec: Path
) -> dict[str, Any]:
    changes = {}
    for name, value in wanted.items():
        if name.startswith(PLAN):
            by_user = any(name.startswith(text) or text.startswith(name) for text in fixed)
            if not by_user and planned(module, name) != value:
                changes[name] = value
            continue
        if name not in module.params:
            if name not in layout.assumed or same(layout.assumed[name], value):
                continue  # shapes tell it: where the spec builds another network, its keys will say so
            raise InteropError(
                f"the checkpoint has {name} = {shown(value)}, and {spec} has no parameter `{name}`",
                "name a spec that has it with --spec",
            )
        if same(module.params[name], value):
            continue
        if name in fixed:
            raise InteropError(
                f"wrong {name}: the checkpoint has {shown(value)}, not {shown(module.params[name])}",
                f"leave {name} out, and it is taken from the checkpoint",
            )
        changes[name] = value
    return changes


def names_of(overrides: Sequence[str]) -> list[str]:
    """The parameters that overrides set: `params.x=1` and `x=1` both set x."""
    return [text.partition("=")[0].strip().removeprefix("params.") for text in overrides]
