"""Rules about the training plan against the networks that it trains."""

from __future__ import annotations

from collections.abc import Iterator

from gandsl.analysis.facts import RuleInput, label
from gandsl.diagnostics import Diagnostic, Label
from gandsl.diagnostics.articles import a
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.frontend.short_form.table import active
from gandsl.ir.stages import stages


def _style_layers(facts: RuleInput) -> int:
    """How many styles the generator has; 0 without a style space."""
    network = facts.network("generator")
    graph = network.main if network else None
    return graph[graph.styles].type.shape[0] if graph and graph.styles else 0


def styles_are_there(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0606: a part of the plan that is about images as a function of their styles."""
    if facts.plan is None or not facts.network("generator") or _style_layers(facts):
        return
    for part, template in active(facts.plan, idle=True):
        if template.get("by") == "styled.styles":
            yield Diagnostic(
                "G0606",
                f"`{template['term']}` needs a style space, and the generator has none",
                facts.key(part),
                secondary=(Label(facts.declared("generator").span, "no `styles:` here"),),
                help="name the node of kind Styles in the generator: `styles: ws`",
            )


def recomputed_stages_are_named(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0602: a resolution at which no stage of any network works."""
    wanted = facts.plan.checkpointing if facts.plan else ()
    if isinstance(wanted, str) or not wanted:
        return
    known = sorted({side for network in facts.module.networks.values() for side in stages(network).values()})
    for side in wanted if known else ():
        if side not in known:
            *others, last = map(str, known)
            yield Diagnostic(
                "G0602",
                f"`checkpointing` names {side}, and no stage works at that resolution",
                facts.value("checkpointing"),
                help=f"there are {', '.join(others)} and {last}" if others else f"there is {last}",
            )


def networks_of_the_plan(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0602: an optimizer or an average of a network that there is not, frozen weights that there are not."""
    known = list(facts.document.networks)
    named = [
        (name, f"{section}.{name}") for section in _BY_NETWORK for name in getattr(facts.plan, section, ())
    ]
    parts = facts.plan.freeze if facts.plan else ()
    for name, path in (*named, *((part.network, "freeze") for part in parts)):
        if name not in known:
            yield Diagnostic(
                "G0602", f"there is no network `{name}`", facts.key(path), help=did_you_mean(name, known)
            )
    for part in parts:
        network = facts.network(part.network)
        weighted = [*network.weighted()] if network else []
        for pattern in part.nodes if network else ():
            if not any(part.model_copy(update={"nodes": (pattern,)}).holds(id_) for id_ in weighted):
                message = f"`{pattern}` names no weights of `{part.network}`, so nothing is frozen"
                yield Diagnostic(
                    "G0602", message, facts.value("freeze"), help=did_you_mean(pattern, weighted)
                )


_BY_NETWORK = ("optimizers", "averages")


def mixing_has_styles(facts: RuleInput) -> Iterator[Diagnostic]:
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


def classifier_fits(facts: RuleInput) -> Iterator[Diagnostic]:
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
                f"`{name}` is {a(made.type)}, but there are {labels.type.shape[0]} classes",
                facts.value("auxiliary.output"),
                secondary=(label(made, "made here"), label(labels, f"{labels.type.shape[0]} from here")),
                help="give it a number for each class: `features: classes`",
            )
        else:
            continue
        return


def logits_are_said(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0626: several outputs of the discriminator, of which some may be no verdict on real or generated.

    In a run that was begun when nothing had to be said, they are.
    """
    network, plan = facts.network("discriminator"), facts.plan
    if network is None or plan is None or facts.begun or not facts.document.is_short:
        return
    declared = facts.document.networks["discriminator"]
    named = plan.auxiliary.output if plan.auxiliary else None
    outputs = [name for name in declared.outputs if name != named]
    unsaid = [name for name in outputs if name not in declared.output_kinds]
    if len(outputs) < 2 or not unsaid or (named and named not in network.main.outputs):
        return
    name, classes, text = unsaid[0], facts.labels("generator"), declared.outputs[unsaid[0]].text
    made = network.main.outputs.get(name)
    if named is None and classes and made and network.main[made].type.shape == classes.type.shape:
        help = f"if it names the class, say so: `training.auxiliary: {{output: {name}}}`"
    else:
        help = f"if it tells real from generated, write `{name}: {{of: {text}, kind: Logits}}`"
    yield Diagnostic(
        "G0626",
        f"of {len(outputs)} outputs of the discriminator, nothing says whether `{name}` is a logit",
        facts.output("discriminator", name),
        help=help,
    )
