"""Nodes that draw: an input of a network, a label as the data have it, a type that is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gandsl.frontend.context import Context
from gandsl.frontend.game.keys import choice, draws_of, refuse_others
from gandsl.frontend.game.unfolder import GameUnfolder
from gandsl.frontend.game.values import GameTensor, PartValue, TypeValue
from gandsl.frontend.nodes.block import is_kind, shape_of
from gandsl.frontend.values import Above, first_output
from gandsl.ir.ops import GAME_OPS
from gandsl.ir.types import KINDS
from gandsl.spec import tree as trees
from gandsl.spec.document import PortDecl
from gandsl.spec.params import Declared
from gandsl.spec.parse import parse_type
from gandsl.spec.tree import Entry, Scalar
from gandsl.spec.values import ABSENT, POISON, Absent, Poison, is_number, type_name
from gandsl_runtime.distribution import DISTRIBUTIONS, SHARES

NUMBERS = tuple(dict.fromkeys(name for one in DISTRIBUTIONS.values() for name in one.names))
"""What is written of some distribution."""

_KEYS = ("draw", "distribution", "low", "high", *NUMBERS, "per", "draws")
_ROW = GAME_OPS["draw"]
_NO_NUMBERS = ("Weights", "Outputs")
_KIND = re.compile(r"\s*([A-Z]\w*)\s*(\[.*)?", re.DOTALL)


def unfold_draw(
    unfolder: GameUnfolder, entry: Entry, tree: trees.Mapping, context: Context, above: Above
) -> Any:
    """The tensor drawn, for a list of types a list; ABSENT for what is absent; POISON after reporting."""
    if not refuse_others(unfolder, tree, _KEYS, "a draw", context):
        return POISON
    of = _type_of(unfolder, tree, context)
    if isinstance(of, list):
        names = (entry.key + (str(place) if place else "") for place in range(len(of)))
        made = [_drawn(unfolder, name, tree, context, one) for name, one in zip(names, of, strict=True)]
        return POISON if POISON in made else made
    return _drawn(unfolder, entry.key, tree, context, of)


def _drawn(
    unfolder: GameUnfolder, name: str, tree: trees.Mapping, context: Context, of: TypeValue | Absent | Poison
) -> Any:
    """One tensor."""
    if not isinstance(of, TypeValue):
        return of
    given: dict[str, Any] = {}
    for key in ("distribution", "per"):
        if key in tree:
            given[key] = choice(unfolder, _param(key), tree.entries[key].value, context)
    for key in ("low", "high", *NUMBERS):
        if key in tree:
            number = _list if key == SHARES else _number
            given[key] = number(unfolder, key, tree, context)
    if "draws" in tree:
        given["draws"] = draws_of(unfolder, tree.entries["draws"].value, context)
    if POISON in given.values() or not _has_bounds(unfolder, of, given, tree, context):
        return POISON
    attrs = _attrs(of, given)
    written = tree.entries["draw"].value.span
    places = {key: tree.entries[key].value.span for key in given}
    places.setdefault("per", written)
    places.setdefault("distribution", written)
    places["numbers"] = next((places[key] for key in NUMBERS if key in given), places["distribution"])
    return unfolder.builder.add(name, _ROW, {}, attrs, context, written, places)


def _param(name: str) -> Declared:
    found = _ROW.param(name)
    assert found is not None
    return found


def _attrs(of: TypeValue, given: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of the row: what is written, else by the type."""
    kind = of.type.kind
    single = kind in ("Number", "Scalar")
    distribution = given.get("distribution") or (
        "labels" if kind == "Label" else of.distribution or ("uniform" if single else "normal")
    )
    even = kind == "Label" and distribution == "uniform"
    numbers = _numbers(distribution, given)
    low = -1.0 if distribution == "uniform" and not single and not even else 0.0
    own = {
        "kind": kind,
        "shape": of.type.shape,
        "distribution": "labels"
        if even or (kind, distribution) == ("Label", "categorical")
        else distribution,
        "low": given.get("low", low),
        "high": given.get("high", 1.0),
        "per": given.get("per", "sample"),
        "even": even,
        "numbers": numbers,
    }
    if _ROW.param("draws"):
        own["draws"] = given.get("draws", "")
    return own


def _numbers(distribution: str, given: Mapping[str, Any]) -> tuple[float, ...]:
    """Those of the distribution, with its defaults for what is not written; none where nothing is."""
    of = DISTRIBUTIONS[distribution]
    if of.listed:
        return tuple(given.get(SHARES, ()))
    needed = any(one.default is None for one in of.numbers)
    if not needed and not any(one.name in given for one in of.numbers):
        return ()
    return tuple(given.get(one.name, one.default) for one in of.numbers if one.name in given or not needed)


