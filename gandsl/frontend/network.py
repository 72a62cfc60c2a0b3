"""One program of one network: its inputs, its body, its outputs, as a Graph."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gandsl.diagnostics import Label, Span
from gandsl.diagnostics.articles import a
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.frontend.builder import TooManyNodes
from gandsl.frontend.context import Context
from gandsl.frontend.nodes.block import is_kind, shape_of
from gandsl.frontend.nodes.defaults import make_defaults
from gandsl.frontend.nodes.fold import in_step, stage_name
from gandsl.frontend.reporting import Enough
from gandsl.frontend.unfolder import Unfolder
from gandsl.frontend.values import Above, TensorValue, first_output
from gandsl.ir.graph import Graph, Provenance
from gandsl.ir.types import KINDS, is_a, picture
from gandsl.spec.document import Document, NetworkDecl, PortDecl
from gandsl.spec.scope import Scope
from gandsl.spec.tree import Scalar, Tree
from gandsl.spec.values import ABSENT, POISON, Absent, Poison
from gandsl_runtime.weights_file import COMPUTE, Compute, WeightsFile


def unfold_network(unfolder: Unfolder, network: NetworkDecl, scope: Scope) -> Graph | None:
    """The network's graph, dead nodes included; None after reporting."""
    if network.broken:
        return None  # reported where it is declared
    context = Context(network.home, Scope(scope), modules=True)
    values = context.scope.values
    try:
        for port in network.inputs.values():
            values[port.name] = _input(unfolder, port, context)
            if values[port.name] is ABSENT:
                context.absent[port.name] = Label(port.span, "this input is left out by its condition")
        defaults = make_defaults(unfolder, network.defaults, context)
        context = replace(context, defaults=defaults)
        present = (port for port in network.inputs.values() if values[port.name] is not ABSENT)
        above = next((Above(values[port.name], port.name, port.span) for port in present), Above())
        inside, last = unfolder.body(network.body, context, above)
        outputs = _outputs(unfolder, network, inside, last)
        styles = _styles(unfolder, network, inside)
    except TooManyNodes:
        unfolder.at(context).add("G0309", f"the {network.name} unfolds to too many nodes", network.span)
        raise Enough from None
    if outputs is None or styles is POISON or POISON in values.values():
        return None
    kinds = _kinds(unfolder, network, outputs, context)
    if kinds is None:
        return None
    return Graph(
        network.name,
        unfolder.builder.nodes,
        {name: tensor.id for name, tensor in outputs.items()},
        kinds,
        styles.id if isinstance(styles, TensorValue) else None,
    )


def weights_file(network: NetworkDecl, document: Document) -> WeightsFile | None:
    """The file that a network's weights start from; None where they start from the seed."""
    decl = network.weights
    if decl is None or decl.file is None:
        return None
    return WeightsFile(
        file=decl.file.text,
        sha256=decl.sha256.text.lower() if decl.sha256 else "",
        part=decl.part,
        layout=decl.layout.text if decl.layout else "",
        keys={one.key: one.value.text for one in decl.keys if isinstance(one.value, Scalar)},
        unused=decl.unused,
        beside=document.paths.get(decl.file.span.file, document.path),
    )


def own_precision(network: NetworkDecl) -> Compute | None:
    """What the network is computed in; None: as the plan says. Another word was refused where it stands."""
    said = network.precision.text if network.precision else None
    return next((one for one in COMPUTE if one == said), None)


def _kinds(
    unfolder: Unfolder, network: NetworkDecl, outputs: dict[str, TensorValue], context: Context
) -> dict[str, str] | None:
    """What each output is used as: what it says, or what is usual for the network. None after reporting."""
    makes = network.name == "generator"
    found: dict[str, str] = {}
    for name, tensor in outputs.items():
        said = network.output_kinds.get(name if name in network.outputs else name.rpartition("_")[0])
        plain = any(is_a(tensor.type.kind, kind) for kind in ("Feature", "Vector"))
        usual = picture(tensor.type) if makes else "Logits" if plain else tensor.type.kind
        found[name] = said.text if said else usual
        if said is None:
            continue
        if said.text not in KINDS:
            help = did_you_mean(said.text, KINDS)
            unfolder.at(context).add("G0216", f"there is no kind `{said.text}`", said.span, help=help)
            return None
        if len(tensor.type.shape) not in KINDS[said.text][0]:
            message = f"the output `{name}` is {a(tensor.type)}, which is no {said.text}"
            unfolder.at(context).add("G0211", message, said.span)
            return None
    return found


