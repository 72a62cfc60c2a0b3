"""Rules about what depends on what: logits on images, images on styles and latents."""

from __future__ import annotations

from collections.abc import Iterator

from gandsl.analysis import usage
from gandsl.analysis.facts import RuleInput, downstream, label
from gandsl.diagnostics import Diagnostic
from gandsl.ir.graph import Graph, Node
from gandsl.ir.types import PICTURES


def logits_depend_on_images(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0621: nothing that tells real from generated images depends on an image."""
    for variant, graph in facts.programs("discriminator").items():
        images, heads = _inputs(graph, *PICTURES), _heads(facts, graph)
        if images and heads and not reached(graph, images, heads):
            yield Diagnostic(
                "G0621",
                f"the discriminator's {_named(heads)} depend{'s' * (len(heads) == 1)} on no image"
                + facts.at(variant),
                facts.output("discriminator", heads[0]),
                secondary=(label(images[0], "the image"),),
                help="let it depend on what is computed from the image",
            )
            return


def unread_images(facts: RuleInput) -> Iterator[Diagnostic]:
    """W0730: one of several images has no effect on any logit. One that no text mentions is a W0706."""
    unmentioned = {found.span for found in usage.ports(facts)}
    said: set[str] = set()
    for variant, graph in facts.programs("discriminator").items():
        for image in _inputs(graph, *PICTURES):
            where = image.provenance.span
            if image.id in said or where in unmentioned or reached(graph, [image], list(graph.outputs)):
                continue
            said.add(image.id)
            yield Diagnostic(
                "W0730",
                f"no output of the discriminator depends on `{image.id}`{facts.at(variant)}",
                where,
                help="let a node read it, or leave this size out of both networks",
            )


def idle_logits(facts: RuleInput) -> Iterator[Diagnostic]:
    """W0731: an output of the discriminator that is the same for each image."""
    said: set[str] = set()
    for variant, graph in facts.programs("discriminator").items():
        images = _inputs(graph, *PICTURES)
        for output in graph.outputs if images else ():
            if output not in said and not reached(graph, images, [output]):
                said.add(output)
                yield Diagnostic(
                    "W0731",
                    f"the discriminator's `{output}` depends on no image{facts.at(variant)}",
                    facts.output("discriminator", output),
                    secondary=(label(graph[graph.outputs[output]]),),
                    help="let it depend on what is computed from the image, or leave it out",
                )


def idle_latents(facts: RuleInput) -> Iterator[Diagnostic]:
    """W0732: images that are the same for each latent. Latents that no text mentions are a W0706."""
    unmentioned = {found.span for found in usage.ports(facts)}
    for variant, graph in facts.programs("generator").items():
        latents = [node for node in _inputs(graph, "Latent") if node.provenance.span not in unmentioned]
        if latents and not reached(graph, latents, list(graph.outputs)):
            output = next(iter(graph.outputs))
            yield Diagnostic(
                "W0732",
                f"no image depends on a latent{facts.at(variant)}",
                facts.output("generator", output),
                secondary=(label(latents[0], "the latent"),),
                help="let the image depend on what is computed from the latent",
            )
            return


def idle_styles(facts: RuleInput) -> Iterator[Diagnostic]:
    """W0733: a style space that no image reads, at full size."""
    network = facts.network("generator")
    graph, written = network and network.main, facts.declared("generator").styles if network else None
    if not graph or not graph.styles or not written:
        return
    if not reached(graph, [graph[graph.styles]], list(graph.outputs)):
        yield Diagnostic(
            "W0733",
            f"no image depends on the style space `{graph.styles}`",
            written.span,
            help="let the layers of the image read it, or drop `styles:`",
        )


def _inputs(graph: Graph, *kinds: str) -> list[Node]:
    return [node for node in graph.inputs if node.type.kind in kinds]


def _heads(facts: RuleInput, graph: Graph) -> list[str]:
    """The outputs of the discriminator that tell real from generated images."""
    auxiliary = facts.plan and facts.plan.auxiliary
    return [name for name in graph.outputs if not auxiliary or name != auxiliary.output]


def _named(outputs: list[str]) -> str:
    return " and ".join(f"`{name}`" for name in outputs)


def reached(graph: Graph, sources: list[Node], outputs: list[str]) -> bool:
    """Whether one of the outputs depends on one of the sources."""
    behind = downstream(graph, [node.id for node in sources])
    return any(graph.outputs[name] in behind for name in outputs)
