"""One process that talks to itself as several would: NCCL on a GPU, gloo on a CPU."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist

from bench.gpu import ours
from bench.gpu.entry import Setting
from gandsl_runtime.world import Processes

SAME = 1e-5  # float32; the sum over one process changes nothing, but what is fused may


def one(setting: Setting, spec: str) -> dict[str, Any]:
    """Two steps through a world of one process, beside two without a world."""
    small = ours.small(spec)
    backend = "nccl" if setting.cuda else "gloo"
    alone = dict(ours.floats(ours.steps(spec, small, setting.device, "cuda", seed=3)))
    store = dist.TCPStore("127.0.0.1", 0, 1, is_master=True)
    dist.init_process_group(backend, store=store, rank=0, world_size=1)
    world = Processes(store)
    try:
        x = torch.arange(1.0, 4.0, device=setting.device, requires_grad=True)
        (slope,) = torch.autograd.grad(world.total(x).square().sum(), x)
        assert torch.equal(slope, 2 * x) and torch.equal(world.rows(x)[0], x) and world.vote(3) == 3
        run = ours.steps(spec, small, setting.device, "cuda", seed=3, world=world)
        run.measured()
        told = ours.agree("states", alone, dict(ours.floats(run)), most=SAME, least=ours.size_in_training)
    finally:
        world.leave()
    return {"backend": backend, **told}
