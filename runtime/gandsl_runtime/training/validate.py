"""Whether a plan fits the networks that it trains: levels, and the layers that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..errors import PlanError
from ..network import Network
from ..plan import Plan
from .spectrum import weights_of

Networks = Mapping[str, Network]
Complaint = tuple[str, str]  # message, remedy


def check(plan: Plan, networks: Networks) -> None:
    """Raise PlanError for the first thing that does not fit."""
    for complaints in (_levels, _bounded):
        for message, remedy in complaints(plan, networks):
            raise PlanError(message, remedy)


def _levels(plan: Plan, networks: Networks) -> Iterator[Complaint]:
    growth = plan.growth
    if growth is None:
        return
    levels, *others = (network.levels for network in networks.values())
    if not levels or any(other != levels for other in others):
        yield (
            "training.growth needs networks with the same levels",
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


def _bounded(plan: Plan, networks: Networks) -> Iterator[Complaint]:
    if bound := plan.top_singular_value:
        sides = [name for name in bound.networks if name in networks]
        yield from skipped("top_singular_value", bound.skip, {name: networks[name] for name in sides})


def skipped(field: str, ids: tuple[str, ...], networks: Networks) -> Iterator[Complaint]:
    """Complaints about ids that a field of the plan skips, and that have no weight there."""
    weights = [name for network in networks.values() for name in weights_of(network)]
    for id_ in ids:
        if not any(name.startswith(f"{id_}.") for name in weights):
            yield (
                f"training.{field}.skip names {id_}, and no node there has a weight",
                f"name nodes of the {' or '.join(networks)} as its state_dict does",
            )