def _has_bounds(
    unfolder: GameUnfolder, of: TypeValue, given: Mapping[str, Any], tree: trees.Mapping, context: Context
) -> bool:
    """Whether the numbers written mean something to what is drawn; reported if not."""
    distribution = _attrs(of, given)["distribution"]
    named = given.get("distribution", distribution)
    for key in NUMBERS:
        if key in given and key not in DISTRIBUTIONS[named].names:
            which = " and ".join(f"`{name}`" for name, one in DISTRIBUTIONS.items() if key in one.names)
            message = f"`{key}` is a number of {which}, and this draws `{named}`"
            unfolder.at(context).add(
                "G0208", message, tree.entries[key].key_span, help=f"leave `{key}` out, or set `distribution`"
            )
            return False
    for key in ("low", "high"):
        if key not in given:
            continue
        written = tree.entries[key]
        if distribution not in ("uniform", "integers"):
            message = f"`{key}` bounds uniform draws and integers, and this draws `{distribution}`"
            unfolder.at(context).add("G0208", message, written.key_span, help=f"leave `{key}` out")
            return False
        if distribution == "integers" and not given[key].is_integer():
            message = f"`{key}` of integers is a whole number, not {given[key]:g}"
            unfolder.at(context).add("G0208", message, written.value.span)
            return False
    return True


def _number(unfolder: GameUnfolder, key: str, tree: trees.Mapping, context: Context) -> Any:
    written = tree.entries[key].value
    value = first_output(unfolder.evaluate(written, context))
    if value is POISON or is_number(value):
        return value if value is POISON else float(value)
    unfolder.at(context, written).add(
        "G0207", f"`{key}` of a draw wants a number, not {type_name(value)}", written.span
    )
    return POISON


def _list(unfolder: GameUnfolder, key: str, tree: trees.Mapping, context: Context) -> Any:
    written = tree.entries[key].value
    value = first_output(unfolder.evaluate(written, context))
    if value is POISON:
        return value
    if isinstance(value, list | tuple) and value and all(map(is_number, value)):
        return tuple(map(float, value))
    message = f"`{key}` is a list of numbers, one for each class, not {type_name(value)}"
    unfolder.at(context, written).add("G0207", message, written.span)
    return POISON


def _type_of(
    unfolder: GameUnfolder, tree: trees.Mapping, context: Context
) -> list[TypeValue] | TypeValue | Absent | Poison:
    """The type that `draw:` names, written as one or as that of something; of a list those of its entries."""
    written = tree.entries["draw"].value
    if not isinstance(written, Scalar):
        unfolder.at(context).add("G0010", "`draw` is given a type, or an input of a network", written.span)
        return POISON
    found = _KIND.fullmatch(written.text)
    if found and (found[1] in KINDS or found[1] not in context.scope):
        return _written(unfolder, written, context)
    value = first_output(unfolder.evaluate(written, context))
    if value is POISON or value is ABSENT:
        return value
    types = [_type(one) for one in value] if isinstance(value, list) else [_type(value)]
    if types and None not in types:
        found_types = [one for one in types if one is not None]
        return found_types if isinstance(value, list) else found_types[0]
    unfolder.at(context, written).add(
        "G0337",
        f"`draw` is given a type, a field of the data or an input of a network, not {type_name(value)}",
        written.span,
        help=_inputs_of(value) if isinstance(value, PartValue) else None,
    )
    return POISON


def _type(value: Any) -> TypeValue | None:
    """The type that a value is, or is of, if numbers can be drawn for it."""
    if isinstance(value, PartValue):
        return value.drawn
    found = TypeValue(value.type) if isinstance(value, GameTensor) else value
    return found if isinstance(found, TypeValue) and found.type.kind not in _NO_NUMBERS else None


def _inputs_of(part: PartValue) -> str:
    inputs = [f"`{part.network}.{node.id}`" for node in part.graph.inputs]
    return f"its inputs are {', '.join(inputs)}"


def _written(unfolder: GameUnfolder, written: Scalar, context: Context) -> TypeValue | Poison:
    type_ = parse_type(written.text, written.span, unfolder.at(context))
    if type_ is None:
        return POISON
    port = PortDecl(
        "draw", type_.kind, type_.dims, False, None, None, (), None, "", written.span, type_.kind_span
    )
    if not is_kind(unfolder, port, context):
        return POISON
    if port.kind in _NO_NUMBERS:
        unfolder.at(context).add("G0337", f"there are no numbers to draw for {port.kind}", port.kind_span)
        return POISON
    shape = shape_of(unfolder, port, context)
    return shape if shape is POISON else TypeValue(shape)
