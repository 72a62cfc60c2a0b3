"""From a seed to the text of a spec: two random networks of all ops, in all forms of nodes, and a plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from gandsl.ir.op import Op, Trait
from gandsl.ir.ops import OPS
from gandsl.spec.write import to_yaml
from gandsl_runtime.plan import Regularizers
from tests.random_specs.again import Again
from tests.random_specs.growing import Levels
from tests.random_specs.mild import bounded
from tests.random_specs.networks import Networks, discriminator, generator
from tests.random_specs.plan import plan
from tests.random_specs.recipe import Recipe


def spec_text(recipe: Recipe) -> str:
    """The spec of a recipe: the same text everywhere. Most pass `gandsl check`; the rest it refuses."""
    return to_yaml(spec(recipe))


def spec(recipe: Recipe) -> dict[str, Any]:
    """The spec as plain data. Each seed features other ops and penalties, so that few seeds show all."""
    rng = Random(recipe.seed)
    ops = [recipe.featured(place) for place in range(4)]
    nets = Networks(rng, _deck(rng, recipe), recipe.palette, classes=rng.choice([0, 2, 3]))
    nets.again = Again(Random(f"{recipe} again"), recipe.about)
    if rng.random() < 0.2:
        nets.levels = Levels(rng)
    made_generator = generator(nets, ops[0], ops[1])
    made_discriminator = discriminator(nets, ops[2], ops[3])
    found: dict[str, Any] = {"gandsl": 1, "name": f"random_{recipe.seed}"}
    if nets.blocks:
        found["blocks"] = nets.blocks
    if nets.levels:
        found["growth"] = {"over": nets.levels.over}
    found |= {"generator": made_generator, "discriminator": made_discriminator}
    training = plan(
        rng,
        styles=nets.styles,
        auxiliary=nets.auxiliary,
        levels=nets.levels.sizes if nets.levels else [],
        penalties=[_of(list(Regularizers.model_fields), recipe.seed)],
        never=() if rng.random() < 0.1 else _unfit(found),
    )
    if training["precision"].get("compute") == "fp16":
        found = bounded(found)
    return found | {"training": training}


def _unfit(spec: dict[str, Any]) -> set[str]:
    """Penalties that `check` would refuse, for an op somewhere in the spec."""
    used = {op for op in OPS.values() if f"{op.name!r}" in repr([spec.get("blocks"), spec["discriminator"]])}
    made = {op for op in OPS.values() if f"{op.name!r}" in repr([spec.get("blocks"), spec["generator"]])}
    found = set()
    if any(not op.has(Trait.TWICE_DIFFERENTIABLE) for op in used):
        found |= {"r1", "r2", "gradient_penalty"}
    if any(op.has(Trait.BATCH_NORMALIZED) for op in used):
        found.add("gradient_penalty")
    if any(not op.has(Trait.TWICE_DIFFERENTIABLE) for op in made):
        found.add("path_length")
    return found


def _of(choices: Sequence[str], seed: int) -> str:
    return choices[seed % len(choices)]


def _deck(rng: Random, recipe: Recipe) -> Iterator[Op]:
    """All ops in random order, again and again; what it is about comes thrice as often."""
    ops = [*recipe.palette, *(OPS[name] for name in recipe.about * 2)]
    while True:
        yield from rng.sample(ops, len(ops))
