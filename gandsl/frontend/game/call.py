"""Calls of networks: every input by its name, what of them stays as it is, and what comes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gandsl.diagnostics import Label, Span
from gandsl.diagnostics.suggest import did_you_mean, nearest
from gandsl.frontend.context import Context
from gandsl.frontend.game.keys import choice, draws_of
from gandsl.frontend.game.unfolder import GameUnfolder, may_be
from gandsl.frontend.game.values import Called, GameTensor, PartValue, is_absent
from gandsl.frontend.nodes.arguments import COMMON, Argument
from gandsl.frontend.reporting import reasons
from gandsl.frontend.values import Above, first_output, leaves
from gandsl.ir.graph import Graph, Node
from gandsl.ir.op import Trait
from gandsl.ir.ops import GAME_OPS, OPS
from gandsl.ir.split import ENTRIES, call_order, entry_graph
from gandsl.ir.types import TensorType
from gandsl.records import dataclass
from gandsl.spec import tree as trees
from gandsl.spec.params import Declared
from gandsl.spec.tree import Entry, Scalar, Tree
from gandsl.spec.values import POISON, Poison, type_name

_ROW = GAME_OPS["call"]
# of a call, beside the inputs of the network
KEYS = ("network", "weights", "mode", "holds", "draws", "outputs")
_STYLES = "ws"  # what a synthesis takes
FADE = "alpha"  # an input of kind Scalar that a fading level has


@dataclass(frozen=True)
class CallTarget:
    """An entry of a network at this variant, as a call sees it."""

    network: str
    entry: str
    graph: Graph
    inputs: Mapping[str, tuple[Node, ...]]  # by the name in the spec; several where an input is a list
    outputs: Mapping[str, tuple[int, ...]]  # by the name in the spec: places among `types`
    types: tuple[tuple[str, str, tuple[int, ...]], ...]  # name, kind and shape of each output


def unfold_call(
    unfolder: GameUnfolder, entry: Entry, tree: trees.Mapping, context: Context, above: Above
) -> Any:
    """What the network says, by output; POISON after reporting."""
    named = tree.entries["network"].value
    program = program_of(unfolder, named, context)
    if program is None:
        return POISON
    given = {
        each.key: Argument(each.value, context, each.key_span)
        for each in tree
        if each.key not in KEYS and each.key not in COMMON
    }
    attrs = options_of(unfolder, tree, program, context)
    return call(unfolder, entry.key, program, given, attrs, context, named.span)


def call(
    unfolder: GameUnfolder,
    name: str,
    program: CallTarget,
    given: Mapping[str, Argument],
    attrs: Mapping[str, Any] | Poison,
    context: Context,
    span: Span,
) -> Any:
    """A call of a program, as the outputs that it gives; POISON after reporting."""
    tensors = _inputs(unfolder, program, given, context, span)
    if tensors is None or attrs is POISON:
        return POISON
    times = {tensor.type.times for _, tensor, _ in tensors if tensor.type.sampled}
    if len(times) > 1:
        many = next(place for _, tensor, place in tensors if tensor.type.times == max(times))
        message = f"the inputs of `{program.network}` are of {min(times)} and of {max(times)} batches"
        unfolder.at(context).add("G0213", message, many, help="`join` the others, too")
        return POISON
    whole = {
        "network": program.network,
        "entry": program.entry,
        "names": tuple(input_ for input_, _, _ in tensors),
        "outputs": program.types,
        **attrs,
    }
    made = unfolder.builder.add(
        name, _ROW, {"inputs": tuple(tensor for _, tensor, _ in tensors)}, whole, context, span, {}
    )
    if made is POISON:
        return POISON
    (joined,) = times or {1}
    picked = [
        unfolder.builder.pick(made.id, output, index, TensorType(kind, shape, joined))
        for index, (output, kind, shape) in enumerate(program.types)
    ]
    values = {
        output: picked[places[0]]
        if len(places) == 1 and program.types[places[0]][0] == output
        else [picked[i] for i in places]
        for output, places in program.outputs.items()
    }
    return Called(values, made.id)


# ---- which program


def program_of(unfolder: GameUnfolder, written: Tree, context: Context) -> CallTarget | None:
    """The network and entry that a text names; None after reporting, also where the network itself failed."""
    text = written.text if isinstance(written, Scalar) else ""
    if not text:
        message = f"`network` is given a name, not {trees.describe(written)}"
        help = did_you_mean("", [*unfolder.networks], "networks are")
        unfolder.at(context).add("G0010", message, written.span, help=help)
        return None
    name, dot, entry = text.partition(".")
    value = context.scope.lookup(text) if text and not dot and text in context.scope else None
    if isinstance(value, PartValue) and not value.path:
        name = value.network  # a parameter of the block around
    found = unfolder.networks.get(name)
    if found is None:
        help = did_you_mean(name, [*unfolder.networks], "networks are")
        unfolder.at(context).add("G0341", f"there is no network `{name}`", written.span, help=help)
        return None
    if found is POISON:
        return None
    entries = ENTRIES[1:] if found.graph.styles is not None else ()
    if dot and entry not in entries:
        help = (
            did_you_mean(entry, entries, "its entries are")
            if entries
            else "it has no style space: no `styles:`"
        )
        unfolder.at(context).add("G0341", f"`{name}` has no entry `{entry}`", written.span, help=help)
        return None
    return _program(unfolder, name, entry or "forward", found.graph)


def _program(unfolder: GameUnfolder, name: str, entry: str, graph: Graph) -> CallTarget:
    key = (name, entry)
    if key not in unfolder.programs:
        part = entry_graph(graph, entry)
        styles = graph.styles
        nodes = {id_: part[id_] for id_ in call_order(part)}
        declared = unfolder.declared[name]
        inputs: dict[str, tuple[Node, ...]] = {}
        if entry == "synthesis" and styles is not None:
            inputs[_STYLES] = (nodes[styles],)
        for port in declared.inputs:
            of_it = [
                node
                for id_, node in nodes.items()
                if id_ == port or (id_.startswith(f"{port}_") and id_ not in declared.inputs)
            ]
            if of_it:
                inputs[port] = tuple(of_it)
        types = tuple(
            (output, part.output_kinds[output], part[id_].type.shape) for output, id_ in part.outputs.items()
        )
        unfolder.programs[key] = CallTarget(
            name, entry, part, inputs, _grouped(declared.outputs, types), types
        )
    return unfolder.programs[key]


def _grouped(
    declared: Iterable[str], types: Iterable[tuple[str, str, tuple[int, ...]]]
) -> dict[str, tuple[int, ...]]:
    """The outputs as the spec names them: of a list, all its entries."""
    names = [name for name, _, _ in types]
    found: dict[str, tuple[int, ...]] = {}
    for index, name in enumerate(names):
        head, _, number = name.rpartition("_")
        listed = head in declared and name not in declared and number.isdigit()
        key = head if listed else name
        found[key] = (*found.get(key, ()), index)
    return found


# ---- what it is given


def _inputs(
    unfolder: GameUnfolder,
    program: CallTarget,
    given: Mapping[str, Argument],
    context: Context,
    span: Span,
) -> list[tuple[str, GameTensor, Span]] | None:
    """The tensors of the inputs in call order, with their places; None after reporting."""
    where = f"`{program.network}`"
    wanted = [name for name in program.inputs if not _is_fade(program.inputs[name])]
    declared = unfolder.declared[program.network].inputs
    meant: set[str] = set()
    fine = True
    for name, argument in given.items():
        if name in wanted:
            continue
        value = unfolder.evaluate(argument.tree, argument.context) if name in declared else None
        if is_absent(value):
            continue  # it may be given to an input that is absent
        fine = False
        if value is POISON:
            continue  # it failed, which was reported
        known = [*wanted]
        if near := nearest(name, known):
            meant.add(near)
        if name in declared and name not in program.inputs:
            unread = program.entry == "synthesis"
            why = "which `synthesis` no longer reads" if unread else "which is absent here"
            message = f"{where} has an input `{name}`, {why}"
            unfolder.at(argument.context).add("G0342", message, argument.key_span)
            continue
        help = did_you_mean(name, known, "it has")
        message = f"{where} has no input `{name}`"
        if name == FADE:
            message, help = f"`{FADE}` of {where} is given by itself", "leave it out"
        unfolder.at(argument.context).add("G0342", message, argument.key_span, help=help)
    missing = [name for name in wanted if name not in given and name not in meant]
    if missing:
        words = " and ".join(f"`{name}`" for name in missing)
        plural = "s" * (len(missing) > 1)
        unfolder.at(context).add(
            "G0343",
            f"the call of {where} lacks its input{plural} {words}",
            span,
            help="every input is given by its name: " + ", ".join(f"{name}: …" for name in missing),
        )
        fine = False
    found: list[tuple[str, GameTensor, Span]] = []
    for name, nodes in program.inputs.items():
        if _is_fade(nodes):
            fade = unfolder.fade(context, span)
            found.append((nodes[0].id, fade, span))
        elif name in given:
            tensors = _given(unfolder, program, name, nodes, given[name])
            fine = fine and tensors is not None
            found += [
                (node.id, tensor, given[name].tree.span)
                for node, tensor in zip(nodes, tensors or (), strict=False)
            ]
    return found if fine else None


def _is_fade(nodes: tuple[Node, ...]) -> bool:
    return len(nodes) == 1 and nodes[0].id == FADE and nodes[0].type.kind == "Scalar"


def _given(
    unfolder: GameUnfolder, program: CallTarget, name: str, nodes: tuple[Node, ...], argument: Argument
) -> list[GameTensor] | None:
    """The tensors of one input; None after reporting."""
    where, tree = f"`{program.network}`", argument.tree
    value = first_output(unfolder.evaluate(tree, argument.context))
    if value is POISON:
        return None
    sink = unfolder.at(argument.context, tree)
    if is_absent(value):
        sink.add(
            "G0113",
            f"the input `{name}` of {where} is given a value that is absent here",
            tree.span,
            secondary=reasons(tree, argument.context),
            help="give the call the same condition, or name a stand-in with `first_present(…, …)`",
        )
        return None
    tensors = [first_output(one) for one in leaves(value)]
    if len(tensors) != len(nodes):
        counts = ("1 tensor" if len(count) == 1 else f"{len(count)} tensors" for count in (nodes, tensors))
        sink.add("G0344", "the input `{}` of {} takes {}, not {}".format(name, where, *counts), tree.span)
        return None
    for node, tensor in zip(nodes, tensors, strict=True):
        if not isinstance(tensor, GameTensor):
            sink.add(
                "G0344", f"the input `{name}` of {where} takes a tensor, not {type_name(tensor)}", tree.span
            )
            return None
        if tensor.type.shape != node.type.shape or not may_be(tensor.type.kind, node.type.kind):
            sink.add(
                "G0344",
                f"the input `{name}` of {where} takes {node.type}, and this is {tensor.type}",
                tree.span,
                secondary=[Label(node.provenance.span, "declared here")],
            )
            return None
    return tensors


# ---- how it is called


def options_of(
    unfolder: GameUnfolder, tree: trees.Mapping, program: CallTarget, context: Context
) -> dict[str, Any] | Poison:
    """`weights`, `mode`, `holds`, `draws`, `outputs` as parameters of the row."""
    found: dict[str, Any] = {"weights": "own", "mode": "", "holds": (), "draws": "", "all": False}
    for key in ("weights", "mode"):
        if key in tree:
            found[key] = choice(unfolder, _param(key), tree.entries[key].value, context)
    if "holds" in tree:
        found["holds"] = _holds(unfolder, tree.entries["holds"].value, program, context)
    if "draws" in tree:
        found["draws"] = draws_of(unfolder, tree.entries["draws"].value, context)
    if "outputs" in tree:
        written = tree.entries["outputs"].value
        if not isinstance(written, Scalar) or written.text != "all":
            message = "`outputs` of a call is `all`; what is read of it is run anyway"
            unfolder.at(context).add("G0209", message, written.span)
            return POISON
        found["all"] = True
    return POISON if POISON in found.values() else found


def _param(name: str) -> Declared:
    found = _ROW.param(name)
    assert found is not None
    return found


def _holds(
    unfolder: GameUnfolder, tree: Tree, program: CallTarget, context: Context
) -> tuple[str, ...] | Poison:
    """The ops whose state a call leaves as it is: `all`, one, or a list."""
    keeping = {node.op for node in program.graph if node.spec.has(Trait.STATEFUL)}
    items = tree.items if isinstance(tree, trees.Sequence) else (tree,)
    names = [item.text if isinstance(item, Scalar) else "" for item in items]
    if names == ["all"]:
        return ("all",)
    for item, name in zip(items, names, strict=True):
        if name not in OPS or not OPS[name].has(Trait.STATEFUL):
            help = did_you_mean(name, sorted(keeping), "it has") if keeping else "its layers keep none"
            unfolder.at(context).add("G0345", f"`{name}` is no op that keeps state", item.span, help=help)
            return POISON
    return tuple(names)
