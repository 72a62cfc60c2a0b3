"""Operators of ours: what steps give each of them is given again to a CPU's code and to the device's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from bench.figures import some
from bench.gpu import ours
from bench.gpu.entry import Setting
from gandsl_runtime.plan.schedule import Clock

NAMESPACE = "gandsl"
NEAR = {torch.float64: 1e-12, torch.float32: 1e-5, torch.float16: 3e-3, torch.bfloat16: 3e-2}
"""Of the norm: a few roundings of the format; what is whole has to be the same."""
SMALL = 64  # whole numbers up to it decide what an operator does; larger ones are seeds and counts


class Calls(TorchDispatchMode):
    """The first call of each form of each operator."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[tuple[Any, ...], tuple[Any, Any, Any]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func.namespace == NAMESPACE:
            form = (str(func), *map(_form, (*args, *kwargs.values())))
            if form not in self.seen:
                self.seen[form] = func, *_moved((args, kwargs), None)
        return func(*args, **kwargs)


def _form(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.shape, value.stride(), value.dtype
    if isinstance(value, list | tuple):
        return tuple(map(_form, value))
    return value if not isinstance(value, int | float) or abs(value) <= SMALL else type(value)


def _moved(tree: Any, device: str | None) -> Any:
    """A copy, with the same strides; what was expanded is again."""

    def moved(x: Tensor) -> Tensor:
        once = x.detach()[tuple(slice(None if step else 1) for step in x.stride())]
        copy = torch.empty_strided(once.shape, once.stride(), dtype=x.dtype, device=device or x.device)
        return copy.copy_(once).expand(x.shape)

    return tree_map_only(Tensor, moved, tree)


def step(setting: Setting, spec: str, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Every form that a step in which every phase is due has of an operator, and how far both are apart."""
    small = ours.small(spec, overrides)
    run = ours.steps(spec, small, setting.device, "cuda", 1, seed=3)
    run.state.clock = Clock(run.state.clock.images, 0)
    with Calls() as calls:
        run.step()
    found: dict[str, dict[str, Any]] = {}
    for func, args, kwargs in some(f"operators of ours in a step of {spec}", calls.seen).values():
        name = func.name().partition("::")[2]
        apart = max(again(name, func, args, kwargs, setting.device), default=0.0)
        one = found.setdefault(name, {"forms": 0, "worst": 0.0})
        found[name] = {"forms": one["forms"] + 1, "worst": max(one["worst"], apart)}
    return found


def again(name: str, func: Any, args: Any, kwargs: Any, device: str) -> list[float]:
    """How far what both devices make of the same is apart: results, and arguments that are written to."""
    made = []
    for where in ("cpu", device):
        given, named = _moved((args, kwargs), where)
        made.append(_tensors((func(*given, **named), given, named)))
    distances = []
    for mine, theirs in zip(*made, strict=True):
        if not mine.is_floating_point():
            assert torch.equal(mine.cpu(), theirs.cpu()), f"{name}: whole numbers differ"
            continue
        distances.append(ours.apart(mine, theirs))
        assert distances[-1] <= NEAR[mine.dtype], f"{name} of {_form(args)}: {distances[-1]:.1e} apart"
    return distances


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in torch.utils._pytree.tree_leaves(tree) if isinstance(leaf, Tensor)]
