"""The layers of a network as one tree of modules, whose paths are the node ids."""

from __future__ import annotations

from collections.abc import Container, Mapping
from keyword import iskeyword

from torch import fx, nn

from gandsl.diagnostics.errors import InvariantError
from gandsl.ir.graph import NetworkIR
from gandsl.lowering.table import Layer, found, lower
from gandsl_runtime.network import Network


def layer_targets(network: NetworkIR) -> dict[str, Layer]:
    """Every layer of any program of a network, by its id, in order of first use from the smallest level on.

    Raises InvariantError where programs or uses build it differently: they could not share it.
    """
    known: dict[str, Layer] = {}
    for variant in sorted(network.programs):
        graph = network.programs[variant]
        for node in graph:
            if node.op == "input":
                continue
            target = lower(graph.call(node), node)
            if isinstance(target, Layer) and known.setdefault(node.layer, target) != target:
                raise InvariantError(f"{node.layer} is {known[node.layer]} once and {target} elsewhere")
    return known


def grow(root: nn.Module, targets: Mapping[str, Layer]) -> None:
    """Build the layers below `root`, each at its path, in order: so under one seed the weights are the same.

    An inner layer's name may lead to further layers (`conv0`, `conv0.affine`). Raises InvariantError for a
    name that a module cannot have as a child.
    """
    for id_, target in targets.items():
        *folders, name = id_.split(".")
        parent = root
        for folder in folders:
            child = parent._modules.get(folder)
            if child is None:
                child = nn.Module()
                _attach(parent, folder, child, id_)
            parent = child
        layer: nn.Module = found(target)(**target.kwargs)
        standing = parent._modules.get(name)
        if standing is None:
            _attach(parent, name, layer, id_)
            continue
        for child_name, child in standing.named_children():  # the folder came before its own layer
            _attach(layer, child_name, child, id_)
        parent._modules[name] = layer


def _attach(parent: nn.Module, name: str, child: nn.Module, id_: str) -> None:
    """Put a child into its place, past `add_module`: that refuses what a lowered network has besides."""
    own = Network if isinstance(parent, Network) else type(parent)
    if iskeyword(name) or hasattr(own, name) or (own is not Network and hasattr(parent, name)):
        raise InvariantError(f"{id_}: `{name}` cannot name a module, since Python or torch uses it")
    parent._modules[name] = child


def free_name(name: str, taken: Container[str] = ()) -> str:
    """A name that a GraphModule may give a child: this one, unless it has such an attribute itself."""
    while name in taken or hasattr(fx.GraphModule, name) or name in _OF_GRAPH_MODULES:
        name += "_"
    return name


_OF_GRAPH_MODULES = frozenset({"graph", "meta", "training", "T_destination"})  # set on instances


def over(root: nn.Module, graph: fx.Graph, name: str) -> fx.GraphModule:
    """A GraphModule that runs `graph` over the very modules below `root`.

    The constructor of GraphModule copies what it finds, and buffers that `.to()` replaces would part ways.
    A child whose name a GraphModule has for itself (`code`) is called otherwise there.
    """
    module = fx.GraphModule(nn.Module(), fx.Graph(), class_name=name)
    places: dict[str, str] = {}
    for key, child in root._modules.items():
        places[key] = free_name(key, root._modules) if hasattr(module, key) else key
        module.add_module(places[key], child)
    for node in graph.nodes:
        if node.op in ("call_module", "get_attr"):
            first, dot, rest = node.target.partition(".")
            node.target = f"{places.get(first, first)}{dot}{rest}"
    module.graph = graph
    return module
