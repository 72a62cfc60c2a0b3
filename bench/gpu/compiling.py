"""Compiled steps beside eager ones: the same state, one graph a pass, no size that varies, nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from bench.figures import some
from bench.gpu import ours
from bench.gpu.agreement import DOUBLE
from bench.gpu.entry import Setting
from gandsl_runtime.plan.schedule import Clock

IN_16_BITS = 0.1  # of a loss: each pass was held against eager before, and rounds otherwise
STEPS = 3


class Counting:
    """A backend of torch.compile, and what it was given."""

    def __init__(self, name: str) -> None:
        self.graphs = self.symbolic = 0
        self._backend = torch._dynamo.lookup_backend(name)

    def __call__(self, graph: torch.fx.GraphModule, inputs: list[Any]) -> Callable[..., Any]:
        self.graphs += 1
        self.symbolic += any(not _fixed(one) for one in inputs)
        return self._backend(graph, inputs)


def _fixed(given: Any) -> bool:
    sizes = given.shape if isinstance(given, torch.Tensor) else (given,)
    return not any(isinstance(size, torch.SymInt) for size in sizes)


def steps(
    setting: Setting, spec: str, overrides: Mapping[str, Any], *, halves: bool = False
) -> dict[str, Any]:
    """A few steps, in float64 but for `halves`, the first of which takes every phase; and their graphs."""
    small = ours.small(spec, overrides)
    told = ours.Told()
    backend = Counting("inductor" if setting.cuda else "aot_eager")
    found, means, graphs = [], [], []
    for how in ({}, {"backend": backend, "observing": (told,)}):
        run = ours.steps(spec, small, setting.device, "cuda", 0, double=not halves, seed=3, **how)
        for place in range(STEPS):
            run.state.clock = Clock(10**10, place)  # the last level, and in the first step every phase
            run.step()
            graphs.append(backend.graphs)
        found.append(dict(ours.floats(run)))
        means.append({name: mean for name, mean in run.measured().items() if name.startswith("loss")})
    regions = some("compiled passes", ours.compiled(run))
    told.nothing_stays_eager()
    assert backend.graphs == len(regions), f"{backend.graphs} graphs of {len(regions)} passes"
    assert not backend.symbolic, f"{backend.symbolic} graphs have sizes that vary"
    first = graphs[STEPS]
    assert graphs[-1] == first, f"{graphs[-1] - first} graphs were made after the first step"
    told_of = {"passes": len(regions), "graphs": backend.graphs}
    if not halves:
        return told_of | ours.agree("states", found[0], found[1], most=DOUBLE, least=ours.size_in_training)
    plain, other = means
    apart = max(abs(plain[name] - other[name]) / (1 + abs(plain[name])) for name in some("losses", plain))
    assert apart <= IN_16_BITS, f"losses are {apart:.1e} apart: {plain}, {other}"
    return told_of | {"losses apart": apart}
