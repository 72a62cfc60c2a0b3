"""What a network that was written by hand tells only when it runs: one sample, which moves nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from gandsl.ir.graph import NetworkIR, Variant
from gandsl.ir.split import call_order, entry_graph
from gandsl_runtime.calling import device_of, dtype_of
from gandsl_runtime.errors import PlanError
from gandsl_runtime.game.calls import in_mode
from gandsl_runtime.network import Network
from gandsl_runtime.port import INDICES, sample_shape

Typed = tuple[str, tuple[int, ...]]  # kind and shape of an input


def styles_of(network: Network) -> tuple[int, int]:
    """Layers and numbers of its styles [N, L, n]. Raises PlanError where they are none."""
    with torch.no_grad():
        made = _run(network, ("mapping",), ((port.kind, port.shape) for port in network.inputs))
    shapes = [tuple(x.shape[1:]) for x in made]
    if len(shapes) != 1 or len(shapes[0]) != 2:
        given = " and ".join(f"[N, {', '.join(map(str, shape))}]" for shape in shapes)
        raise PlanError(f"the program `mapping` gives {given}", "styles are one tensor [N, layers, numbers]")
    layers, size = shapes[0]
    return layers, size


def reached(network: Network, ir: NetworkIR, entry: str, variant: Variant) -> tuple[str, ...]:
    """The paths of the layers whose weights the outputs of a program depend on."""
    graph = entry_graph(ir.programs[variant], entry)
    level = variant.level if ir.levels else None
    types = ((graph[id_].type.kind, graph[id_].type.shape) for id_ in call_order(graph))
    weights = {name: weight for name, weight in network.named_parameters() if weight.requires_grad}
    with torch.enable_grad():
        made = [x.sum() for x in _run(network, (entry, level, variant.fading), types) if x.requires_grad]
    if not made:
        return ()
    found = torch.autograd.grad(sum(made[1:], made[0]), [*weights.values()], allow_unused=True)
    paths = (name.rpartition(".")[0] for name, one in zip(weights, found, strict=True) if one is not None)
    return tuple(dict.fromkeys(paths))


def _run(network: Network, program: tuple[Any, ...], inputs: Iterable[Typed]) -> tuple[Tensor, ...]:
    """What a program makes of zeros, in evaluation mode; torch's own chance stays where it is."""
    device, dtype = device_of(network), dtype_of(network)
    with in_mode(network, training=False), torch.random.fork_rng(devices=()):
        made = network.program(*program)(*(_zeros(kind, shape, device, dtype) for kind, shape in inputs))
    return made if isinstance(made, tuple) else (made,)


def _zeros(kind: str, shape: tuple[int, ...], device: torch.device, dtype: torch.dtype) -> Tensor:
    if kind == "Scalar":
        return torch.zeros((), dtype=dtype, device=device)
    of = torch.int64 if kind in INDICES else dtype
    return torch.zeros(1, *sample_shape(kind, shape), dtype=of, device=device)
