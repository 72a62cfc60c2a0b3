"""Whether a short form may hold what a rule about its game is about: quick, and never no for a yes.

Neither the rules nor the short form are loaded for that: what the nodes tell is asked first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gandsl.analysis.batch_rules import batches
from gandsl.analysis.facts import TRAINED, RuleInput
from gandsl.ir.graph import Node
from gandsl.ir.op import Trait


def lacks_a_second(node: Node) -> bool:
    """Whether an op has no second derivative."""
    return not node.spec.has(Trait.TWICE_DIFFERENTIABLE)


def normalizes(node: Node) -> bool:
    """Whether a node makes a sample depend on those beside it, while it is trained."""
    return node.spec.has(Trait.BATCH_NORMALIZED)


def squashes(node: Node) -> bool:
    """Whether what a node gives has two bounds."""
    return node.op in ("sigmoid", "tanh")


def is_spectral(facts: RuleInput, network: str) -> bool:
    """Whether a network has weights of a bounded norm."""
    return any(node.attrs.get("weight") == "spectral" for _, node in facts.nodes(network))


def ops_without_second_derivative(facts: RuleInput) -> bool:
    """For G0608: a gradient, and an op of either network that it could not pass twice."""
    return any(map(lacks_a_second, _nodes(facts))) and _gradients(facts)


def normalized_under_gradients(facts: RuleInput) -> bool:
    """For G0605 and W0720: a gradient, and batch normalization."""
    return any(map(normalizes, _nodes(facts))) and _gradients(facts)


def norms_of_single_numbers(facts: RuleInput) -> bool:
    """For G0640: batch normalization that sees no pixels."""
    return any(normalizes(node) and node.type.elements == node.type.shape[0] for node in _nodes(facts))


def coupled_images(facts: RuleInput) -> bool:
    """For G0623: what couples samples in the generator."""
    return any(node.spec.couples_statistics for _, node in facts.nodes("generator"))


def squashed_outputs(facts: RuleInput) -> bool:
    """For W0727: an output of the discriminator with two bounds."""
    return any(
        squashes(graph[id_])
        for graph in facts.programs("discriminator").values()
        for id_ in graph.outputs.values()
    )


def free_critics(facts: RuleInput) -> bool:
    """For W0721: no spectral normalization in the discriminator, and no gradient by its terms."""
    return not is_spectral(facts, "discriminator") and not _gradients(facts, "discriminator")


def groups_that_do_not_divide(facts: RuleInput) -> bool:
    """For G0611: a part of a batch that is no multiple of a group; of one that is, so are several joined."""
    groups = {node.attrs[node.spec.group] or 1 for node in _nodes(facts) if node.spec.group}
    return any(part % group for part in _parts(facts) for group in groups)


def _parts(facts: RuleInput) -> Iterator[int]:
    """What a process computes at a time of each batch."""
    plan = facts.plan
    for _, size, _ in batches(facts):
        own = -(-size // facts.processes)
        yield -(-own // -(-own // min(plan.micro_batch or own, own))) if plan else own


def _nodes(facts: RuleInput) -> Iterator[Node]:
    return (node for name in TRAINED for _, node in facts.nodes(name))


def _gradients(facts: RuleInput, player: str = "") -> bool:
    """Whether a part of the plan takes one, of a player or of any."""
    from gandsl.frontend.short_form.table import active

    parts = active(facts.plan) if facts.plan else ()
    return any("by" in template and template["player"].startswith(player) for _, template in parts)


def stops(facts: RuleInput) -> bool:
    """For G0670: an op that no gradient passes."""
    return any(node.spec.has(Trait.CONSTANT) and node.operands for node in _nodes(facts))


def adapts(facts: RuleInput) -> bool:
    """For G0628: augmentation whose chance follows the discriminator."""
    return facts.plan is not None and facts.plan.adapts


SOUGHT: dict[str, Callable[[RuleInput], bool]] = {  # by the code of the rule
    "G0605": normalized_under_gradients,
    "G0608": ops_without_second_derivative,
    "G0611": groups_that_do_not_divide,
    "G0623": coupled_images,
    "G0628": adapts,
    "G0640": norms_of_single_numbers,
    "G0670": stops,
    "W0720": normalized_under_gradients,
    "W0721": free_critics,
    "W0727": squashed_outputs,
}


def takes_no_images(facts: RuleInput) -> bool:
    """Whether the game is to be unfolded whatever is asked: ops that it makes may be of two sides alone."""
    graphs = facts.programs("discriminator").values()
    return any(len(node.type.sides) not in (0, 2) for graph in graphs for node in graph.inputs)


def is_sought(code: str, facts: RuleInput) -> bool:
    """Whether a short form alone is asked the rule that gives the code."""
    return code in SOUGHT and SOUGHT[code](facts)


def is_anything_sought(facts: RuleInput) -> bool:
    """Whether a short form alone is asked any rule about its game."""
    return any(sought(facts) for sought in SOUGHT.values())
