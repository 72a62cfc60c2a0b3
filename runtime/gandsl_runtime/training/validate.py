"""Whether a plan and two networks fit each other, for whoever brings networks that no compiler checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..errors import PlanError
from ..network import Network
from ..plan import Plan
from .game import classes_of
from .spectrum import weights_of

Complaint = tuple[str, str]  # message, remedy


def check(plan: Plan, generator: Network, discriminator: Network) -> None:
    """Raise PlanError for the first thing that does not fit."""
    for complaints in (_images, _labels, _classifier, _styles, _levels, _skipped):
        for message, remedy in complaints(plan, generator, discriminator):
            raise PlanError(message, remedy)


def _images(plan: Plan, generator: Network, discriminator: Network) -> Iterator[Complaint]:
    made = [port.shape for port in generator.outputs if port.kind == "Image"]
    judged = [port.shape for port in discriminator.inputs if port.kind == "Image"]
    if made != judged:
        yield (
            f"the generator makes images {_shapes(made)} and the discriminator takes {_shapes(judged)}",
            "give both the same sizes and channels, in the same order",
        )


def _labels(plan: Plan, generator: Network, discriminator: Network) -> Iterator[Complaint]:
    known, judged = classes_of(generator), classes_of(discriminator)
    if judged and not known:
        yield (
            "the discriminator takes labels and the generator does not",
            "give the generator an input of kind Label",
        )
    elif judged and known != judged:
        yield f"the generator knows {known} classes, the discriminator {judged}", "give both the same number"


def _classifier(plan: Plan, generator: Network, discriminator: Network) -> Iterator[Complaint]:
    if plan.auxiliary is None:
        return
    outputs = {port.name: port.shape for port in discriminator.outputs}
    name, classes = plan.auxiliary.output, classes_of(generator)
    if name not in outputs:
        yield (
            f"training.auxiliary.output names {name}, and the discriminator has no such output",
            f"its outputs are {', '.join(outputs)}",
        )
    elif not classes:
        yield (
            "training.auxiliary needs classes, and the generator takes none",
            "give the generator an input of kind Label, or set training.auxiliary to null",
        )
    elif outputs[name] != (classes,):
        yield (
            f"the generator knows {classes} classes, and the discriminator's {name} is {outputs[name]}",
            "give that output one number for each class",
        )
    elif len(outputs) == 1:
        yield (
            f"the discriminator's only output, {name}, is the auxiliary classifier's",
            "give it an output for real and generated as well",
        )


def _styles(plan: Plan, generator: Network, discriminator: Network) -> Iterator[Complaint]:
    wanted = {
        "style_mixing": plan.style_mixing,
        "regularizers.path_length": plan.regularizers.path_length,
    }
    for name, part in wanted.items():
        if part and not generator.has_styles:
            yield f"training.{name} needs a generator with a style space", f"set training.{name} to null"


def _levels(plan: Plan, generator: Network, discriminator: Network) -> Iterator[Complaint]:
    growth, levels = plan.growth, generator.levels
    if growth is None:
        return
    if not levels or levels != discriminator.levels:
        yield (
            "training.growth needs two networks with the same levels",
            "give the spec a growth section, or set training.growth to null",
        )
    for name, key in growth.strangers(levels):
        yield (
            f"training.growth.{name} names {key}, which is no level's size",
            f"the levels are {', '.join(str(max(size)) for size in levels)}",
        )
    try:
        growth.first_level(levels)
    except ValueError as error:
        yield f"training: {error}", "name one of the levels"


def _skipped(plan: Plan, generator: Network, discriminator: Network) -> Iterator[Complaint]:
    named: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []  # field, ids, networks
    if orthogonal := plan.regularizers.orthogonal:
        named.append(("regularizers.orthogonal", orthogonal.skip, ("generator",)))
    if bound := plan.top_singular_value:
        named.append(("top_singular_value", bound.skip, bound.networks))
    networks = {"generator": generator, "discriminator": discriminator}
    for field, ids, sides in named:
        weights = [name for side in sides for name in weights_of(networks[side])]
        for id_ in ids:
            if not any(name.startswith(f"{id_}.") for name in weights):
                yield (
                    f"training.{field}.skip names {id_}, and no node there has a weight",
                    f"name nodes of the {' or '.join(sides)} as its state_dict does",
                )


def _shapes(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join("×".join(map(str, shape)) for shape in shapes) or "none"
