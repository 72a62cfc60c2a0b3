"""Whether two networks can play a plan's loss, for whoever brings networks that no compiler checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

from gandsl.frontend.game.call import KEYS
from gandsl.frontend.short_form.table import active
from gandsl.ir.types import KINDS, PICTURES
from gandsl_runtime.errors import PlanError
from gandsl_runtime.layers import TrackAverage
from gandsl_runtime.network import Network
from gandsl_runtime.plan import Plan
from gandsl_runtime.training import validate
from gandsl_runtime.training.validate import Complaint, skipped

PLAYERS = ("generator", "discriminator")
# what a loss knows to do with, by network: kinds of inputs, and of outputs
ROLES = {
    "generator": (("Latent", "Label"), PICTURES),
    "discriminator": ((*PICTURES, "Label"), ("Logits",)),
}


def check(plan: Plan, networks: Mapping[str, Network]) -> None:
    """Raise PlanError for the first thing that does not fit."""
    for message, remedy in _players(plan, networks):
        raise PlanError(message, remedy)
    for name in PLAYERS:
        for message, remedy in _ports(name, networks[name]):
            raise PlanError(message, remedy)
    validate.check(plan, networks)
    for complaints in (_images, _labels, _classifier, _styles, _weights, _names):
        for message, remedy in complaints(plan, *(networks[name] for name in PLAYERS)):
            raise PlanError(message, remedy)


def _players(plan: Plan, networks: Mapping[str, Network]) -> Iterator[Complaint]:
    if plan.loss is None:
        yield "the plan has no loss, which says what is minimized", "give it one, such as `loss: logistic`"
    if networks.keys() != set(PLAYERS):
        yield (
            f"a loss is played by two networks, and these are {', '.join(networks) or 'none'}",
            f"give a mapping with {' and '.join(PLAYERS)}",
        )


def _ports(name: str, network: Network) -> Iterator[Complaint]:
    """What goes in and out has kinds that a loss knows, shapes of these, and names of its own."""
    for what, ports, known in zip(
        ("input", "output"), (network.inputs, network.outputs), ROLES[name], strict=True
    ):
        if not ports:
            yield f"the {name} says of no {what}", f"give it `{what}s`, a tuple of Port(name, kind, shape)"
        for port in ports:
            called, ranks = f"the {name}'s {what} {port.name}", KINDS.get(port.kind, ((),))[0]
            if port.kind not in known:
                yield (
                    f"{called} is of kind {port.kind}, and a loss knows {' and '.join(known)} there",
                    "write the game out in a spec: there networks may have anything",
                )
            elif len(port.shape) not in ranks:
                yield (
                    f"{called}, of kind {port.kind}, has the shape {port.shape}",
                    "leave the batch out: Latent (n,), Label (classes,), Image (c, h, w), Logits (n,)",
                )
            elif what == "input" and port.name in KEYS:
                yield f"{called} has a name that means something else in a game", "rename it"
        names = [port.name for port in ports]
        if twice := next((one for one in names if names.count(one) > 1), None):
            yield f"the {name} has two {what}s called {twice}", "give each a name of its own"
        if sum(port.kind == "Label" for port in ports) > 1:
            yield f"the {name} takes several labels, and the data has one", "keep one input of kind Label"


def _images(plan: Plan, generator: Network, discriminator: Network) -> Iterator[Complaint]:
    made = [port.shape for port in generator.outputs if port.kind in PICTURES]
    judged = [port.shape for port in discriminator.inputs if port.kind in PICTURES]
    if made != judged:
        yield (
            f"the generator makes images {_shapes(made)} and the discriminator takes {_shapes(judged)}",
            "give both the same sizes and channels, in the same order",
        )


def _labels(plan: Plan, generator: Network, discriminator: Network) -> Iterator[Complaint]:
    known, judged = _classes_of(generator), _classes_of(discriminator)
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
    name, classes = plan.auxiliary.output, _classes_of(generator)
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
    wanted = ["style_mixing"] if plan.style_mixing else []
    wanted += [part for part, template in active(plan, idle=True) if template.get("by") == "styled.styles"]
    for name in wanted if not generator.has_styles else ():
        yield f"training.{name} needs a generator with a style space", f"set training.{name} to null"


def _weights(plan: Plan, generator: Network, discriminator: Network) -> Iterator[Complaint]:
    networks = {"generator": generator, "discriminator": discriminator}
    for part, template in active(plan):
        if "weights" in template.values():
            skip: Any = reduce(getattr, (*part.split("."), template["skip"]), plan)
            yield from skipped(part, skip, {template["player"]: networks[template["player"]]})


def _names(plan: Plan, generator: Network, discriminator: Network) -> Iterator[Complaint]:
    inputs = {port.name for port in generator.inputs}
    for path, layer in generator.named_modules():
        if isinstance(layer, TrackAverage) and path in inputs:
            yield f"the generator has an input and a running mean called {path}", "rename one of them"


def _classes_of(network: Network) -> int:
    """The number of classes of the network's label input; 0 when it takes none."""
    return next((port.shape[0] for port in network.inputs if port.kind == "Label"), 0)


def _shapes(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join("×".join(map(str, shape)) for shape in shapes) or "none"
