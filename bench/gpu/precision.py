"""Does a step work in each precision: what it gives is finite, and near float32's but not the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from bench.gpu import ours
from bench.gpu.entry import Setting
from gandsl_runtime.layers import Cast, set_noise_mode
from gandsl_runtime.programs import tuple_of

NEAR = {"fp32": 1e-5, "tf32": 1e-2, "bf16": 1e-1, "fp16": 2e-2}
"""How far images of the same weights may be from float32's, of the norm: some roundings of the format."""
LARGEST = 1e4
STEPS = 4


def mode(setting: Setting, compute: str, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Four steps of StyleGAN2, then its images beside those of the same weights in float32."""
    small = ours.small("stylegan2", {"resolution": 64, **overrides})
    run = ours.steps("stylegan2", small, setting.device, "cuda", STEPS, seed=3)
    means = run.measured()
    wild = [name for name, mean in means.items() if not abs(mean) < LARGEST]
    assert not wild, f"{wild} are {[means[name] for name in wild]}"
    lost = [name for name, tensor in ours.floats(run) if not bool(tensor.isfinite().all())]
    assert not lost, f"not finite: {', '.join(lost[:4])}"
    generator = run.state.game.networks["generator"]
    casts = sum(isinstance(module, Cast) and module.active for module in generator.modules())
    assert (casts > 0) == (compute in ("bf16", "fp16")), f"{casts} casts are on"
    off = _off(setting, generator, small)
    assert off <= NEAR[compute], f"images are {off:.1e} off those in float32"
    assert not casts or off > NEAR["fp32"], f"images are {off:.1e} off those in float32: the mode did nothing"
    losses = {name: mean for name, mean in means.items() if name.startswith("loss")}
    return {"off": off, "casts": casts, **losses}


def _off(setting: Setting, network: Any, small: Mapping[str, Any]) -> float:
    """Of images from those that the same weights make in float32 on the same device."""
    plain = {key: value for key, value in small.items() if not key.startswith("training.")}
    exact = ours.program("stylegan2", plain, "cuda").generator.to(setting.device)
    exact.load_state_dict(network.state_dict())
    found = []
    for one in (exact, network):
        one.eval()
        set_noise_mode(one, "constant")
        allowed = torch.backends.cudnn.allow_tf32
        with torch.no_grad():
            if one is exact:
                torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
            found.append(tuple_of(one(*ours.sampled(one, 8, setting.device)))[-1].float())
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = allowed
    return ours.apart(found[0], found[1])
