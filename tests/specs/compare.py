"""Two networks that should be one: weights copied by a map of keys, then outputs and derivatives of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

ALIASES = {"u0": "u"}
"""Names of ours that a twin's module has under another."""
OWN = ("sv0",)
"""Tensors of ours that are records and enter no computation."""


def shake(network: nn.Module, seed: int = 0) -> None:
    """Move every parameter and buffer away from its start, so that what begins as zero or one counts."""
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            noise = torch.randn(tensor.shape, generator=draw, dtype=tensor.dtype)
            if name.endswith("running_var"):
                tensor.mul_(0.5 + noise.abs())
            elif tensor.dim():
                tensor.add_(noise * (0.1 + 0.2 * tensor.std(correction=0)))
            else:
                tensor.add_(0.5 + 0.1 * noise)


def renamed(ours: Sequence[str], keys: Mapping[str, str]) -> dict[str, str]:
    """Each of our keys → the twin's. Fails where the map misses a key, or names one that there is not."""
    found, idle = {}, set(keys)
    for key in ours:
        module, _, name = key.rpartition(".")
        if name in OWN:
            continue
        assert key in keys or module in keys, f"the map does not say what {key} is"
        found[key] = keys[key] if key in keys else f"{keys[module]}.{ALIASES.get(name, name)}"
        idle.discard(key if key in keys else module)
    assert not idle, f"no such keys: {sorted(idle)}"
    return found


def copy_weights(network: nn.Module, twin: nn.Module, keys: Mapping[str, str]) -> dict[str, str]:
    """Give the twin our tensors; every one of its own must be given. Returns the map, key by key."""
    ours, theirs = network.state_dict(), twin.state_dict()
    names = renamed(list(ours), keys)
    missing = (
        set(theirs) - set(names.values()) - {key for key in theirs if key.endswith("num_batches_tracked")}
    )
    assert not missing, f"the map leaves out {sorted(missing)} of the twin"
    with torch.no_grad():
        for key, other in names.items():
            assert theirs[other].shape == ours[key].shape, (key, ours[key].shape, theirs[other].shape)
            theirs[other].copy_(ours[key])
    return names


def derivatives(
    call: Callable[..., Tensor | tuple[Tensor, ...]], network: nn.Module, inputs: Sequence[Tensor]
) -> dict[str, Tensor]:
    """What two equal networks share, by name.

    "output i"; "slope i": the gradient of a weighted sum of all outputs by each input of floats; for every
    parameter "gradient k" of that sum, and "r1 k" of the slopes' squared norms, averaged over the batch.
    """
    inputs = [x.clone().requires_grad_() if x.is_floating_point() else x for x in inputs]
    outputs = call(*inputs)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    found = {f"output {i}": output for i, output in enumerate(outputs)}
    draw = torch.Generator().manual_seed(7)
    total = sum(
        (output * torch.randn(output.shape, generator=draw, dtype=output.dtype)).sum() for output in outputs
    )
    wanted = [x for x in inputs if x.is_floating_point()]
    slopes = torch.autograd.grad(total, wanted, create_graph=True) if wanted else ()
    found |= {f"slope {i}": slope for i, slope in enumerate(slopes)}
    penalty = sum((slope.square().sum() for slope in slopes), total.new_zeros(())) / len(inputs[0])
    for what, value in (("gradient", total), ("r1", penalty)):
        found |= {f"{what} {name}": gradient for name, gradient in gradients(value, network).items()}
    return {name: value.detach() for name, value in found.items()}


def gradients(value: Tensor, network: nn.Module) -> dict[str, Tensor]:
    """Of a number with respect to every parameter: zeros where it does not depend on one."""
    named = dict(network.named_parameters())
    found: Sequence[Tensor | None] = [None] * len(named)
    if named and value.requires_grad:
        found = torch.autograd.grad(value, list(named.values()), retain_graph=True, allow_unused=True)
    return {
        name: torch.zeros_like(parameter) if gradient is None else gradient
        for (name, parameter), gradient in zip(named.items(), found, strict=True)
    }


def errors(
    ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor], names: Mapping[str, str]
) -> dict[str, float]:
    """The largest difference of each quantity of `derivatives` over its largest magnitude.

    A quantity that is zero but for rounding (a bias before a batch norm has no gradient) is measured against
    1e-4 of the largest of its sort. `names`: our keys → the twin's.
    """
    assert ours and len(ours) == len(theirs)
    largest: dict[str, float] = {}
    for name, value in theirs.items():
        sort = name.partition(" ")[0]
        largest[sort] = max(largest.get(sort, 0.0), value.abs().max().item())
    found = {}
    for name, value in ours.items():
        sort, _, key = name.partition(" ")
        other = theirs[f"{sort} {names.get(key, key)}"]
        assert value.shape == other.shape, (name, value.shape, other.shape)
        magnitude = max(other.abs().max().item(), 1e-4 * largest[sort])
        found[name] = (value - other).abs().max().item() / (magnitude or 1.0)
    return found
