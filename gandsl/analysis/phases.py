"""Optimizer steps as passes over networks: how often, on how many images, how far back.

Those of a game are its own (`gandsl.analysis.game.phases`). Of two networks without one, an image each:

    D    G forward without gradients; D forward on real and on generated images, and backward to its weights
    G    G forward, D forward; backward through D (frozen) to the images, and through G to its weights
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from gandsl.analysis import autodiff
from gandsl.analysis.autodiff import GradientFlow
from gandsl.ir.graph import Graph
from gandsl.ir.types import PICTURES
from gandsl.records import dataclass

NETWORKS = ("generator", "discriminator")


@dataclass(frozen=True)
class StepPhase:
    """One optimizer step: multiply-adds and kept numbers of one image, by network and node."""

    name: str
    every: int  # in steps of the generator
    repeat: int
    images: int  # of a step; kept numbers are those of one micro-batch
    micro_batch: int
    macs: Mapping[str, Mapping[str, int]]
    kept: Mapping[str, Mapping[str, int]]
    penalty: bool = False
    terms: Mapping[str, int] = field(default_factory=dict)  # of a game: multiply-adds of each alone


def forward(graph: Graph) -> dict[str, int]:
    """Multiply-adds of one sample's forward pass, by node."""
    return {node.id: sum(product.macs for product in autodiff.products(graph, node)) for node in graph}


def images_of(graph: Graph) -> frozenset[str]:
    """The inputs that are images, or signals, or volumes."""
    return frozenset(node.id for node in graph.inputs if node.type.kind in PICTURES)


def phases(generator: Graph, discriminator: Graph) -> tuple[StepPhase, ...]:
    """What a generator and a discriminator do again and again."""
    trained, judged = GradientFlow(generator), GradientFlow(discriminator)
    constant = GradientFlow(discriminator, images_of(discriminator), weights=False)
    made, seen = forward(generator), forward(discriminator)
    both = autodiff.combined(seen, autodiff.backward_macs(judged))
    return (
        StepPhase(
            "D",
            1,
            1,
            1,
            1,
            {"generator": made, "discriminator": autodiff.combined(both, both)},
            {"generator": {}, "discriminator": autodiff.combined(*[autodiff.kept_elements(judged)] * 2)},
        ),
        StepPhase(
            "G",
            1,
            1,
            1,
            1,
            {
                "generator": autodiff.combined(made, autodiff.backward_macs(trained)),
                "discriminator": autodiff.combined(seen, autodiff.backward_macs(constant)),
            },
            {
                "generator": autodiff.kept_elements(trained),
                "discriminator": autodiff.kept_elements(constant),
            },
        ),
    )
