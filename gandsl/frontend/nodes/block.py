"""Uses of blocks: parameters, ports and slots are bound, then the body unfolds in a scope of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gandsl.diagnostics import Label, Span
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.frontend.context import MAX_DEPTH, Context, Fill
from gandsl.frontend.nodes.arguments import Use, one_tensor, refuse_unknown
from gandsl.frontend.nodes.left_out import filling_is_known
from gandsl.frontend.nodes.lookup import make_fill
from gandsl.frontend.unfolder import Unfolder
from gandsl.frontend.values import Above, NodeOutputs, first_output
from gandsl.ir.graph import Frame
from gandsl.ir.types import KINDS, SIDES, TensorType
from gandsl.spec import tree as trees
from gandsl.spec.document import BlockDecl, PortDecl
from gandsl.spec.scope import Scope
from gandsl.spec.tree import Scalar
from gandsl.spec.values import ABSENT, POISON, Poison, Size, as_size


def call_block(unfolder: Unfolder, block: BlockDecl, use: Use) -> NodeOutputs | Poison:
    """The block's outputs; POISON after reporting."""
    where = f"block `{block.name}`"
    if block.broken:
        return POISON  # reported where it is declared
    if block in use.chain or len(use.context.frames) >= MAX_DEPTH:
        _report_depth(unfolder, block, use)
        return POISON
    names = [*block.ports, *block.params, *block.slots]
    needed = {name for name, port in block.ports.items() if not port.optional}
    needed |= {name for name, param in block.params.items() if param.default is None}
    use, failed = refuse_unknown(unfolder, use, names, where, "port, parameter or slot", needed)
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
            unfolder.at(use.context).add(
                "G0206",
                f"{where} needs `{name}`" + (f" ({param.doc})" if param.doc else ""),
                use.span,
                secondary=[Label(param.span, "declared here")],
            )
            values[name] = POISON
        failed = failed or values[name] is POISON
    if not all([is_kind(unfolder, port, use.context) for port in block.ports.values()]):
        return POISON
    for position, (name, port) in enumerate(block.ports.items()):
        values[name] = _port_value(unfolder, port, use, position, where)
        failed = failed or values[name] is POISON
    inside = use.context.inside(
        use.name,
        where,
        use.span,
        inline=use.inline,
        given={name: values[name] for name in block.ports},
        logits=[values[name] for name, port in block.ports.items() if port.kind == "Logits"],
        home=block.home,
        scope=scope,
        absent={},
        made={},
        blocks=(*use.chain, block),
    )
    for name, port in block.ports.items():
        failed = not _fits(unfolder, port, values[name], inside, use, where) or failed
    slots: dict[str, Fill] = {}
    for name, slot in block.slots.items():
        argument = use.arguments.get(name)
        if argument is not None:
            fill = make_fill(unfolder, argument.tree, argument.context)
            if fill and not filling_is_known(unfolder, fill, slot, block):
                fill = None
        elif slot.default is not None:
            fill = make_fill(unfolder, slot.default, inside)
        else:
            unfolder.at(use.context).add(
                "G0302",
                f"slot `{name}` of {where} is not filled",
                use.span,
                secondary=[Label(slot.span, f"a slot for {slot.type}")],
            )
            fill = None
        if fill is None:
            failed = True
        else:
            slots[name] = fill
    if failed:
        return POISON
    inside = replace(inside, slots=slots)
    inside.absent.update(
        (name, Label(port.span, "optional, and not given here"))
        for name, port in block.ports.items()
        if values[name] is ABSENT
    )
    above = next((Above(values[name], name, port.span) for name, port in block.ports.items()), Above())
    return _outputs(unfolder, block.body, block.outputs, inside, above, where, block.span)


def _report_depth(unfolder: Unfolder, block: BlockDecl, use: Use) -> None:
    if block in use.chain:
        circle = [other.name for other in use.chain[use.chain.index(block) :]]
        message = f"block `{block.name}` contains itself: {' → '.join([*circle, block.name])}"
    else:
        message = f"blocks and stages are nested more than {MAX_DEPTH} deep"
    unfolder.at(use.context).add("G0304", message, use.span, secondary=[Label(block.span, "defined here")])


