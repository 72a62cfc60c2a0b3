"""Rules about growing families: their levels, their networks, and the plan that walks through them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from gandsl.analysis.facts import TRAINED, RuleInput
from gandsl.diagnostics import Diagnostic, Label
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.ir.graph import Node, Variant
from gandsl.ir.ops.border import times
from gandsl_runtime.plan import Growth, Plan, schedule
from gandsl_runtime.plan.schedule import Clock


def plan_and_family(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0609 and G0616: a growth plan and a growing family belong together."""
    family = facts.document.growth
    if facts.plan is None:
        return
    if facts.plan.growth and family is None:
        yield Diagnostic(
            "G0609",
            "`training.growth` schedules levels, but the spec has no `growth:`",
            facts.key("growth"),
            help='add `growth: {over: "doubling(4, resolution)"}`, or remove `training.growth`',
        )
    if family and facts.plan.growth is None:
        yield Diagnostic(
            "G0616",
            "the networks grow, but `training` does not say when: it has no `growth`",
            family.span,
            secondary=(Label(facts.document.tree.entries["training"].key_span, "the plan"),),
            help="add `growth: {stable: 600 kimg, fade: 600 kimg}` to `training`",
        )


def networks_grow(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0616: both networks have a fade, and the images of a level have its size."""
    if not facts.sizes:
        return
    fades = facts.plan is None or facts.plan.growth is None or facts.plan.growth.fade.number > 0
    for name in TRAINED:
        network = facts.document.networks.get(name)
        if fades and network and not any(port.kind == "Scalar" for port in network.inputs.values()):
            yield Diagnostic(
                "G0616",
                f"the {name} has no input `alpha` to fade a new level in",
                network.span,
                secondary=_family(facts),
                help="add `alpha: {type: Scalar, when: fading}` to its inputs",
            )
    if any(_doubled(small) != large for small, large in pairwise(facts.sizes)):
        return  # reported by levels_double
    own = facts.plan is not None and facts.plan.loss is None
    for variant, graph in facts.programs("generator").items():
        types = {name: graph[id_].type for name, id_ in graph.outputs.items()}
        images = {name: type_.sides for name, type_ in types.items() if type_.sides}
        if own and images:  # a game of its own says what its other scales are for
            largest = max(images, key=lambda name: images[name])
            images = {largest: images[largest]}
        for output, sides in images.items():
            size = facts.sizes[variant.level]
            if sides != size:
                yield Diagnostic(
                    "G0616",
                    f"at level {variant.level} the images are {times(size)},"
                    f" but the generator's `{output}` is {times(sides)}",
                    facts.output("generator", output),
                    secondary=_family(facts),
                    help="use a topology that grows, such as `topology: grow`",
                )
                return


def _family(facts: RuleInput) -> tuple[Label, ...]:
    growth = facts.document.growth
    return (Label(growth.over.span, "the levels"),) if growth else ()


def _doubled(size: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(2 * side for side in size)


def levels_double(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0617."""
    growth = facts.document.growth
    for small, large in pairwise(facts.sizes):
        if growth and large != _doubled(small):
            yield Diagnostic(
                "G0617",
                f"level {times(large)} is not twice {times(small)}, the level before",
                growth.over.span,
                help="`doubling(4, resolution)` lists every size in between",
            )
            return


def layers_are_shared(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0619: a layer is the same at every level, since all levels train one set of weights."""
    for network in facts.module.networks.values():
        first: dict[str, tuple[Variant, Node, object]] = {}
        for variant in sorted(network.programs) if network.levels else ():
            graph = network.programs[variant]
            for node in graph:
                state = graph.learned.get(node.id, {}) | node.spec.buffers(graph.call(node))
                if not state and node.op != "fir":
                    continue
                facts_of = (node.op, dict(node.attrs), state)
                known = first.setdefault(node.id, (variant, node, facts_of))
                if known[2] != facts_of:
                    levels = f"at level {known[0].level} and at level {variant.level}"
                    yield Diagnostic(
                        "G0619",
                        f"`{node.id}` is not the same layer {levels}",
                        node.provenance.span,
                        help="the levels share their weights; what depends on `level` needs an id of its own",
                    )
                    return


def keys_are_levels(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0602: `start`, `batch` and `lr` of the growth plan speak of levels that there are."""
    growth = facts.plan.growth if facts.plan else None
    if growth is None or not facts.sizes:
        return
    longer = [max(size) for size in facts.sizes]
    for field, key in growth.strangers(facts.sizes):
        yield Diagnostic(
            "G0602",
            f"there is no level of size {key}",
            facts.key(f"growth.{field}.{key}"),
            secondary=_family(facts),
            help=_levels(key, longer),
        )
    if growth.start is not None and growth.start not in longer:
        yield Diagnostic(
            "G0602",
            f"there is no level of size {growth.start} to start at",
            facts.value("growth.start"),
            secondary=_family(facts),
            help=_levels(growth.start, longer),
        )


def _levels(key: int, longer: list[int]) -> str | None:
    return (
        did_you_mean(str(key), map(str, longer))
        if key > longer[-1]
        else f"the levels are {', '.join(map(str, longer))}"
    )


def reaches_full_size(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0610: the last level fades in before training ends."""
    plan, growth = facts.plan, facts.plan.growth if facts.plan else None
    if plan is None or growth is None or not facts.sizes:
        return
    if growth.start is not None and growth.start not in [max(size) for size in facts.sizes]:
        return  # reported by keys_are_levels
    needed = growth.full_size_at(facts.sizes)
    shown = _images(plan, growth, facts.sizes)
    if shown <= needed:
        rounds, last = len(facts.sizes) - 1 - growth.first_level(facts.sizes), times(facts.sizes[-1])
        yield Diagnostic(
            "G0610",
            f"training ends after {_kimg(shown)}, and it takes {_kimg(needed)} to fade {last} in",
            facts.value("length"),
            secondary=(Label(facts.key("growth"), f"{rounds} × ({growth.stable} + {growth.fade})"),),
            help="lengthen the training, shorten the phases, or start at a larger size",
        )


def _images(plan: Plan, growth: Growth, sizes: tuple[tuple[int, ...], ...]) -> float:
    """Images shown by the end of training. Steps are counted phase by phase, each with its batch."""
    if not plan.length.in_steps:
        return plan.length.amount
    images, steps = 0, int(plan.length.amount)
    ends = [growth.stable.amount, growth.fade.amount] * len(sizes)
    end = 0.0
    for phase in ends:
        end += phase
        batch = schedule.step(plan, sizes, Clock(images + 1, 0)).batch
        taken = min(steps, -(-max(int(end - images), 0) // batch))
        images, steps = images + taken * batch, steps - taken
    return images + steps * schedule.step(plan, sizes, Clock(images + 1, 0)).batch


def _kimg(images: float) -> str:
    return f"{images / 1000:g} kimg"
