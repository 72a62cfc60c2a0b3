"""Uses of ops, blocks and slots: arguments are bound to ports, parameters and slots by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gandsl.diagnostics import Span
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.frontend import body as bodies
from gandsl.frontend.context import MAX_DEPTH, Context, Defaults
from gandsl.frontend.unfolder import Unfolder
from gandsl.frontend.values import Fill, plain
from gandsl.ir.graph import Frame
from gandsl.ir.op import Op
from gandsl.ir.ops import OPS
from gandsl.ir.types import KINDS, TensorType
from gandsl.spec import tree as trees
from gandsl.spec.document import BlockDecl, PortDecl
from gandsl.spec.evaluate import Scope
from gandsl.spec.tree import Scalar, Tree
from gandsl.spec.values import ABSENT, POISON, Size

IDENTITY = "none"  # fills a slot with nothing: x passes through


@dataclass(frozen=True)
class Argument:
    """What stands behind a name in a use, and the place whose names it speaks."""

    tree: Tree
    context: Context
    key_span: Span


@dataclass(frozen=True)
class Use:
    """One use of an op or block: where it stands and what it was given."""

    name: str  # of the node
    context: Context  # where the node stands
    span: Span  # of the op's or block's name in the text
    arguments: Mapping[str, Argument]
    above: Any  # the node above, for an omitted first port
    inline: bool = False


def call_target(unfolder: Unfolder, target: Op | BlockDecl, use: Use) -> Any:
    """Use an op or a block, whichever it is."""
    return call_op(unfolder, target, use) if isinstance(target, Op) else call_block(unfolder, target, use)


# ---- ops


def call_op(unfolder: Unfolder, op: Op, use: Use) -> Any:
    """A node for `op`, as a Tensor; POISON after reporting."""
    where = f"`{op.name}`"
    names = [port.name for port in op.ports] + [param.name for param in op.params]
    failed = _refuse_unknown(unfolder, use, names, where, "port or parameter")
    inputs: dict[str, tuple[Any, ...]] = {}
    places: dict[str, Span] = {}
    for position, port in enumerate(op.ports):
        argument = use.arguments.get(port.name)
        if argument is not None:
            places[port.name] = argument.tree.span
        if port.variadic:
            tensors = _terms(unfolder, port, argument, use, position, where)
        else:
            tensors = _one(unfolder, port.name, port.kinds, port.optional, argument, use, position, where)
        if tensors is POISON:
            failed = True
        else:
            inputs[port.name] = tensors
    attrs: dict[str, Any] = {}
    for param in op.params:
        argument = use.arguments.get(param.name)
        if argument is not None:
            places[param.name] = argument.tree.span
            attrs[param.name] = unfolder.parameter(param, argument.tree, argument.context, where)
        elif use.context.defaults and (found := use.context.defaults.lookup(op, param))[0]:
            attrs[param.name] = found[1]
        elif param.required:
            unfolder.report(
                use.context,
                "G0206",
                f"{where} needs `{param.name}`" + (f" ({param.doc})" if param.doc else ""),
                use.span,
            )
            failed = True
        else:
            attrs[param.name] = _default(param)
        failed = failed or attrs.get(param.name) is POISON
    if failed:
        return POISON
    return unfolder.builder.add(use.name, op, inputs, attrs, use.context, use.span, places)


def _default(param: Any) -> Any:
    """A row's default in the form that `coerce` gives values."""
    if param.type == "size" and isinstance(param.default, int):
        return Size(param.default, param.default)
    return param.default


def _one(
    unfolder: Unfolder,
    name: str,
    kinds: tuple[str, ...],
    optional: bool,
    argument: Argument | None,
    use: Use,
    position: int,
    where: str,
) -> Any:
    if argument is not None:
        value = unfolder.tensor(argument.tree, kinds, argument.context, port=name, where=where)
        span = argument.tree.span
    elif position == 0 and not optional:
        value = unfolder.as_tensor(use.above, kinds, use.span, use.context, port=name, where=where)
        span = use.span
    else:
        value, span = ABSENT, use.span
    if value is POISON:
        return POISON
    if value is not ABSENT:
        return (value,)
    if optional:
        return ()
    if argument is None and position > 0:
        unfolder.report(use.context, "G0204", f"port `{name}` of {where} is not connected", span)
    else:
        unfolder.report(
            argument.context if argument else use.context,
            "G0113",
            f"port `{name}` of {where} reads a value that is absent here",
            span,
            help="give it a condition (`when: present(…)`) or another source (`first_present(a, b)`)",
        )
    return POISON


