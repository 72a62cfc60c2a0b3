"""Uses of ops: each becomes one node of the graph."""

from __future__ import annotations

from typing import Any

from gandsl.diagnostics import Span
from gandsl.frontend.nodes.arguments import (
    Use,
    all_tensors,
    names_needed,
    names_taken,
    one_tensor,
    refuse_unknown,
)
from gandsl.frontend.unfolder import Unfolder
from gandsl.frontend.values import TensorValue
from gandsl.ir.op import Op
from gandsl.ir.text import default_of
from gandsl.spec.values import POISON, Poison


def call_op(unfolder: Unfolder, op: Op, use: Use) -> TensorValue | Poison:
    """A node for `op`, as a tensor; POISON after reporting."""
    where = f"`{op.name}`"
    use, failed = refuse_unknown(unfolder, use, names_taken(op), where, "port or parameter", names_needed(op))
    inputs: dict[str, tuple[Any, ...]] = {}
    places: dict[str, Span] = {}
    for position, port in enumerate(op.ports):
        argument = use.arguments.get(port.name)
        if argument is not None:
            places[port.name] = argument.tree.span
        if port.variadic:
            tensors = all_tensors(unfolder, port, argument, use, position, where)
        else:
            tensors = one_tensor(
                unfolder, port.name, unfolder.kinds(port), port.optional, argument, use, position, where
            )
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
            unfolder.at(use.context).add(
                "G0206",
                f"{where} needs `{param.name}`" + (f" ({param.doc})" if param.doc else ""),
                use.span,
            )
            failed = True
        else:
            attrs[param.name] = default_of(param)
        failed = failed or attrs.get(param.name) is POISON
    if failed:
        return POISON
    return unfolder.builder.add(use.name, op, inputs, attrs, use.context, use.span, places)
