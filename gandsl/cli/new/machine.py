"""What this machine has: memory, and how fast a convolution is."""

from __future__ import annotations

from time import perf_counter
from typing import Any

MINE = 0.9  # of the memory that is free: kernels' workspace and what the allocator rounds up take the rest
SECONDS = 0.5  # that are measured


def halves(device: Any) -> bool:
    """Whether it multiplies 16-bit numbers much faster: GPUs with tensor cores, from compute capability 7."""
    import torch

    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (7, 0)


def memory(device: Any) -> int:
    """Bytes that a training step may take."""
    from gandsl_runtime.system.shortage import free

    return int(MINE * free(device))


def speed(device: Any) -> float:
    """FLOP/s of a 3×3 convolution of 64 (on a GPU 256) channels, forwards and backwards."""
    import torch

    cuda = device.type == "cuda"
    batch, channels, size = (32, 256, 64) if cuda else (8, 64, 32)
    kind = torch.float16 if halves(device) else torch.float32
    x = torch.randn(batch, channels, size, size, device=device, dtype=kind, requires_grad=True)
    conv = torch.nn.Conv2d(channels, channels, 3, padding=1, device=device, dtype=kind)

    def step() -> None:
        torch.autograd.grad(conv(x).float().sum(), [x, conv.weight])
        if cuda:
            torch.cuda.synchronize(device)

    for _ in range(3):
        step()
    start, steps = perf_counter(), 0
    while perf_counter() - start < SECONDS:
        step()
        steps += 1
    flops = 3 * 2 * 9 * channels**2 * size**2 * batch
    return flops * steps / (perf_counter() - start)