def _terms(
    unfolder: Unfolder, port: Any, argument: Argument | None, use: Use, position: int, where: str
) -> Any:
    """The tensors of a variadic port; absent ones drop out."""
    if argument is None:
        unfolder.report(use.context, "G0204", f"{where} needs a list of `{port.name}`", use.span)
        return POISON
    tree = argument.tree
    items: list[tuple[Any, Span]] = []
    for part in tree.items if isinstance(tree, trees.Sequence) else (tree,):
        value = plain(unfolder.evaluate(part, argument.context))
        items += (
            [(one, part.span) for one in value] if isinstance(value, list | tuple) else [(value, part.span)]
        )
    tensors = [
        unfolder.as_tensor(value, port.kinds, span, argument.context, port=port.name, where=where)
        for value, span in items
    ]
    if any(tensor is POISON for tensor in tensors):
        return POISON
    present = tuple(tensor for tensor in tensors if tensor is not ABSENT)
    if not present:
        unfolder.report(argument.context, "G0113", f"all `{port.name}` of {where} are absent here", tree.span)
        return POISON
    return present


def _refuse_unknown(unfolder: Unfolder, use: Use, names: list[str], where: str, what: str) -> bool:
    unknown = [name for name in use.arguments if name not in names]
    for name in unknown:
        argument = use.arguments[name]
        unfolder.report(
            argument.context,
            "G0205",
            f"{where} has no {what} `{name}`",
            argument.key_span,
            help=did_you_mean(name, names) or (f"it has {', '.join(names)}" if names else None),
        )
    return bool(unknown)


# ---- blocks


def call_block(unfolder: Unfolder, block: BlockDecl, use: Use) -> Any:
    """The block's outputs as a Record; POISON after reporting."""
    where = f"block `{block.name}`"
    if block.broken:
        return POISON  # reported where it is declared
    if block in use.context.blocks or len(use.context.blocks) >= MAX_DEPTH:
        unfolder.report(
            use.context,
            "G0304",
            f"{where} contains itself"
            if block in use.context.blocks
            else f"blocks are nested more than {MAX_DEPTH} deep",
            use.span,
            secondary=((block.span, "defined here"),),
        )
        return POISON
    names = [*block.ports, *block.params, *block.slots]
    failed = _refuse_unknown(unfolder, use, names, where, "port, parameter or slot")
    scope = Scope(unfolder.scope_of(block.home))
    values = scope.values
    for name, param in block.params.items():
        argument = use.arguments.get(name)
        if argument is not None:
            values[name] = unfolder.parameter(param, argument.tree, argument.context, where)
        elif param.default is not None:
            inside = Context(block.home, scope, frames=(Frame(where, use.span), *use.context.frames))
            values[name] = unfolder.parameter(param, param.default, inside, where)
        else:
            unfolder.report(
                use.context,
                "G0206",
                f"{where} needs `{name}`" + (f" ({param.doc})" if param.doc else ""),
                use.span,
                secondary=((param.span, "declared here"),),
            )
            values[name] = POISON
        failed = failed or values[name] is POISON
    for position, (name, port) in enumerate(block.ports.items()):
        values[name] = _port_value(unfolder, port, use, position, where)
        failed = failed or values[name] is POISON
    inside = use.context.inside(
        use.name,
        where,
        use.span,
        inline=use.inline,
        home=block.home,
        scope=scope,
        blocks=(*use.context.blocks, block),
    )
    for name, port in block.ports.items():
        failed = not _fits(unfolder, port, values[name], inside, use, where) or failed
    slots: dict[str, Fill] = {}
    for name, slot in block.slots.items():
        argument = use.arguments.get(name)
        if argument is not None:
            fill = make_fill(unfolder, argument.tree, argument.context)
        elif slot.default is not None:
            fill = make_fill(unfolder, slot.default, inside)
        else:
            unfolder.report(
                use.context,
                "G0302",
                f"slot `{name}` of {where} is not filled",
                use.span,
                secondary=((slot.span, f"a slot for {slot.type}"),),
            )
            fill = None
        if fill is None:
            failed = True
        else:
            slots[name] = fill
    if failed:
        return POISON
    inside = replace(inside, slots=slots)
    above = next(iter(values[name] for name in block.ports), ABSENT)
    return bodies.unfold_outputs(unfolder, block.body, block.outputs, inside, above, where, block.span)