def is_kind(unfolder: Unfolder, port: PortDecl, context: Context) -> bool:
    """Whether a port's kind is one of the language's; reported if not."""
    if port.kind in KINDS or port.broken:
        return True
    help = did_you_mean(port.kind, KINDS)
    unfolder.at(context).add("G0216", f"there is no kind `{port.kind}`", port.kind_span, help=help)
    return False


def _port_value(unfolder: Unfolder, port: PortDecl, use: Use, position: int, where: str) -> Any:
    """The tensor given to a port (in a game also a list), ABSENT, or POISON after reporting."""
    if port.broken:
        return POISON
    argument = use.arguments.get(port.name)
    found = one_tensor(unfolder, port.name, (port.kind,), port.optional, argument, use, position, where)
    return found if found is POISON else found[0] if found else ABSENT


def _fits(unfolder: Unfolder, port: PortDecl, value: Any, inside: Context, use: Use, where: str) -> bool:
    """Whether a tensor, or each of a list, has the shape that the port's type asks for."""
    if isinstance(value, list):
        return all([_fits(unfolder, port, one, inside, use, where) for one in value])
    if port.dims is None or value is POISON or value is ABSENT:
        return True
    wanted = shape_of(unfolder, port, inside)
    if wanted is POISON or wanted.shape == value.type.shape:
        return wanted is not POISON
    argument = use.arguments.get(port.name)
    unfolder.at(use.context).add(
        "G0210",
        f"port `{port.name}` of {where} takes {wanted}, but this is {value.type}",
        argument.tree.span if argument else use.span,
        secondary=[Label(port.span, "declared here")],
    )
    return False


def shape_of(unfolder: Unfolder, port: PortDecl, context: Context) -> TensorType | Poison:
    """The type a port declares, with its dimensions evaluated; POISON after reporting."""
    dims: list[int | Size] = []
    for dim in port.dims or ():
        value = first_output(unfolder.evaluate_expr(dim, context))
        if value is POISON:
            return POISON
        size = value if isinstance(value, Size) else as_size(value) if isinstance(value, list) else None
        if size is None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            unfolder.at(context).add(
                "G0216", "a dimension is a whole number from 1, or a size", dim.span_of(dim.root)
            )
            return POISON
        dims.append(value if size is None else size)
    if len(dims) == 2 and port.kind in SIDES:
        # `Image[3, 64]`: a number where a size is wanted is that of each side
        size = dims[1] if isinstance(dims[1], Size) else as_size(dims[1])
        dims[1] = (size and size.of(SIDES[port.kind])) or dims[1]
    shape = [side for dim in dims for side in (dim.sides if isinstance(dim, Size) else (dim,))]
    if len(shape) not in KINDS[port.kind][0]:
        ranks = " or ".join(map(str, sorted(KINDS[port.kind][0])))
        unfolder.at(context).add(
            "G0216",
            f"{port.kind} has {ranks} dimensions, but {len(shape)} are given",
            port.kind_span,
        )
        return POISON
    return TensorType(port.kind, tuple(shape))


def _outputs(
    unfolder: Unfolder,
    body: trees.Mapping,
    outputs: Mapping[str, Scalar],
    context: Context,
    above: Above,
    where: str,
    span: Span,
) -> NodeOutputs | Poison:
    """Unfold a block's body and make the record of its outputs."""
    inside, last = unfolder.body(body, context, above)
    if not outputs:
        values = {"x": first_output(last)}
    else:
        values = {name: first_output(unfolder.evaluate(tree, inside)) for name, tree in outputs.items()}
    first = next(iter(values.values()))
    if first is ABSENT and not (unfolder.absent_outputs and len(values) > 1):
        place = next(iter(outputs.values())).span if outputs else span
        unfolder.at(context).add("G0310", f"the output of {where} is absent", place)
        return POISON
    if all(value is POISON for value in values.values()):
        return POISON
    return NodeOutputs(values)
