"""The optimizer steps of a plan as passes over the networks: how often, on how many images, how far back.

Follows `gandsl_runtime.training.phases`, in eager mode:

    D    G forward without gradients; D forward on real and on generated images, and backward to its weights
    D/n  every n steps: D forward, the gradient to its input, the derivative of that, and D backward
    G    G forward, D forward; backward through D (frozen) to the images, and through G to its weights
    G/n  every n steps: G forward, the gradient to the styles, the derivative of that, and G backward
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gandsl.analysis import autodiff
from gandsl.analysis.autodiff import GradientFlow
from gandsl.ir.graph import Graph

if TYPE_CHECKING:
    from gandsl_runtime.plan import Plan

NETWORKS = ("generator", "discriminator")
_BETWEEN_OR_FAKE = ("between", "fake")


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
    """The inputs that a penalty differentiates to."""
    return frozenset(node.id for node in graph.inputs if node.type.kind == "Image")


def upstream(graph: Graph, id_: str) -> frozenset[str]:
    """Ids of all that a node depends on, itself included."""
    found: set[str] = set()
    waiting = [id_]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting.extend(graph[current].operands)
    return frozenset(found)


class _Networks:
    """The two graphs, and the figures that several phases share."""

    def __init__(self, generator: Graph, discriminator: Graph, mixing: bool) -> None:
        self.g, self.d = generator, discriminator
        self.images = images_of(discriminator)
        # mixing maps a second latent for each image, with gradients
        self.twice = upstream(generator, generator.styles) if mixing and generator.styles else frozenset()
        self.g_forward, self.d_forward = self._mixed(forward(generator)), forward(discriminator)

    def _mixed(self, by_node: Mapping[str, int]) -> dict[str, int]:
        return {id_: value * (1 + (id_ in self.twice)) for id_, value in by_node.items()}

    def g_training(self) -> tuple[dict[str, int], dict[str, int]]:
        flow = GradientFlow(self.g)
        macs = autodiff.combined(self.g_forward, self._mixed(autodiff.backward_macs(flow)))
        return macs, self._mixed(autodiff.kept_elements(flow))

    def d_training(self, passes: int) -> tuple[dict[str, int], dict[str, int]]:
        flow = GradientFlow(self.d)
        macs = autodiff.combined(self.d_forward, autodiff.backward_macs(flow))
        kept = autodiff.kept_elements(flow)
        return _times(macs, passes), _times(kept, passes)

    def d_frozen(self) -> tuple[dict[str, int], dict[str, int]]:
        flow = GradientFlow(self.d, self.images, weights=False)
        macs = autodiff.combined(self.d_forward, autodiff.backward_macs(flow))
        return macs, autodiff.kept_elements(flow)

    def d_penalty(self) -> tuple[dict[str, int], dict[str, int]]:
        macs = autodiff.combined(self.d_forward, autodiff.penalty_macs(self.d, self.images))
        return macs, autodiff.penalty_elements(self.d, self.images)

    def path_length(self) -> tuple[dict[str, int], dict[str, int]]:
        assert self.g.styles is not None
        sources = frozenset({self.g.styles})
        macs = autodiff.penalty_macs(self.g, sources)
        mapping = self._mixed({id_: m for id_, m in macs.items() if id_ in self.twice})
        macs = autodiff.combined(self.g_forward, macs | mapping)
        return macs, self._mixed(autodiff.penalty_elements(self.g, sources))


def _times(by_node: Mapping[str, int], factor: int) -> dict[str, int]:
    return {id_: value * factor for id_, value in by_node.items()}


def phases(generator: Graph, discriminator: Graph, plan: Plan | None) -> tuple[StepPhase, ...]:
    """What a training run does again and again. Without a plan: one G and one D step, an image each."""
    batch = plan.batch if plan else 1
    micro = (plan.micro_batch if plan else None) or batch
    nets = _Networks(generator, discriminator, bool(plan and plan.style_mixing))
    penalties = _penalties(plan)
    joined = [p for name, p in penalties.items() if name != "path_length" and p.interval == 1]
    lazy: dict[int, list[Any]] = {}
    for name, parameters in penalties.items():
        if name != "path_length" and parameters.interval > 1:
            lazy.setdefault(parameters.interval, []).append(parameters)

    def phase(name: str, every: int, g: _Pass, d: _Pass, **more: Any) -> StepPhase:
        macs = {"generator": g[0], "discriminator": d[0]}
        kept = {"generator": g[1], "discriminator": d[1]}
        return StepPhase(
            name, every, more.pop("repeat", 1), more.pop("images", batch), micro, macs, kept, **more
        )

    fake: _Pass = (nets.g_forward, {})  # made without gradients
    nothing: _Pass = ({}, {})
    d_main = nets.d_training(2)
    for parameters in joined:
        d_main = _joined(nets, d_main, parameters)
    again = plan.regularizers.consistency if plan else None
    if again:
        more = nets.d_training(len(again.extra_discriminator_passes))
        d_main = autodiff.combined(d_main[0], more[0]), autodiff.combined(d_main[1], more[1])
    made: _Pass = (
        (_times(nets.g_forward, 2), {}) if again and "latent" in again.extra_discriminator_passes else fake
    )
    found = [phase("D", 1, made, d_main, repeat=plan.discriminator_steps if plan else 1)]
    for every, group in sorted(lazy.items()):
        places = {_place(parameters) for parameters in group}
        one = nets.d_penalty()
        d = (_times(one[0], len(places)), _times(one[1], len(places)))
        found.append(
            phase(f"D/{every}", every, fake if places & set(_BETWEEN_OR_FAKE) else nothing, d, penalty=True)
        )
    g_main, d_frozen = nets.g_training(), nets.d_frozen()
    if plan and plan.loss.kind.startswith("relativistic"):
        d_frozen = (autodiff.combined(d_frozen[0], nets.d_forward), d_frozen[1])
    if again and again.extra_generator_pass:
        g_main = _times(g_main[0], 2), _times(g_main[1], 2)
    found.append(phase("G", 1, g_main, d_frozen))
    if path := penalties.get("path_length"):
        size = min(path.batch or batch, batch)
        found.append(
            phase(f"G/{path.interval}", path.interval, nets.path_length(), nothing, images=size, penalty=True)
        )
    return tuple(found)


_Pass = tuple[dict[str, int], dict[str, int]]


def _penalties(plan: Plan | None) -> dict[str, Any]:
    """Penalties that differentiate a network and weigh something."""
    if plan is None:
        return {}
    return {
        name: p
        for name, p in plan.regularizers
        if p is not None and hasattr(p, "interval") and (p.gamma if hasattr(p, "gamma") else p.weight) != 0
    }


def _place(parameters: Any) -> str:
    kinds = {"R1": "real", "R2": "fake"}
    return kinds.get(type(parameters).__name__) or str(parameters.interpolate)


def _joined(nets: _Networks, main: _Pass, parameters: Any) -> _Pass:
    """A penalty in the main step: the forward and backward pass of real or fake images are there already."""
    macs, kept = nets.d_penalty()
    if _place(parameters) != "between":
        once, once_kept = nets.d_training(1)
        macs = {id_: value - once[id_] for id_, value in macs.items()}
        kept = {id_: value - once_kept[id_] for id_, value in kept.items()}
    return autodiff.combined(main[0], macs), autodiff.combined(main[1], kept)
