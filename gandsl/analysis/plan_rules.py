"""Rules about the training plan against the networks that it trains."""

from __future__ import annotations

from collections.abc import Iterator

from gandsl.analysis.facts import Facts, between, label, place
from gandsl.diagnostics import Diagnostic, Label
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.ir.graph import Node
from gandsl.ir.op import Trait
from gandsl.ir.stages import stages
from gandsl_runtime.plan import Plan

_ON_IMAGES = {  # regularizer → what it is called
    "r1": "R1",
    "r2": "R2",
    "gradient_penalty": "the gradient penalty",
}


def active(plan: Plan | None, names: tuple[str, ...]) -> list[str]:
    """The regularizers among `names` that the plan has, with a weight."""
    if plan is None:
        return []
    found = {name: getattr(plan.regularizers, name) for name in names}
    return [name for name, p in found.items() if p and (p.gamma if hasattr(p, "gamma") else p.weight) != 0]


def critic_without_batch_norm(facts: Facts) -> Iterator[Diagnostic]:
    """G0605. Ops that only compare the samples of a batch, such as minibatch statistics, are fine."""
    norms = facts.having("discriminator", Trait.BATCH_NORMALIZED)
    if norms and active(facts.plan, ("gradient_penalty",)):
        yield Diagnostic(
            "G0605",
            f"the gradient penalty is not valid across `{norms[0].id}`, which normalizes over the batch",
            facts.key("regularizers.gradient_penalty"),
            secondary=_places(norms),
            help="use layer, instance or group normalization in the discriminator, or none",
        )


def _places(nodes: list[Node], most: int = 3) -> tuple[Label, ...]:
    """The different lines that nodes come from."""
    unlike = {place(node): node for node in reversed(nodes)}
    return tuple(label(node) for node in reversed(unlike.values()))[:most]


def _style_layers(facts: Facts) -> int:
    """How many styles the generator has; 0 without a style space."""
    network = facts.network("generator")
    graph = network.main if network else None
    return graph[graph.styles].type.shape[0] if graph and graph.styles else 0


def path_length_has_styles(facts: Facts) -> Iterator[Diagnostic]:
    """G0606."""
    if active(facts.plan, ("path_length",)) and facts.network("generator") and not _style_layers(facts):
        yield Diagnostic(
            "G0606",
            "path length regularization needs a style space, and the generator has none",
            facts.key("regularizers.path_length"),
            secondary=(Label(facts.declared("generator").span, "no `styles:` here"),),
            help="name the node of kind Styles in the generator: `styles: ws`",
        )


def checkpointing_names_stages(facts: Facts) -> Iterator[Diagnostic]:
    """G0602: a resolution at which no stage of any network works."""
    wanted = facts.plan.checkpointing if facts.plan else ()
    known = sorted({side for network in facts.module.networks.values() for side in stages(network).values()})
    for side in () if isinstance(wanted, str) or not known else wanted:
        if side not in known:
            *others, last = map(str, known)
            yield Diagnostic(
                "G0602",
                f"`checkpointing` names {side}, and no stage works at that resolution",
                facts.value("checkpointing"),
                help=f"there are {', '.join(others)} and {last}" if others else f"there is {last}",
            )


def mixing_has_styles(facts: Facts) -> Iterator[Diagnostic]:
    """G0607: no style space, or one of a single layer."""
    layers = _style_layers(facts)
    if facts.plan and facts.plan.style_mixing and facts.network("generator") and layers < 2:
        yield Diagnostic(
            "G0607",
            "style mixing needs a style space of two layers or more, and the generator has "
            + ("one layer" if layers else "none"),
            facts.key("style_mixing"),
            secondary=(Label(facts.declared("generator").span, "no `styles:` here"),) if not layers else (),
            help="name the node of kind Styles in the generator: `styles: ws`" if not layers else None,
        )


def twice_differentiable(facts: Facts) -> Iterator[Diagnostic]:
    """G0608: a penalty on gradients is differentiated itself, so ops on its way need second derivatives."""
    for name in active(facts.plan, tuple(_ON_IMAGES)):
        if nodes := _hard(facts, "discriminator"):
            yield _across(facts, name, f"{_ON_IMAGES[name]} differentiates the discriminator twice", nodes)
    if active(facts.plan, ("path_length",)) and (nodes := _hard(facts, "generator")):
        yield _across(facts, "path_length", "path length differentiates the generator twice", nodes)


def _across(facts: Facts, name: str, message: str, nodes: list[Node]) -> Diagnostic:
    return Diagnostic(
        "G0608",
        f"{message}, and `{nodes[0].id}` ({nodes[0].op}) has no second derivative",
        facts.key(f"regularizers.{name}"),
        secondary=_places(nodes),
        help="replace the op, or drop the penalty",
    )


def _hard(facts: Facts, network: str) -> list[Node]:
    """Nodes without a second derivative between what a penalty differentiates to and the outputs."""
    found: dict[str, Node] = {}
    for graph in facts.programs(network).values():
        images = [node.id for node in graph.inputs if node.type.kind == "Image"]
        sources = images if network == "discriminator" else [graph.styles] if graph.styles else []
        for node in between(graph, sources):
            if not node.spec.has(Trait.TWICE_DIFFERENTIABLE):
                found.setdefault(node.id, node)
    return list(found.values())


