"""Images from a trained generator: seeds, classes, truncation, noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor

from .errors import PlanError
from .game import DISTRIBUTIONS, call, latents_and_labels
from .layers import Noise, TrackAverage, set_noise_mode
from .network import Network, Port
from .schedule import Stage

NoiseMode = Literal["random", "constant", "none"]


@torch.no_grad()
def sample(
    generator: Network,
    seeds: Sequence[int],
    classes: Sequence[int] | None = None,
    *,
    truncation: float | None = None,
    cutoff: int | None = None,
    noise: NoiseMode = "random",
    batch: int = 32,
    stage: Stage | None = None,
) -> tuple[Tensor, ...]:
    """Images (N, c, h, w) of each of the generator's outputs, one image a seed, in evaluation mode.

    A seed gives the same latent whatever stands beside it, and with noise "constant" or "none" the same image
    up to rounding. `classes` is one class for each seed; without it they are drawn uniformly, by seed.
    `truncation` is ψ in w = mean + ψ (w − mean) for the first `cutoff` layers (None: all) of a generator with
    a style space (arXiv:1812.04948, appendix B); for others the bound beyond which a normal latent's
    components are drawn again (arXiv:1809.11096, section 3.1). Raises PlanError when the network can't.
    """
    labels_port = next((port for port in generator.inputs if port.kind == "Label"), None)
    _check(generator, labels_port, seeds, classes, truncation, cutoff)
    device = next((p.device for p in generator.parameters()), torch.device("cpu"))
    dtype = next((p.dtype for p in generator.parameters()), torch.get_default_dtype())
    stage = stage or Stage()
    found: list[tuple[Tensor, ...]] = []
    with evaluating(generator, noise):
        for begin in range(0, len(seeds), batch):
            chosen = seeds[begin : begin + batch]
            chances = [torch.Generator().manual_seed(seed) for seed in chosen]
            labels = None
            if labels_port:
                drawn = [int(torch.randint(labels_port.shape[0], (), generator=c)) for c in chances]
                given = drawn if classes is None else list(classes[begin : begin + batch])
                labels = torch.tensor(given, device=device)

            def latent(port: Port, chances: list[torch.Generator] = chances) -> Tensor:
                bound = None if generator.has_styles else truncation
                return torch.stack([_latent(port, c, bound) for c in chances]).to(device, dtype)

            torch.manual_seed(chosen[0])  # of random noise
            args = latents_and_labels(generator, labels, latent)
            if not generator.has_styles:
                found.append(call(generator, "forward", stage, args))
                continue
            (ws,) = call(generator, "mapping", stage, args)
            if truncation is not None:
                mean = average_style(generator, ws)
                ws[:, :cutoff] = torch.lerp(mean.expand_as(ws), ws, truncation)[:, :cutoff]
            found.append(call(generator, "synthesis", stage, (ws,)))
    return tuple(torch.cat(parts) for parts in zip(*found, strict=True))


def average_style(generator: Network, ws: Tensor) -> Tensor:
    """The running mean of w, as wide as `ws` [N, L, n]. Raises PlanError when the generator tracks none."""
    for module in generator.modules():
        if isinstance(module, TrackAverage) and module.average.shape[-1] == ws.shape[-1]:
            return module.average
    raise PlanError(
        "truncation needs a running mean of w, and the generator tracks none", "leave truncation out"
    )


@contextmanager
def evaluating(generator: Network, noise: NoiseMode) -> Iterator[None]:
    """Evaluation mode and a noise mode inside the block; training goes on as if nothing had been drawn."""
    modes = {layer: layer.mode for layer in generator.modules() if isinstance(layer, Noise)}
    training = {module: module.training for module in generator.modules()}
    devices = sorted({p.device.index for p in generator.parameters() if p.device.type == "cuda"})
    with torch.random.fork_rng(devices=devices):
        generator.eval()
        set_noise_mode(generator, noise)
        try:
            yield
        finally:
            for layer, mode in modes.items():
                layer.mode = mode
            for module, was in training.items():
                module.training = was


def _latent(port: Port, chance: torch.Generator, bound: float | None) -> Tensor:
    z = DISTRIBUTIONS[port.distribution or "normal"](torch.empty(port.shape), chance)
    if bound is not None:
        while (outside := z.abs() > bound).any():
            z[outside] = torch.randn(int(outside.sum()), generator=chance)
    return z


def _check(
    generator: Network,
    labels: Port | None,
    seeds: Sequence[int],
    classes: Sequence[int] | None,
    truncation: float | None,
    cutoff: int | None,
) -> None:
    if not seeds:
        raise PlanError("no seeds to sample", "give at least one")
    if classes is not None:
        if labels is None:
            raise PlanError("the generator takes no classes", "leave them out")
        if len(classes) != len(seeds):
            raise PlanError(f"{len(classes)} classes for {len(seeds)} seeds", "give one class for each seed")
        if beyond := [c for c in classes if not 0 <= c < labels.shape[0]]:
            raise PlanError(f"there is no class {beyond[0]}", f"classes are 0 to {labels.shape[0] - 1}")
    if cutoff is not None and (truncation is None or not generator.has_styles):
        raise PlanError(
            "a cutoff limits the truncation of styles to the first layers", "give truncation, or leave it out"
        )
    if truncation is not None and not generator.has_styles:
        if truncation < 0.01:
            raise PlanError(f"truncation {truncation} would draw latents for ever", "give at least 0.01")
        if any(port.kind == "Latent" and port.distribution == "uniform" for port in generator.inputs):
            raise PlanError(
                "truncation draws normal latents again, these are uniform", "leave truncation out"
            )
