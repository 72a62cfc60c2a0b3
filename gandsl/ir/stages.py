"""The stages of a network: what a fold over resolutions unfolded to, and how large their features are."""

from __future__ import annotations

from gandsl.ir.graph import NetworkIR, Node
from gandsl.ir.types import TensorType


def side(type_: TensorType) -> int:
    """The longer side of a feature, an image or a map of logits, in pixels; 0 for all else."""
    return max(type_.sides, default=0)


def stage_of(node: Node) -> str:
    """The id of the outermost stage that a node belongs to (`synthesis.s64`); empty where it is in none."""
    labels = [
        frame.what.removeprefix("stage ")
        for frame in node.provenance.frames
        if frame.what.startswith("stage ")
    ]
    path = node.id.split(".")
    if not labels or labels[-1] not in path:
        return ""
    return ".".join(path[: path.index(labels[-1]) + 1])


def stages(network: NetworkIR) -> dict[str, int]:
    """Every stage with features, by id, in order of the programs: the resolution it works at.

    That is the longest side of what goes in and out: inside, a filter may need a little more.
    """
    found: dict[str, int] = {}
    for variant in sorted(network.programs):
        graph = network.programs[variant]
        for node in graph:
            found.setdefault(stage_of(node), 0)
        for node in graph:
            for source in (graph[id_] for id_ in node.operands):
                if stage_of(source) != stage_of(node):
                    for stage in (stage_of(source), stage_of(node)):
                        found[stage] = max(found[stage], side(source.type))
        for output in (graph[id_] for id_ in graph.outputs.values()):
            found[stage_of(output)] = max(found[stage_of(output)], side(output.type))
    return {stage: size for stage, size in found.items() if stage and size}