def _port_value(unfolder: Unfolder, port: PortDecl, use: Use, position: int, where: str) -> Any:
    if port.broken:
        return POISON
    argument = use.arguments.get(port.name)
    found = _one(unfolder, port.name, (port.kind,), port.optional, argument, use, position, where)
    return found if found is POISON else found[0] if found else ABSENT


def _fits(unfolder: Unfolder, port: PortDecl, value: Any, inside: Context, use: Use, where: str) -> bool:
    """Whether a tensor has the shape that the port's type asks for."""
    if port.dims is None or value is POISON or value is ABSENT:
        return True
    wanted = shape_of(unfolder, port, inside)
    if wanted is POISON or wanted.shape == value.type.shape:
        return wanted is not POISON
    argument = use.arguments.get(port.name)
    unfolder.report(
        use.context,
        "G0210",
        f"port `{port.name}` of {where} takes {wanted}, but this is {value.type}",
        argument.tree.span if argument else use.span,
        secondary=((port.span, "declared here"),),
    )
    return False


def shape_of(unfolder: Unfolder, port: PortDecl, context: Context) -> Any:
    """The type a port declares, with its dimensions evaluated; POISON after reporting."""
    shape: list[int] = []
    for dim in port.dims or ():
        value = plain(unfolder.evaluate_expr(dim, context))
        if value is POISON:
            return POISON
        if isinstance(value, Size):
            shape += [value.h, value.w]
        elif isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            shape.append(value)
        else:
            unfolder.report(context, "G0216", "a dimension is a whole number from 1, or a size", dim.span)
            return POISON
    if len(shape) not in KINDS[port.kind][0]:
        ranks = " or ".join(map(str, KINDS[port.kind][0]))
        unfolder.report(
            context, "G0216", f"{port.kind} has {ranks} dimensions, but {len(shape)} are given", port.span
        )
        return POISON
    return TensorType(port.kind, tuple(shape))


# ---- slots


def make_fill(unfolder: Unfolder, tree: Tree, context: Context) -> Fill | None:
    """`batch`, or `{use: batch, …}`; a name of the surrounding block's slots passes its filling on."""
    if isinstance(tree, Scalar) and isinstance(tree.value, str):
        if tree.text in context.slots:
            return context.slots[tree.text]
        return Fill(tree.text, {}, context, tree.span)
    if isinstance(tree, trees.Mapping):
        use = tree.entries.get("use")
        if use is not None and isinstance(use.value, Scalar):
            arguments = {entry.key: (entry.key_span, entry.value) for entry in tree if entry.key != "use"}
            return Fill(use.value.text, arguments, context, use.value.span)
    unfolder.report(
        context, "G0303", "a slot is filled with a name, or with {use: NAME, argument: value, …}", tree.span
    )
    return None


