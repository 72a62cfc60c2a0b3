"""Whether a short form may hold what a rule about its game is about: quick, and never no for a yes."""

from __future__ import annotations

from collections.abc import Iterator

from gandsl.analysis.batch_rules import batches
from gandsl.analysis.facts import TRAINED, RuleInput
from gandsl.analysis.game.gradients import lacks_a_second, normalizes
from gandsl.analysis.game.lints import is_spectral, squashes
from gandsl.frontend.short_form.terms import active
from gandsl.ir.graph import Node


def ops_without_second_derivative(facts: RuleInput) -> bool:
    """For G0608: a gradient, and an op of either network that it could not pass twice."""
    return _gradients(facts) and any(map(lacks_a_second, _nodes(facts)))


def normalized_under_gradients(facts: RuleInput) -> bool:
    """For G0605 and W0720: a gradient, and batch normalization."""
    return _gradients(facts) and any(map(normalizes, _nodes(facts)))


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
    """For W0721: no gradient by the discriminator's terms, and no spectral normalization in it."""
    return not _gradients(facts, "discriminator") and not is_spectral(facts, "discriminator")


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
    parts = active(facts.plan) if facts.plan else ()
    return any("by" in template and template["player"].startswith(player) for _, template in parts)


def adapts(facts: RuleInput) -> bool:
    """For G0628: augmentation whose chance follows the discriminator."""
    return facts.plan is not None and facts.plan.adapts