def classifier_fits(facts: Facts) -> Iterator[Diagnostic]:
    """G0604, G0620: an auxiliary classifier needs classes, and an output of D with a logit for each."""
    auxiliary = facts.plan and facts.plan.auxiliary
    if not auxiliary or not facts.programs("generator") or not facts.programs("discriminator"):
        return
    labels = facts.labels("generator")
    if labels is None:
        yield Diagnostic(
            "G0604",
            "an auxiliary classifier needs classes, but the generator has no input of kind Label",
            facts.key("auxiliary"),
            secondary=(Label(facts.declared("generator").span, "no Label among its inputs"),),
            help='add `y: "Label[10]"` to the generator\'s inputs, and let a node read it',
        )
    name = auxiliary.output
    for graph in facts.programs("discriminator").values():
        given = graph.outputs
        if name not in given:
            yield Diagnostic(
                "G0620",
                f"the discriminator has no output `{name}`",
                facts.value("auxiliary.output"),
                help=did_you_mean(name, given, "it has"),
            )
        elif len(given) == 1:
            yield Diagnostic(
                "G0620",
                f"`{name}` is the discriminator's only output: nothing tells real from generated images",
                facts.value("auxiliary.output"),
                secondary=(Label(facts.output("discriminator", name), f"`{name}`"),),
                help="name another one beside it: `outputs: {source: ..., label: ...}`",
            )
        elif labels and graph[given[name]].type.shape != labels.type.shape:
            made = graph[given[name]]
            yield Diagnostic(
                "G0620",
                f"`{name}` is a {made.type}, but there are {labels.type.shape[0]} classes",
                facts.value("auxiliary.output"),
                secondary=(label(made, "made here"), label(labels, f"{labels.type.shape[0]} from here")),
                help="give it a number for each class: `features: classes`",
            )
        else:
            continue
        return


def batches(facts: Facts) -> list[tuple[str, int, int | None]]:
    """Every batch of the plan: the field it stands in, its size, and its level (None: all others)."""
    plan = facts.plan
    if plan is None:
        return []
    if plan.growth is None or not facts.sizes:
        return [("batch", plan.batch, None)]
    longer = [max(size) for size in facts.sizes]
    own = plan.growth.batch
    found: list[tuple[str, int, int | None]] = [
        (f"growth.batch.{key}", size, longer.index(key)) for key, size in own.items() if key in longer
    ]
    return found if set(longer) <= set(own) else [("batch", plan.batch, None), *found]


def batch_splits(facts: Facts) -> Iterator[Diagnostic]:
    """G0618: micro-batches of equal size, so that batch statistics and averages mean the same in each."""
    plan = facts.plan
    if plan is None or plan.micro_batch is None:
        return
    micro = plan.micro_batch
    for path, size, _ in batches(facts):
        if size > micro and size % micro:
            yield Diagnostic(
                "G0618",
                f"a batch of {size} cannot be split into micro-batches of {micro}",
                facts.value("micro_batch"),
                secondary=(Label(facts.value(path), "the batch"),),
                help=f"take a batch of {size - size % micro}, or a micro-batch that divides {size}",
            )


def batch_norm_has_several(facts: Facts) -> Iterator[Diagnostic]:
    """G0640: what is normalized over the batch has more than one number at a time: one has no variance."""
    plan = facts.plan
    if plan is None:
        return
    sizes = [(name, *batch) for name in ("generator", "discriminator") for batch in batches(facts)]
    path_length = plan.regularizers.path_length
    if active(plan, ("path_length",)) and path_length and path_length.batch:
        sizes.append(("generator", "regularizers.path_length.batch", path_length.batch, None))
    together = facts.processes if plan.synchronize.batch_norm else 1
    for name, path, size, level in sizes:
        own = -(-size // facts.processes)
        turns = -(-own // min(plan.micro_batch or own, own))
        if size // (turns * facts.processes) * together > 1:
            continue
        for node in _normalized_alone(facts, name, level):
            where = "micro_batch" if turns > 1 else path
            yield Diagnostic(
                "G0640",
                f"`{node.id}` normalizes over the batch, and is given one number for each channel at a time",
                facts.value(where),
                secondary=(label(node, f"of a {node.type}"),),
                help="train on two images or more at a time, or normalize each image (`layer_norm`)",
            )
            return


def _normalized_alone(facts: Facts, name: str, level: int | None) -> Iterator[Node]:
    """Nodes that normalize over the batch, and have one number for each channel of a sample."""
    for variant, graph in facts.programs(name).items():
        if level in (None, variant.level):
            for node in graph:
                if node.spec.has(Trait.BATCH_NORMALIZED) and node.type.elements == node.type.shape[0]:
                    yield node


def batch_fits_groups(facts: Facts) -> Iterator[Diagnostic]:
    """G0611: D sees what a process does at a time (real and generated images joined, if so planned)."""
    plan = facts.plan
    if plan is None:
        return
    joint = 2 if plan.discriminator_passes == "joint" else 1
    for path, size, level in batches(facts):
        own = max(size // facts.processes, 1)
        seen = min(plan.micro_batch or own, own)
        for node in _statistics(facts, level):
            group = node.attrs["group"]
            odd = [part for part in sorted({seen, seen * joint}) if group and part % min(group, part)]
            if odd:
                where = "micro_batch" if seen < own else path
                yield Diagnostic(
                    "G0611",
                    f"`{node.id}` cannot split {odd[0]} images"
                    + (" of a process" if facts.processes > 1 else "")
                    + f" into groups of {min(group, odd[0])}",
                    facts.value(where),
                    secondary=(label(node, f"groups of {group}"),),
                    help=f"take a multiple of {group}, or another group",
                )
                break


def _statistics(facts: Facts, level: int | None) -> list[Node]:
    nodes = {
        node.id: node
        for variant, graph in facts.programs("discriminator").items()
        for node in graph
        if node.op == "minibatch_stddev" and level in (None, variant.level)
    }
    return list(nodes.values())
