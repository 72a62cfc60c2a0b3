"""Uses of slots: whatever fills the slot, given the slot's ports and the names its interface hands in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gandsl.diagnostics import Label, Span
from gandsl.diagnostics.suggest import did_you_mean, nearest
from gandsl.frontend.context import Fill
from gandsl.frontend.nodes.arguments import Argument, Use
from gandsl.frontend.nodes.block import call_block
from gandsl.frontend.nodes.left_out import filling_is_known
from gandsl.frontend.nodes.lookup import IDENTITY, resolve
from gandsl.frontend.nodes.op import call_op
from gandsl.frontend.unfolder import Unfolder
from gandsl.frontend.values import Above
from gandsl.ir.op import Op
from gandsl.records import dataclass
from gandsl.spec.document import BlockDecl, InterfaceDecl, SlotDecl
from gandsl.spec.tree import is_null
from gandsl.spec.values import POISON


def call_slot(unfolder: Unfolder, slot: str, slot_span: Span, use: Use) -> Any:
    """Whatever fills the slot, given the slot's ports and the names its interface hands in."""
    block = use.context.blocks[-1] if use.context.blocks else None
    fill = use.context.slots.get(slot)
    if block is None or slot not in block.slots or fill is None:
        known = list(block.slots) if block else []
        unfolder.at(use.context).add(
            "G0301",
            f"there is no slot `{slot}` here",
            slot_span,
            help=did_you_mean(slot, known) or "slots are declared under a block's `slots:`",
        )
        return POISON
    interface = unfolder.library.interface(block.slots[slot].type, block.home)
    if interface is None:
        name, place = block.slots[slot].type, block.slots[slot].type_span
        help = did_you_mean(name, unfolder.library.interface_names(block.home))
        unfolder.at(use.context).add("G0311", f"there is no interface `{name}`", place, help=help)
        return POISON
    given: dict[str, Any] = {}
    arguments: dict[str, Argument] = {}
    failed = False
    for name, argument in use.arguments.items():
        if name in interface.ports:
            arguments |= {} if is_null(argument.tree) else {name: argument}
        elif name in interface.gives:
            given[name] = unfolder.evaluate(argument.tree, argument.context)
        else:
            known = [*interface.ports, *interface.gives]
            near = nearest(name, known)
            if near in interface.ports:
                arguments.setdefault(near, argument)
            elif near:
                given.setdefault(near, POISON)
            unfolder.at(use.context).add(
                "G0203",
                f"a slot for {interface.name} takes no `{name}`",
                argument.key_span,
                help=did_you_mean(name, known),
            )
            failed = True
    for name in interface.gives:
        if name not in given:
            unfolder.at(use.context).add(
                "G0204", f"a slot for {interface.name} is to be given `{name}`", slot_span
            )
            failed = True
    if failed:
        return POISON
    use = replace(use, arguments=arguments)
    put = _row if fill.after else _fill
    return put(unfolder, fill, SlotUse(slot, block.slots[slot], interface, block), given, use)


@dataclass(frozen=True)
class SlotUse:
    """A slot that is used, and what it wants."""

    name: str
    declared: SlotDecl
    interface: InterfaceDecl
    block: BlockDecl


def _row(unfolder: Unfolder, fill: Fill, slot: SlotUse, given: dict[str, Any], use: Use) -> Any:
    """One after another: the first is given what the slot is, each other one reads the one before it."""
    context = use.context.inside(use.name, f"slot {slot.name}", use.span, inline=use.inline)
    first = next(iter(slot.interface.ports), "")
    names: list[str] = []
    for one in fill.row:
        name = one.use.rpartition(".")[2]
        names.append(name)
        own = f"{name}{count}" if (count := names.count(name) - 1) else name
        inside = replace(use, name=own, context=context, inline=False)
        value = _fill(unfolder, one, slot, given, inside)
        if value is POISON:
            return POISON
        arguments = {port: argument for port, argument in use.arguments.items() if port != first}
        use = replace(use, arguments=arguments, above=Above(value, own, one.span))
    return use.above.value


def _fill(unfolder: Unfolder, fill: Fill, slot: SlotUse, given: dict[str, Any], use: Use) -> Any:
    interface, arguments, failed = slot.interface, dict(use.arguments), False
    if fill.use == IDENTITY:
        first = next(iter(interface.ports), None)
        passed = arguments.get(first) if first else None
        if passed is None:
            return use.above.value
        return unfolder.evaluate(passed.tree, passed.context)
    target = resolve(unfolder, fill.use, interface.namespace, fill.context)
    if target is None:  # a default of the slot's: others were looked up where the slot was filled
        filling_is_known(unfolder, fill, slot.declared, slot.block)
        return POISON
    known_ports = {port.name for port in target.ports} if isinstance(target, Op) else set(target.ports)
    for name in interface.ports:
        if name in arguments and name not in known_ports:
            if interface.ports[name].optional:
                del arguments[name]  # what fills the slot does not care for it
                continue
            unfolder.at(fill.context).add(
                "G0303",
                f"`{fill.use}` does not fit a slot for {interface.name}: it has no port `{name}`",
                fill.span,
                secondary=[Label(slot.declared.span, "the slot")],
            )
            failed = True
    if failed:
        return POISON
    filled = fill.context.child(given) if given else fill.context
    for name, (key_span, tree) in fill.arguments.items():
        arguments[name] = Argument(tree, filled, key_span)
    use = replace(use, span=fill.span, arguments=arguments, chain=fill.context.blocks)
    if isinstance(target, Op):
        return call_op(unfolder, target, use)
    return call_block(unfolder, target, use)