def _input(
    unfolder: Unfolder, port: PortDecl, context: Context
) -> TensorValue | list[TensorValue] | Absent | Poison:
    """The tensor that an input stands for (with `each`, a list); ABSENT where its condition fails."""
    if port.broken or not is_kind(unfolder, port, context):
        return POISON
    for condition, wanted in ((port.when, True), (port.unless, False)):
        if condition is not None:
            value = first_output(unfolder.evaluate_expr(condition, context))
            if value is POISON:
                return POISON
            if not isinstance(value, bool):
                unfolder.at(context).add("G0105", "a condition is true or false", condition.span)
                return POISON
            if value is not wanted:
                return ABSENT
    if not port.each:
        return _one_input(unfolder, port, port.name, context)
    lists: dict[str, list[Any]] = {}
    for variable, over in port.each:
        value = first_output(unfolder.evaluate_expr(over, context))
        if value is not POISON and not isinstance(value, list | tuple):
            unfolder.at(context).add("G0105", "`each` runs over a list", over.span)
        if not isinstance(value, list | tuple):
            return POISON
        lists[variable] = list(value)
    if not in_step(unfolder, lists, {name: over.span for name, over in port.each}, context):
        return POISON
    first = next(iter(lists.values()))
    names = [stage_name(value, index) for index, value in enumerate(first)]
    if len({*names}) < len(names):
        names = [str(index) for index in range(len(first))]
    found = [
        _one_input(
            unfolder,
            port,
            f"{port.name}_{name}",
            context.child({variable: values[index] for variable, values in lists.items()}),
        )
        for index, name in enumerate(names)
    ]
    inputs = [one for one in found if one is not POISON]
    return inputs if len(inputs) == len(found) else POISON


def _one_input(unfolder: Unfolder, port: PortDecl, name: str, context: Context) -> TensorValue | Poison:
    type_ = shape_of(unfolder, port, context)
    if type_ is POISON:
        return POISON
    distribution = port.distribution or ("normal" if type_.kind == "Latent" else "")
    return unfolder.builder.input(name, type_, distribution, Provenance(port.span))


def _outputs(
    unfolder: Unfolder, network: NetworkDecl, context: Context, last: Any
) -> dict[str, TensorValue] | None:
    """Output name → tensor; a list becomes several outputs, numbered."""
    if network.outputs:
        written = {
            name: (_written(unfolder, name, tree, context), tree.span)
            for name, tree in network.outputs.items()
        }
    else:
        entry = list(network.body)[-1]
        written = {entry.key: (first_output(last), entry.key_span)}
    found: dict[str, TensorValue] = {}
    failed = False
    for name, (value, span) in written.items():
        values = (
            {f"{name}_{index}": one for index, one in enumerate(value)}
            if isinstance(value, list | tuple)
            else {name: value}
        )
        if not values:
            unfolder.at(context).add("G0211", f"the output `{name}` is an empty list, not a tensor", span)
            failed = True
        for key, one in values.items():
            tensor = _output(unfolder, key, one, span, context)
            failed = failed or tensor is None
            if tensor is not None:
                found[key] = tensor
    return None if failed or not found else found


def _written(unfolder: Unfolder, name: str, tree: Tree, context: Context) -> Any:
    """What is written for an output: nodes of its expression are called after it."""
    with unfolder.builder.unfolding(name):
        value = first_output(unfolder.evaluate(tree, context))
        taken = value is POISON or name in unfolder.builder.nodes
        return value if taken else unfolder.builder.settle(value, name, context, tree.span)


def _output(unfolder: Unfolder, name: str, value: Any, span: Span, context: Context) -> TensorValue | None:
    value = first_output(value)
    if value is POISON:
        return None
    if value is ABSENT:
        unfolder.at(context).add("G0310", f"the output `{name}` is absent", span)
        return None
    if not isinstance(value, TensorValue):
        unfolder.at(context).add("G0211", f"the output `{name}` is not a tensor", span)
        return None
    return value


def _styles(unfolder: Unfolder, network: NetworkDecl, context: Context) -> TensorValue | Poison | None:
    tree = network.styles
    if tree is None:
        return None
    value = first_output(unfolder.evaluate(tree, context)) if isinstance(tree, Scalar) else POISON
    if value is POISON or value is ABSENT:
        return value if value is POISON else None
    if not isinstance(value, TensorValue) or value.type.kind != "Styles":
        unfolder.at(context).add(
            "G0615",
            "the style space is a node of kind Styles",
            tree.span,
            help="`broadcast_styles` makes one of a mapping's output",
        )
        return POISON
    return value
