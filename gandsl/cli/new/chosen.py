"""The search: the largest images and widest networks that the time and the memory allow."""

from __future__ import annotations

from typing import NamedTuple

from gandsl.cli.new import choices
from gandsl.cli.new.choices import ChosenField, Circumstances, Shape
from gandsl.cli.new.written import base


class Chosen(NamedTuple):
    """What is written, and what it comes to."""

    shape: Shape
    choices: tuple[ChosenField, ...]
    kimg: float
    fits: bool  # into the memory
    enough: bool  # images in the time


def chosen(given: Circumstances) -> Chosen:
    """The first shape that the time is enough for and the memory holds; where there is none, the smallest.

    Raises SpecError where base and choices do not make a spec, which is a fault of ours.
    """
    last = None
    for shape in choices.shapes(given):
        last = _tried(given, shape)
        if last.enough and last.fits:
            return last
    assert last is not None
    return last


def _tried(given: Circumstances, shape: Shape) -> Chosen:
    from gandsl.analysis import checked
    from gandsl.analysis.cost import module_cost
    from gandsl.cli.memory import proposed
    from gandsl.cli.output import binary

    made = list(choices.networks(given, shape))
    module, _ = checked(base(), {choice.path: choice.value for choice in made})
    cost = module_cost(module)
    bought = choices.kimg(given, cost.flops_per_step / cost.batch)
    enough = choices.enough(shape, bought)
    last = shape == list(choices.shapes(given))[-1]
    if not enough and not last:
        return Chosen(shape, (), bought, False, False)
    proposal = proposed(module, given.memory, given.device)
    made += choices.split(proposal.micro_batch, cost.batch, binary(given.memory))
    made += choices.length(given, shape, bought)
    return Chosen(shape, tuple(made), bought, proposal.fits, enough)
