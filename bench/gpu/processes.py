"""One process that talks to itself as several would: NCCL on a GPU, gloo on a CPU."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist

from bench.gpu import ours
from bench.gpu.entry import Setting
from gandsl_runtime.distributed.group import TorchProcessGroup

SAME = 1e-5  # float32; the sum over one process changes nothing, but what is fused may


def one(setting: Setting, spec: str) -> dict[str, Any]:
    """Two steps through a group of one process, beside two without a group."""
    small = ours.small(spec)
    backend = "nccl" if setting.cuda else "gloo"
    alone = dict(ours.floats(ours.steps(spec, small, setting.device, "cuda", seed=3)))
    store = dist.TCPStore("127.0.0.1", 0, 1, is_master=True)  # type: ignore[attr-defined]  # not in torch's stubs
    dist.init_process_group(backend, store=store, rank=0, world_size=1)
    group = TorchProcessGroup(store)
    try:
        x = torch.arange(1.0, 4.0, device=setting.device, requires_grad=True)
        (slope,) = torch.autograd.grad(group.total(x).square().sum(), x)
        assert torch.equal(slope, 2 * x) and torch.equal(group.rows(x)[0], x) and group.all_max(3) == 3
        run = ours.steps(spec, small, setting.device, "cuda", seed=3, group=group)
        run.measured()
        told = ours.agree("states", alone, dict(ours.floats(run)), most=SAME, least=ours.size_in_training)
    finally:
        group.leave()
    return {"backend": backend, **told}