def call_slot(unfolder: Unfolder, slot: str, slot_span: Span, use: Use) -> Any:
    """Whatever fills the slot, given the slot's ports and the names its interface hands in."""
    block = use.context.blocks[-1] if use.context.blocks else None
    fill = use.context.slots.get(slot)
    if block is None or slot not in block.slots or fill is None:
        known = list(block.slots) if block else []
        unfolder.report(
            use.context,
            "G0301",
            f"there is no slot `{slot}` here",
            slot_span,
            help=did_you_mean(slot, known) or "slots are declared under a block's `slots:`",
        )
        return POISON
    interface = unfolder.library.interface(block.slots[slot].type, block.home)
    if interface is None:
        unfolder.report.unknown(
            use.context, "G0311", "interface", block.slots[slot].type, block.slots[slot].span, []
        )
        return POISON
    given: dict[str, Any] = {}
    arguments: dict[str, Argument] = {}
    failed = False
    for name, argument in use.arguments.items():
        if name in interface.ports:
            arguments[name] = argument
        elif name in interface.gives:
            given[name] = unfolder.evaluate(argument.tree, argument.context)
        else:
            known = [*interface.ports, *interface.gives]
            unfolder.report(
                use.context,
                "G0203",
                f"a slot for {interface.name} takes no `{name}`",
                argument.key_span,
                help=did_you_mean(name, known),
            )
            failed = True
    for name in interface.gives:
        if name not in given:
            unfolder.report(
                use.context, "G0204", f"a slot for {interface.name} is to be given `{name}`", slot_span
            )
            failed = True
    if fill.use == IDENTITY:
        first = next(iter(interface.ports), None)
        argument = arguments.get(first) if first else None
        return (
            POISON
            if failed
            else unfolder.evaluate(argument.tree, argument.context)
            if argument
            else use.above
        )
    target = resolve(unfolder, fill.use, interface.namespace, fill.context)
    if target is None:
        if not unfolder.report.in_library(fill.span) or not failed:
            unfolder.report.unknown(
                fill.context,
                "G0202",
                f"block or op that fits a slot for {interface.name}, called",
                fill.use,
                fill.span,
                candidates(unfolder, interface.namespace, fill.context),
            )
        return POISON
    known_ports = {port.name for port in target.ports} if isinstance(target, Op) else set(target.ports)
    for name in interface.ports:
        if name in arguments and name not in known_ports:
            if interface.ports[name].optional:
                del arguments[name]  # what fills the slot does not care for it
                continue
            unfolder.report(
                fill.context,
                "G0303",
                f"`{fill.use}` does not fit a slot for {interface.name}: it has no port `{name}`",
                fill.span,
                secondary=((block.slots[slot].span, "the slot"),),
            )
            failed = True
    if failed:
        return POISON
    filled = fill.context.child(given) if given else fill.context
    for name, (key_span, tree) in fill.arguments.items():
        arguments[name] = Argument(tree, filled, key_span)
    return call_target(
        unfolder,
        target,
        Use(
            use.name, use.context, fill.span, arguments, use.above, use.inline and not isinstance(target, Op)
        ),
    )


def resolve(unfolder: Unfolder, name: str, namespace: str | None, context: Context) -> Op | BlockDecl | None:
    """This file's blocks and imports, the interface's namespace in the standard library, then ops."""
    found = unfolder.library.block(name, context.home)
    if found is None and namespace:
        found = unfolder.library.block(f"{namespace}.{name}", context.home)
    return found or (OPS.get(name) if name != "input" else None)


def candidates(unfolder: Unfolder, namespace: str | None, context: Context) -> list[str]:
    """Every name that could fill a slot, for did-you-mean."""
    names = unfolder.library.candidates(context.home)
    short = [name.removeprefix(f"{namespace}.") for name in names] if namespace else []
    return sorted({*names, *short, *OPS, IDENTITY} - {"input"})


def make_defaults(unfolder: Unfolder, tree: Tree | None, context: Context) -> Defaults | None:
    """`defaults:` of a network or a node, checked against the op table."""
    from gandsl.ir.ops.weights import BIAS_PARAMS, WEIGHT_PARAMS

    if tree is None:
        return context.defaults
    values: dict[str, dict[str, Any]] = {}
    if not isinstance(tree, trees.Mapping):
        unfolder.report(context, "G0010", "`defaults` maps ops to their parameters", tree.span)
        return context.defaults
    for entry in tree:
        op = OPS.get(entry.key)
        if op is None and entry.key != "weighted":
            names = [*OPS, "weighted"]
            unfolder.report.unknown(context, "G0201", "op", entry.key, entry.key_span, names)
            continue
        if not isinstance(entry.value, trees.Mapping):
            unfolder.report(
                context, "G0010", f"the defaults of `{entry.key}` map parameters to values", entry.value.span
            )
            continue
        params = {param.name: param for param in (op.params if op else (*WEIGHT_PARAMS, *BIAS_PARAMS))}
        for setting in entry.value:
            param = params.get(setting.key)
            if param is None:
                unfolder.report.unknown(
                    context,
                    "G0205",
                    f"parameter of `{entry.key}`,",
                    setting.key,
                    setting.key_span,
                    list(params),
                )
                continue
            value = unfolder.parameter(param, setting.value, context, f"`{entry.key}`")
            if value is not POISON:
                values.setdefault(entry.key, {})[setting.key] = value
    return Defaults(values, context.defaults)
