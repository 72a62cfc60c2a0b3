"""Rules about the networks together: what they take, what they give, and what one hands the other."""

from __future__ import annotations

from collections.abc import Iterator

from gandsl.analysis.facts import TRAINED, RuleInput, downstream, place
from gandsl.diagnostics import Diagnostic, Label
from gandsl.diagnostics.articles import a
from gandsl.ir.graph import Graph, Node, Variant
from gandsl.ir.types import PICTURES

# what the trainer feeds, in call order
_INPUTS = {
    "generator": (("Latent", "Label", "Scalar"), "Latent", "a Latent first, then a Label or more Latents"),
    "discriminator": (("Image", "Label", "Scalar"), "Image", "Images first, then a Label"),
}
_OUTPUTS = {
    "generator": (PICTURES, "its outputs are Images or Features"),
    "discriminator": (("Logits",), "its outputs become Logits: Vectors or Features"),
}


def input_kinds(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0613: inputs that the trainer cannot feed."""
    for name, (kinds, wanted, words) in _INPUTS.items():
        said: set[str] = set()
        for variant, graph in facts.programs(name).items():
            for node, why in _unsuitable(graph, kinds, wanted, variant):
                if node is None or node.id not in said:
                    said.add(node.id if node else "")
                    span = node.provenance.span if node else facts.declared(name).span
                    help = f"beside a loss a {name} takes {words}; in a game of its own a network takes any"
                    yield Diagnostic("G0613", f"the {name} {why}", span, help=help)
            if "" in said:
                break


def _unsuitable(
    graph: Graph, kinds: tuple[str, ...], wanted: str, variant: Variant
) -> Iterator[tuple[Node | None, str]]:
    inputs = graph.inputs
    if not any(_role(node) == wanted for node in inputs):
        yield (inputs[0] if inputs else None), f"has no input of kind {wanted}"
        return
    order = -1
    for position, node in enumerate(inputs):
        kind = _role(node)
        rank = kinds.index(kind) if kind in kinds else 0
        if kind not in kinds:
            yield node, f"cannot be given `{node.id}`, of kind {kind}"
        elif kind == "Scalar" and node.id != "alpha":
            yield node, f"takes one Scalar, `alpha`, and no `{node.id}`"
        elif kind == "Scalar" and not variant.fading:
            yield node, "is given `alpha` only while a level fades in: write `when: fading`"
        elif kind == "Label" and any(other.type.kind == "Label" for other in inputs[:position]):
            yield node, "takes one Label"
        elif position == 0 and kind != wanted:
            yield node, f"takes its {wanted} first, not {a(node.type.kind)}"
            return
        elif rank < order and (wanted == "Image" or kinds[order] == "Scalar"):
            yield node, f"takes its {kinds[order]} behind `{node.id}`"
        order = max(order, rank)


def _role(node: Node) -> str:
    """The kind of an input, where signals and volumes are images."""
    return "Image" if node.type.kind in PICTURES else node.type.kind


def output_kinds(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0614: outputs that are no image, or no logits."""
    for name, (wanted, words) in _OUTPUTS.items():
        said: set[str] = set()
        for graph in facts.programs(name).values():
            beside = name == "discriminator" and "Logits" in graph.output_kinds.values()
            if beside and "game" in facts.document.tree:
                continue  # its terms may read what is no logit
            for output, kind in graph.output_kinds.items():
                if kind not in wanted and output not in said:
                    said.add(output)
                    node = graph[graph.outputs[output]]
                    yield Diagnostic(
                        "G0614",
                        f"the {name}'s output `{output}` is {a(node.type)}: {words}",
                        facts.output(name, output),
                        secondary=(Label(place(node), f"`{node.id}`"),),
                        help="an output of another kind is for a term under `game:`" if beside else None,
                    )


def inputs_match_outputs(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0601: the discriminator's images against the generator's, by position, in every program."""
    theirs = facts.programs("discriminator")
    said: set[int] = set()
    for variant, generator in facts.programs("generator").items():
        discriminator = theirs.get(variant)
        if discriminator is None or said:
            return
        shapes = [generator[id_].type.shape for id_ in generator.outputs.values()]
        if not {*generator.output_kinds.values()} <= {*PICTURES}:
            return  # reported by output_kinds
        if facts.sizes and any(shape[1:] != facts.sizes[variant.level] for shape in shapes):
            continue  # does not grow: reported by growth_rules
        made = list(zip(generator.outputs, shapes, strict=True))
        taken = [node for node in discriminator.inputs if _role(node) == "Image"]
        for position, node in enumerate(taken[: len(made)]):
            name, shape = made[position]
            if node.type.shape != shape:
                said.add(position)
                yield Diagnostic(
                    "G0601",
                    f"the discriminator's `{node.id}` is {_shape(node.type.shape)}, but the generator's"
                    f" `{name}` is {_shape(shape)}{facts.at(variant)}",
                    node.provenance.span,
                    secondary=(Label(facts.output("generator", name), f"{_shape(shape)} from here"),),
                    help="derive both from the same parameters",
                )
        if taken and len(taken) != len(made):  # of none, input_kinds says so
            said.add(-1)
            span = (
                taken[len(made)].provenance.span
                if len(taken) > len(made)
                else facts.output("generator", made[len(taken)][0])
            )
            yield Diagnostic(
                "G0601",
                f"the generator has {_count(len(made), 'output')}, but the discriminator takes"
                f" {_count(len(taken), 'image')}{facts.at(variant)}",
                span,
                secondary=(Label(facts.declared("discriminator").span, "the discriminator"),),
                help="the generator's outputs are the discriminator's first inputs, by position",
            )


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def same_classes(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0601: a label means the same in both networks."""
    ours, theirs = facts.labels("generator"), facts.labels("discriminator")
    if ours and theirs and ours.type.shape != theirs.type.shape:
        yield Diagnostic(
            "G0601",
            f"the discriminator's `{theirs.id}` has {theirs.type.shape[0]} classes, but the generator's"
            f" `{ours.id}` has {ours.type.shape[0]}",
            theirs.provenance.span,
            secondary=(Label(ours.provenance.span, f"{ours.type.shape[0]} from here"),),
        )


def labels_for_both(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0604: a discriminator that judges by class, and generated images without one."""
    theirs = facts.labels("discriminator")
    if theirs and facts.programs("generator") and not facts.labels("generator"):
        yield Diagnostic(
            "G0604",
            f"the discriminator judges by the class `{theirs.id}`, but generated images have none:"
            " the generator has no input of kind Label",
            theirs.provenance.span,
            secondary=(Label(facts.declared("generator").span, "no Label among its inputs"),),
            help=f'add `{theirs.id}: "{theirs.type}"` to the generator\'s inputs',
        )


def style_space_is_a_cut(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0615: a way from the inputs to the image past the style space."""
    for graph in facts.programs("generator").values():
        if graph.styles is None:
            continue
        sources = [node.id for node in graph.inputs if node.type.kind != "Scalar"]
        around = downstream(graph, sources, frozenset({graph.styles}))
        reached = [name for name, id_ in graph.outputs.items() if id_ in around]
        if not reached:
            continue
        path = _shortest(graph, sources, graph.outputs[reached[0]], around)
        written = facts.declared("generator").styles
        yield Diagnostic(
            "G0615",
            f"`{graph.styles}` is not the style space: `{reached[0]}` depends on `{path[0]}` past it",
            written.span if written else facts.declared("generator").span,
            secondary=tuple(Label(place(graph[id_]), f"`{id_}` does not read it") for id_ in path[1:2]),
            notes=(f"by way of {' → '.join(path if len(path) < 6 else [*path[:3], '…', path[-1]])}",),
            help="everything between the latent and the image passes through `styles`",
        )
        return


def _shortest(graph: Graph, sources: list[str], target: str, inside: set[str]) -> list[str]:
    """A way from a source to the target through `inside`, breadth first."""
    ways = {target: [target]}
    waiting = [target]
    for id_ in waiting:
        if id_ in sources:
            return ways[id_]
        for operand in graph.reads(graph[id_]):
            if operand in inside and operand not in ways:
                ways[operand] = [operand, *ways[id_]]
                waiting.append(operand)
    return [target]


def one_image_at_several_sizes(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0624: several images of an item, where the data has one: it is averaged down to each size."""
    made = facts.programs("generator")
    for variant, graph in facts.programs("discriminator").items():
        images = [node for node in graph.inputs if node.type.kind in PICTURES]
        if len(images) < 2 or (variant in made and len(made[variant].outputs) != len(images)):
            continue  # of as many as G makes: another number is reported by inputs_match_outputs
        largest = max(images, key=lambda node: node.type.elements)
        for position, image in enumerate(images):
            alike = [other for other in images[:position] if other.type.sides == image.type.sides]
            other = alike[0] if alike else largest
            if (
                alike
                or image.type.shape[0] != other.type.shape[0]
                or any(map(int.__gt__, image.type.sides, largest.type.sides))
            ):
                yield Diagnostic(
                    "G0624",
                    f"the discriminator takes `{other.id}` {_shape(other.type.shape)} and `{image.id}`"
                    f" {_shape(image.type.shape)}, but each item of the data is one image",
                    image.provenance.span,
                    secondary=(Label(other.provenance.span, f"`{other.id}`"),),
                    help="several images are one at several sizes, each averaged down from the largest",
                )
                return


def networks_are_trained(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0625: a network that the training plan leaves alone. A game says itself whom it trains."""
    two = facts.document.training and "game" not in facts.document.tree
    if not {*TRAINED} & {*facts.document.networks}:
        return  # where it has neither, that is what is said
    for name, network in facts.document.networks.items() if two else ():
        if name not in TRAINED:
            yield Diagnostic(
                "G0625",
                f"`{name}` is neither trained nor saved: a loss plays a generator and a discriminator",
                network.span,
                help="let a player of `game:` train it, or take it out of this spec",
            )
