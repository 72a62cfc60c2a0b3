"""Rules about weights: those that training moves, and those that the plan regularizes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Any

from gandsl.analysis.facts import TRAINED, RuleInput
from gandsl.analysis.reach_rules import reached
from gandsl.diagnostics import Diagnostic
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.frontend.short_form.table import active


def weights_are_learned(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0622: a network, or a level of one, with nothing to train."""
    for name in TRAINED if facts.plan else ():
        for variant, graph in facts.programs(name).items():
            learned = [graph[id_] for id_ in graph.learned]
            if not reached(graph, learned, list(graph.outputs)):
                yield Diagnostic(
                    "G0622",
                    f"the {name} has no weights that training could move{facts.at(variant)}",
                    facts.declared(name).span,
                    help="put a layer with a weight on the way to its output: conv, linear, bias …",
                )
                break


def weights_to_regularize(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0627: a regularizer of matrices finds none, or is told to skip nodes that have none."""
    plan = facts.plan
    if plan is None:
        return
    fields: list[tuple[str, Any, tuple[str, ...]]] = []  # field, ids that it skips, networks
    for part, template in active(plan):
        if "weights" in template.values():
            skip = reduce(getattr, (*part.split("."), template["skip"]), plan)
            fields.append((part, skip, (template["player"],)))
    if bound := plan.top_singular_value:
        fields.append(("top_singular_value", bound.skip, bound.networks))
    for field, skip, sides in fields:
        if not all(map(facts.network, sides)):
            continue
        matrices = [id_ for side in sides for id_ in _matrices(facts, side)]
        whose = " and ".join(f"the {side}" for side in sides)
        for id_ in skip:
            if not any(name == id_ or name.startswith(f"{id_}.") for name in matrices):
                yield Diagnostic(
                    "G0627",
                    f"`skip` names `{id_}`, and no weight of two dimensions or more of {whose} is there",
                    facts.value(f"{field}.skip"),
                    help=did_you_mean(id_, matrices),
                )
        if not [one for one in matrices if not any(one == id_ or one.startswith(f"{id_}.") for id_ in skip)]:
            yield Diagnostic(
                "G0627",
                f"there is nothing to act on: no weight of {whose} has two dimensions or more"
                + (" that is not skipped" if skip else ""),
                facts.key(field),
                help="drop it",
            )


def _matrices(facts: RuleInput, side: str) -> list[str]:
    """Ids of the layers with a weight of two dimensions or more."""
    found = (
        node.layer
        for graph, node in facts.nodes(side)
        if any(len(shape) > 1 for shape in graph.learned.get(node.id, {}).values())
    )
    return list(dict.fromkeys(found))
