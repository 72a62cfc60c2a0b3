"""Recompute (activation checkpointing): features of a stage are computed again in the backward, not kept.

The second computation sees what the first one saw: the same random numbers, running statistics and
power-iteration vectors, which move once (arXiv:1604.06174, section 3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from functools import wraps
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from . import rng
from .network import Network


def recomputed(compute: Callable[..., Any], layers: Sequence[nn.Module], *args: Any) -> Any:
    """compute(*args); `layers` are all that it calls. Where no gradients are wanted, or a compiler decides
    itself what to keep, it is simply called.
    """
    if not torch.is_grad_enabled() or torch.compiler.is_compiling():
        return compute(*args)
    moment = Moment(layers)
    return checkpoint(compute, *args, use_reentrant=False, context_fn=lambda: (nullcontext(), moment))


class Moment:
    """All that a computation reads beside its arguments and weights, as it is now.

    Inside `with moment:`, which may be entered any number of times, it is as it was then; what changes inside
    is forgotten. Layers in evaluation mode move nothing, unless calls inside may have a mode of their own
    (`any_mode`).
    """

    def __init__(self, layers: Iterable[nn.Module], any_mode: bool = False) -> None:
        self._buffers: list[tuple[nn.Module, str, Tensor]] = [
            (layer, name, buffer.clone())
            for layer in layers
            if layer.training or any_mode
            for name, buffer in layer._buffers.items()
            if buffer is not None and name not in layer._non_persistent_buffers_set
        ]
        self._draws = rng.innermost()

    def __enter__(self) -> None:
        self._now = [layer._buffers[name] for layer, name, _ in self._buffers]
        self._drawing = rng.drawing(self._draws)
        self._drawing.__enter__()
        for layer, name, buffer in self._buffers:
            layer._buffers[name] = buffer.clone()

    def __exit__(self, *error: Any) -> None:
        for (layer, name, _), buffer in zip(self._buffers, self._now, strict=True):
            layer._buffers[name] = buffer
        self._drawing.__exit__(None, None, None)


def begin(network: Network) -> None:
    """Let the stages that a printed network calls `recomputed` be so; a lowered one's programs do it."""
    for id_ in network.recomputed:
        stage = network.get_submodule(id_)
        layers = list(stage.modules())
        for name, method in vars(type(stage)).items():
            if callable(method) and not name.startswith("__"):
                setattr(stage, name, _wrapped(getattr(stage, name), layers))


def _wrapped(method: Callable[..., Any], layers: Sequence[nn.Module]) -> Callable[..., Any]:
    @wraps(method)
    def call(*args: Any) -> Any:
        return recomputed(method, layers, *args)

    return call
