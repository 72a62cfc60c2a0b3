"""Which op stood in which role in a spec, and which roles an op may have: the table of coverage."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from random import Random

from gandsl.analysis.facts import between, downstream
from gandsl.frontend.module import ModuleIR
from gandsl.frontend.short_form.table import active
from gandsl.ir.graph import Graph, Node
from gandsl.ir.op import Op, Trait
from gandsl.ir.ops import OPS
from gandsl.ir.ops.precision import CAST
from gandsl.ir.types import is_a
from gandsl.lowering.planned import planned

Role = tuple[str, str]  # op, role
SIDES = {"generator": "G", "discriminator": "D"}


def of_module(module: ModuleIR) -> set[Role]:
    """Every op's roles in a spec that was accepted."""
    found: set[Role] = set()
    for name, network in module.networks.items():
        side = SIDES[name]
        for graph in network.programs.values():
            found |= {(node.op, f"{side} {role}") for node, role in _in_graph(graph)}
            found |= {(node.op, f"{side} under {penalty}") for node, penalty in _penalized(module, graph)}
            if network.levels:
                found |= {(node.op, f"{side} growing") for node in graph}
        for graph in planned(network, module.plan).programs.values():
            found |= {(node.op, f"{side} in 16 bits") for node in _narrow(graph)}
    return {role for role in found if role[0] in OPS and role[0] != "input"}


def _in_graph(graph: Graph) -> Iterator[tuple[Node, str]]:
    inputs = [node.id for node in graph.inputs]
    labels = [node.id for node in graph.inputs if node.type.kind == "Label"]
    behind = downstream(graph, labels, frozenset()) if labels else set()
    mapping = _upstream(graph, graph.styles) if graph.styles else set()
    reading: dict[str, int] = {}
    for node in graph:
        for id_ in node.operands:
            reading[id_] = reading.get(id_, 0) + 1
    for node in graph:
        yield node, "anywhere"
        if set(node.operands) & set(inputs):
            yield node, "first"
        if node.id in graph.outputs.values():
            yield node, "last"
        if node.shares:
            yield node, "used again"
        if node.id in behind and node.id not in labels:
            yield node, "behind a label"
        if graph.styles:
            yield node, "mapping" if node.id in mapping else "synthesis"
        if reading.get(node.id, 0) > 1:
            yield node, "read twice"
        whats = [frame.what.split()[0] for frame in node.provenance.frames]
        for what in ("stage", "block"):
            if what in whats:
                yield node, f"in a {what}"


def _upstream(graph: Graph, id_: str) -> set[str]:
    found: set[str] = set()
    waiting = [id_]
    while waiting:
        if (one := waiting.pop()) not in found:
            found.add(one)
            waiting.extend(graph[one].operands)
    return found


def _penalized(module: ModuleIR, graph: Graph) -> Iterator[tuple[Node, str]]:
    """Nodes on the way of a gradient that a part of the plan takes, and that part."""
    for _, template in active(module.plan) if module.plan else ():
        if template["player"] == graph.network and "by" in template:
            images = [node.id for node in graph.inputs if node.type.kind == "Image"]
            sources = [graph.styles] if template["by"] == "styled.styles" else images
            ways = between(graph, [id_ for id_ in sources if id_])
            yield from ((node, template["term"]) for node in ways)


def _narrow(graph: Graph) -> Iterator[Node]:
    """Nodes that read 16-bit numbers."""
    narrow: set[str] = set()
    for node in graph:
        if node.op == CAST.name:
            if node.attrs["dtype"] != "float32":
                narrow.add(node.id)
        elif narrow & set(node.operands):
            yield node
            if is_a(node.type.kind, "Feature") or node.type.kind == "Tokens":
                narrow.add(node.id)


# ---- what an op may be


@cache
def possible() -> frozenset[Role]:
    """Every op in every role that its ports, results and traits allow."""
    return frozenset((op.name, role) for op in OPS.values() if op.ports for role in _possible(op))


def _possible(op: Op) -> Iterator[str]:
    kinds = {kind for port in op.ports for kind in port.kinds}
    # an image has two sides
    asked = [port for port in op.ports if not port.optional and 2 in (port.sides or (2,))]
    read = {kind for port in asked for kind in port.kinds}
    needed = [set(port.kinds) for port in op.ports if not port.optional]
    grows = {"Scalar"} in needed  # only a fade has one
    labels = any(kinds <= {"Label", "Classes"} for kinds in needed)
    reads = not all(port.counts for port in op.ports)  # more than the size of a batch
    for side, given in (("G", ("Latent", "Label")), ("D", ("Image", "Label"))):
        if side == "G" and op.has(Trait.BATCH_COUPLED) and not op.has(Trait.BATCH_NORMALIZED):
            continue
        yield f"{side} growing"
        if grows:
            continue
        yield from (f"{side} {role}" for role in ("anywhere", "in a stage", "in a block", "read twice"))
        if op.layer is not None and not op.has(Trait.RANDOM):  # what only draws has layers of its own
            yield f"{side} used again"
        guarded = op.name == "exp" or any(port.positive for port in op.ports)  # body.py: `_in_range`
        if not guarded and any(is_a(one, kind) for one in given for kind in read):
            yield f"{side} first"
        if reads:
            yield f"{side} behind a label"
        if reads and not labels and not op.has(Trait.CONSTANT) and results(op) & LAST[side]:
            yield f"{side} last"
        if reads and kinds & SPATIAL and results(op) & SPATIAL and not op.couples_statistics:
            yield f"{side} in 16 bits"
        if side == "G":
            yield "G mapping"
            yield from () if labels else ["G synthesis"]
        if op.has(Trait.TWICE_DIFFERENTIABLE) and reads and not labels and op.name not in SKIPPED:
            yield from (f"{side} under {penalty}" for penalty in _penalties(op, side))


def _penalties(op: Op, side: str) -> Iterator[str]:
    if side == "G":
        yield "path_length"
        return
    yield from ("r1", "r2")
    if not op.has(Trait.BATCH_NORMALIZED):
        yield "gradient_penalty"


@cache
def results(op: Op) -> frozenset[str]:
    """Kinds that an op gives, found by trying it on some values of all kinds."""
    from gandsl.ir.types import TensorType
    from tests.random_specs.body import Body, Names

    found: set[str] = set()
    for seed in range(12):
        body = Body(Random(seed), Names(Random(seed)))
        for kind, shape in (
            ("Feature", (4, 4, 4)),
            ("Vector", (4,)),
            ("Vector", (16,)),
            ("Tokens", (4, 4)),
            ("Styles", (2, 4)),
            ("Label", (4,)),
            ("Scalar", ()),
        ):
            body.offer(body.names.new(), (TensorType(kind, shape),))
        if made := body.attempt(op):
            found.add(
                next(k for k in (*_FAMILIES, body.seen[made][0].kind) if is_a(body.seen[made][0].kind, k))
            )
    return frozenset(found)


_FAMILIES = ("Feature", "Vector")
LAST = {"G": {"Feature"}, "D": {"Feature", "Vector"}}
"""What a network may end with."""
SPATIAL = {"Feature", "Tokens"}
SKIPPED = {"stack"}  # who selects a style of it reads that style
